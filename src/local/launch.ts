/** Starting, recognising and ending the processes of instances. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pruneLogs } from './logs.ts';
import { findByEnvironment, membersByEnvironment, processIdentity } from './process-info.ts';
import type { Deployed, InstanceRecord } from './schemas.ts';

/** Rides in the environment of an instance and of all it starts. */
const TOKEN_VARIABLE = 'CUTOVER_INSTANCE_TOKEN';

export interface LaunchOptions {
  service: string;
  record: InstanceRecord;
  deployed: Deployed;
  /** The environment under the definition's own. */
  baseEnv: Record<string, string>;
  logDirectory: string;
  /** Called once: it ended, or never started. `how` is for people. */
  onExit(how: string): void;
}

/**
 * Starts the instance as the leader of its own session, so that it outlives this program, with its output appended to
 * `<logDirectory>/<id>.log`. Null: it could not be started (`onExit` follows).
 */
export function launch(options: LaunchOptions): { pid: number; identity: string | null } | null {
  const { deployed, record } = options;
  const [program = '', ...args] = deployed.command;
  mkdirSync(options.logDirectory, { recursive: true });
  pruneLogs(options.logDirectory);
  const log = openSync(join(options.logDirectory, `${record.id}.log`), 'a');
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: instanceEnvironment(options),
      ...(deployed.cwd === null ? {} : { cwd: deployed.cwd }),
    });
    child.once('error', (error) => options.onExit(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      options.onExit(signal === null ? `ended with code ${code}` : `ended by ${signal}`),
    );
    child.unref();
    return child.pid === undefined ? null : { pid: child.pid, identity: processIdentity(child.pid) };
  } finally {
    closeSync(log);
  }
}

function instanceEnvironment({ service, record, deployed, baseEnv }: LaunchOptions): Record<string, string> {
  return {
    ...baseEnv,
    ...deployed.env,
    PORT: String(record.port),
    COLOUR: record.colour,
    VERSION: record.version,
    SERVICE: service,
    INSTANCE: record.id,
    [TOKEN_VARIABLE]: record.token,
  };
}

/**
 * The running process of a record that an earlier run of this program left, or null. A record without a pid was written
 * right before a start that may have happened: its process is found by its token.
 */
export function findProcess(record: InstanceRecord): { pid: number; identity: string } | null {
  const pid = record.pid ?? findByEnvironment(TOKEN_VARIABLE, record.token)[0];
  const identity = pid === undefined ? null : processIdentity(pid);
  if (pid === undefined || identity === null) return null;
  if (record.pid !== null && identity !== record.identity) return null;
  return { pid, identity };
}

/** Whether the process of the record still runs, and is not another one that got its pid. */
export function isRunning(record: InstanceRecord): boolean {
  return record.pid !== null && record.identity !== null && processIdentity(record.pid) === record.identity;
}

/** Signals the instance with all that it started; nothing when it is not running any more. */
export function signalInstance(record: InstanceRecord, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (record.pid === null || !isRunning(record)) return;
  send(-record.pid, signal);
}

/** Ends what an instance left behind when it ended itself. Its group's number alone would not prove whose they are. */
export function killLeftovers(record: InstanceRecord): void {
  if (record.pid === null || !send(-record.pid, 0)) return;
  for (const pid of membersByEnvironment(TOKEN_VARIABLE, record.token)) send(pid, 'SIGKILL');
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
