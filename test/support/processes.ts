import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, stopChild } from '../../src/local/temporal/stop-child.ts';

export interface SpawnOptions {
  command: string;
  args: string[];
  /** Both streams go here. */
  logFile: string;
  cwd?: string;
  /** Over this process's own environment; undefined removes a variable. */
  env?: Record<string, string | undefined>;
}

export interface SpawnedProcess {
  pid: number;
  logFile: string;
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
  log(): Promise<string>;
  /** Waits for a line of its log; throws with the log's end when it ends first, or after `timeoutMs`. */
  waitForLine(pattern: RegExp, timeoutMs: number): Promise<string>;
  /** SIGTERM (a frozen process is woken first), and after `graceMs` SIGKILL. */
  stop(graceMs?: number): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a process that ends with the test's own process at the latest. */
export async function spawnProcess(options: SpawnOptions): Promise<SpawnedProcess> {
  await mkdir(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  running.add(child);
  const exited = exitOf(child).finally(() => running.delete(child));
  if (child.pid === undefined) throw new Error(`${options.command} could not be started`);
  return describeProcess(child, child.pid, options, exited);
}

function describeProcess(
  child: ChildProcess,
  pid: number,
  options: SpawnOptions,
  exited: SpawnedProcess['exited'],
): SpawnedProcess {
  const log = () => readFile(options.logFile, 'utf8').catch(() => '');
  async function waitForLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    const limit = Date.now() + timeoutMs;
    for (;;) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      const text = await log();
      const line = text.split('\n').find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      const tail = text.trimEnd().split('\n').slice(-15).join('\n');
      if (ended) throw new Error(`${options.command} ended before it logged ${pattern}:\n${tail}`);
      if (Date.now() > limit) throw new Error(`no line ${pattern} in ${timeoutMs} ms:\n${tail}`);
      await sleep(20);
    }
  }
  async function stop(graceMs = 15_000): Promise<void> {
    child.kill('SIGCONT');
    await stopChild(child, graceMs);
  }
  return { pid, logFile: options.logFile, exited, kill: (signal) => void child.kill(signal), log, waitForLine, stop };
}

/** A folder of its own below the system's temporary one; `remove` deletes it. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `cutover-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
