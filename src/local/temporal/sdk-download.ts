import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtPath } from '../../package-root.ts';
import { exitOf } from './stop-child.ts';

/** Without a first byte in this time the network is taken to be closed. */
const FIRST_BYTE_MS = 10_000;
const STALL_MS = 15_000;
const LIMIT_MS = 120_000;

export interface SdkDownload {
  type: 'dev-server' | 'time-skipping';
  version: string;
}

/** The SDK's own download into `folder` (empty, existing). Returns the program's path; throws with the reason. */
export async function downloadWithSdk(
  what: SdkDownload,
  folder: string,
  onProgress: (line: string) => void,
): Promise<string> {
  const program = builtPath('src/local/temporal/sdk-download-child.js');
  const child = spawn(process.execPath, [program, what.type, folder, what.version], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const exit = exitOf(child);
  const onExit = () => killGroup(child);
  process.once('exit', onExit);
  try {
    await superviseDownload(exit, folder, onProgress);
  } finally {
    process.off('exit', onExit);
    killGroup(child);
  }
  const code = await exit;
  if (code !== 0) throw new Error(rootCause(stderr) || `it ended with ${code ?? 'an error'}`);
  const [file] = await finishedFiles(folder);
  if (file === undefined) throw new Error("the SDK's download left no file");
  return file;
}

async function superviseDownload(
  exit: Promise<unknown>,
  folder: string,
  onProgress: (line: string) => void,
): Promise<void> {
  const startedAt = Date.now();
  let grewAt = startedAt;
  let bytes = 0;
  let toldAt = startedAt;
  let ended = false;
  void exit.then(() => {
    ended = true;
  });
  for (;;) {
    await Promise.race([exit, sleep(250, undefined, { ref: false })]);
    if (ended) return;
    const now = Date.now();
    const size = await folderSize(folder);
    if (size > bytes) {
      bytes = size;
      grewAt = now;
    }
    if (bytes === 0 && now - startedAt > FIRST_BYTE_MS) throw new Error(`no answer in ${FIRST_BYTE_MS / 1000} s`);
    if (now - grewAt > STALL_MS) throw new Error(`stalled at ${megabytes(bytes)}`);
    if (now - startedAt > LIMIT_MS) throw new Error(`not complete after ${LIMIT_MS / 1000} s`);
    if (bytes > 0 && now - toldAt > 3_000) {
      toldAt = now;
      onProgress(`${megabytes(bytes)} so far`);
    }
  }
}

/** The innermost two causes of the SDK's one-line chain of causes. */
function rootCause(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line.split(': ').slice(-2).join(': ');
}

/** The child's whole group: a server it may have started goes with it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => null);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

async function finishedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => !name.endsWith('.downloading')).map((name) => join(folder, name));
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
