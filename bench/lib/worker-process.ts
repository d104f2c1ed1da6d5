/** Workers as processes of their own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitOf, stopChild } from '../../src/local/temporal/stop-child.ts';
import { builtPath } from '../../src/package-root.ts';
import { READY_MESSAGE } from '../../src/worker/main.ts';
import { until } from './clock.ts';

export interface WorkerProcess {
  pid: number;
  /** SIGKILL; returns when it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 30_000;
const STOP_GRACE_MS = 15_000;
let started = 0;

/** Returns when the worker polls both of its queues. */
export async function startWorkerProcess(options: {
  address: string;
  localUrl: string;
  folder: string;
  /** Where its metrics are served on 127.0.0.1; absent: nowhere. */
  metricsPort?: number;
}): Promise<WorkerProcess> {
  started += 1;
  const logFile = join(options.folder, `worker-${started}.log`);
  const child = launch(logFile, [
    '--address',
    options.address,
    '--namespace',
    'default',
    '--local-url',
    options.localUrl,
    '--metrics-address',
    options.metricsPort === undefined ? 'off' : `127.0.0.1:${options.metricsPort}`,
  ]);
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  void exitOf(child).then(() => process.off('exit', end));
  try {
    await until(() => isReady(child, logFile), `a worker; its log is ${logFile}`, { limitMs: READY_LIMIT_MS });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await exitOf(child);
    },
    stop: () => stopChild(child, STOP_GRACE_MS),
  };
}

function launch(logFile: string, args: string[]): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    return spawn(process.execPath, [builtPath('src/worker/main.js'), ...args], { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}

async function isReady(child: ChildProcess, logFile: string): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`a worker ended; its log is ${logFile}`);
  return (await readFile(logFile, 'utf8')).includes(`"${READY_MESSAGE}"`);
}
