import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CutoverError } from '../errors.ts';

export interface LocalProgram {
  /** Of the admin API. */
  url: string;
  pid: number;
  /**
   * SIGTERM: requests in flight end, instances too; SIGKILL when that takes more than a minute. Fine when it had ended.
   */
  stop(): Promise<void>;
}

export interface LocalProgramOptions {
  /** Of the admin API; a free one when absent. */
  port?: number | undefined;
  stateDir: string;
  /** Gets the program's log, appended. */
  logFile: string;
  /** On SIGTERM leave the instances running for a successor. */
  leaveInstances?: boolean | undefined;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 60_000;
const STOP_POLL_MS = 20;

/**
 * Starts the local program as a process of its own, in its own session, and waits until its admin API answers.
 * CUTOVER_LOCAL_NOT_STARTED when it ends or stays silent for 20 s.
 */
export async function startLocal(options: LocalProgramOptions): Promise<LocalProgram> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const args = [programFile(), '--state', options.stateDir, '--port', String(options.port ?? 0)];
  if (options.leaveInstances === true) args.push('--leave-instances');
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  const stop = async () => {
    if (!ended) child.kill('SIGTERM');
    const killAtMs = performance.now() + STOP_TIMEOUT_MS;
    while (!ended) {
      if (performance.now() > killAtMs) child.kill('SIGKILL');
      await sleep(STOP_POLL_MS);
    }
  };
  const url = await new Promise<string | null>((resolve) => {
    const limit = setTimeout(() => resolve(null), START_TIMEOUT_MS);
    child.once('error', () => resolve(null));
    child.once('exit', () => resolve(null));
    child.once('message', (message) => resolve((message as { url: string }).url));
    child.once('message', () => clearTimeout(limit));
    child.once('exit', () => clearTimeout(limit));
  });
  if (url === null || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new CutoverError(
      'CUTOVER_LOCAL_NOT_STARTED',
      `the local program did not start; its log is ${options.logFile}`,
    );
  }
  // From here on nothing of it keeps this process alive.
  child.disconnect();
  child.unref();
  return { url, pid: child.pid, stop };
}

/** The compiled program, from the compiled package as well as from its sources. */
function programFile(): string {
  const beside = fileURLToPath(new URL('./main.js', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/src/local/main.js', import.meta.url));
}
