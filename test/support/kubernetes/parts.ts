/**
 * The programs of a Kubernetes control plane: from KUBEBUILDER_ASSETS where it has them, else built once per version into
 * the user's cache folder; etcd from PATH.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import envPaths from 'env-paths';
import { withFolderLock } from '../../../src/local/temporal/folder-lock.ts';
import { packageRoot } from '../../../src/package-root.ts';

const run = promisify(execFile);

const SOURCES = join(packageRoot(), 'test', 'support', 'kubernetes', 'control-plane');
const KWOK = 'sigs.k8s.io/kwok@v0.8.0';
/** What makes nodes that are ready, keeps them so, and runs pods without containers. */
const STAGES = ['node/fast', 'node/heartbeat', 'pod/fast'];
const BUILD_LIMIT_MS = 1_500_000;

export interface Program {
  command: string;
  /** Before its own arguments. */
  first: string[];
}

export interface ControlPlaneParts {
  etcd: Program;
  apiserver: Program;
  controllerManager: Program;
  scheduler: Program;
  kubectl: Program;
  kwok: Program;
  /** Files of kwok's stages. */
  stages: string[];
}

/** Throws, naming what is missing. The first time on a machine it takes minutes. */
export async function controlPlaneParts(tell: (line: string) => void): Promise<ControlPlaneParts> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const etcd = await etcdProgram(assets);
  const folder = await built(tell);
  const part = (name: string): Program => {
    const asset = assets === undefined ? null : join(assets, name);
    if (asset !== null && existsSync(asset)) return { command: asset, first: [] };
    return { command: join(folder, 'control-plane'), first: [name] };
  };
  const stageFiles = (await readdir(join(folder, 'stages'))).sort();
  return {
    etcd,
    apiserver: part('kube-apiserver'),
    controllerManager: part('kube-controller-manager'),
    scheduler: part('kube-scheduler'),
    kubectl: part('kubectl'),
    kwok: { command: join(folder, 'kwok'), first: [] },
    stages: stageFiles.map((file) => join(folder, 'stages', file)),
  };
}

async function etcdProgram(assets: string | undefined): Promise<Program> {
  const asset = assets === undefined ? null : join(assets, 'etcd');
  if (asset !== null && existsSync(asset)) return { command: asset, first: [] };
  await run('etcd', ['--version']).catch((cause: unknown) => {
    throw new Error('etcd is not on PATH (Debian: etcd-server)', { cause });
  });
  return { command: 'etcd', first: [] };
}

/** The folder with the built programs; of several processes one builds. */
async function built(tell: (line: string) => void): Promise<string> {
  const sources = await Promise.all(['go.mod', 'go.sum', 'main.go'].map((name) => readFile(join(SOURCES, name))));
  const version = createHash('sha256').update(Buffer.concat(sources)).update(KWOK).digest('hex').slice(0, 12);
  const cache = envPaths('cutover', { suffix: '' }).cache;
  const folder = join(cache, `control-plane-${version}`);
  if (existsSync(folder)) return folder;
  await run('go', ['version']).catch((cause: unknown) => {
    throw new Error('go is not on PATH, which builds the Kubernetes control plane', { cause });
  });
  await withFolderLock(
    `${folder}.lock`,
    () => tell('waiting for another process that builds the control plane …'),
    async () => {
      if (existsSync(folder)) return;
      const unfinished = `${folder}.${process.pid}`;
      await mkdir(join(unfinished, 'stages'), { recursive: true });
      tell('building the Kubernetes control plane, once on this machine (about 5 minutes on 2 cores) …');
      const startedAt = Date.now();
      await go(['build', '-trimpath', '-ldflags=-s -w', '-o', join(unfinished, 'control-plane'), '.'], SOURCES, {});
      tell(`the control plane is built (${seconds(startedAt)}); building kwok …`);
      await go(['install', `${KWOK.replace('@', '/cmd/kwok@')}`], cache, { GOBIN: unfinished });
      const { stdout } = await run('go', ['mod', 'download', '-json', KWOK], { cwd: cache });
      const { Dir: source } = JSON.parse(stdout) as { Dir: string };
      for (const stage of STAGES)
        await copyStages(join(source, 'kustomize', 'stage', stage), join(unfinished, 'stages'));
      await rename(unfinished, folder);
      tell(`the Kubernetes control plane is ready (${seconds(startedAt)})`);
    },
  );
  return folder;
}

async function copyStages(from: string, to: string): Promise<void> {
  for (const file of await readdir(from)) {
    if (!file.endsWith('.yaml') || file === 'kustomization.yaml') continue;
    await cp(join(from, file), join(to, file));
  }
}

async function go(args: string[], cwd: string, env: Record<string, string>): Promise<void> {
  const child = spawn('go', args, {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`go ${args[0]} ended with ${code}:\n${said}`);
}

function seconds(sinceMs: number): string {
  return `${Math.round((Date.now() - sinceMs) / 1_000)} s`;
}
