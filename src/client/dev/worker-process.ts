/** The worker as a child process, started again when it is lost: killing it is part of the play. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process, { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../errors.ts';
import { stopChild } from '../../local/temporal/stop-child.ts';
import { builtPath } from '../../package-root.ts';

const READY_LIMIT_MS = 30_000;
const RESTART_DELAY_MS = 2_000;
const STOP_GRACE_MS = 15_000;

export interface WorkerProcessOptions {
  address: string;
  localUrl: string;
  logFile: string;
  /** At every start: the process id, and whether an earlier one was lost. */
  onStart: (pid: number, again: boolean) => void;
}

export interface WorkerProcess {
  stop(): Promise<void>;
}

/** Returns when the first worker polls. CUTOVER_INTERNAL, with the log's name, when it does not come up. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const { READY_MESSAGE } = await import('../../worker/main.ts');
  let stopping = false;
  let child = launch(options);
  options.onStart(child.pid ?? 0, false);
  const watch = (watched: ChildProcess) => {
    watched.once('exit', async () => {
      await sleep(RESTART_DELAY_MS);
      if (stopping) return;
      child = launch(options);
      options.onStart(child.pid ?? 0, true);
      watch(child);
    });
  };
  try {
    await untilLogged(child, options.logFile, READY_MESSAGE);
  } catch (error) {
    await stopChild(child, STOP_GRACE_MS);
    throw error;
  }
  watch(child);
  return {
    async stop() {
      stopping = true;
      await stopChild(child, STOP_GRACE_MS);
    },
  };
}

/** In a process group of its own: Ctrl-C reaches the caller alone, who ends everything in order. */
function launch({ address, localUrl, logFile }: WorkerProcessOptions): ChildProcess {
  const log = openSync(logFile, 'a');
  const args = [
    builtPath('src/worker/main.js'),
    '--address',
    address,
    '--namespace',
    'default',
    '--local-url',
    localUrl,
    '--log-file',
    logFile,
  ];
  try {
    return spawn(process.execPath, args, {
      stdio: ['ignore', log, log],
      detached: true,
      env: localEnvironment(logFile),
    });
  } finally {
    closeSync(log);
  }
}

/** TLS, keys and profiles of another Temporal must not reach the one on this machine. A missing file is no profile. */
function localEnvironment(logFile: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(kept), TEMPORAL_CONFIG_FILE: join(dirname(logFile), 'no-temporal.toml') };
}

async function untilLogged(child: ChildProcess, logFile: string, message: string): Promise<void> {
  const limit = Date.now() + READY_LIMIT_MS;
  const wanted = `"pid":${child.pid}`;
  while (Date.now() < limit && child.exitCode === null && child.signalCode === null) {
    const lines = (await readAll(logFile)).split('\n');
    if (lines.some((line) => line.includes(wanted) && line.includes(`"${message}"`))) return;
    await sleep(50);
  }
  throw new CutoverError('CUTOVER_INTERNAL', `The worker did not come up; its log is ${logFile}`, {
    details: { log: logFile },
  });
}

async function readAll(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
