/** One run of a program: without a shell, in a process group of its own that never outlives the run. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface ScriptProcess {
  /** Absolute path, and arguments. */
  program: string;
  args: string[];
  cwd: string;
  /** All of it: nothing is inherited. */
  env: Record<string, string>;
  timeoutMs: number;
}

export interface ScriptEnd {
  /** Null: it was ended by `signal`. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It was stopped for having taken longer than `timeoutMs`. */
  timedOut: boolean;
  /** The last 64 KB of standard output and standard error, as they came. */
  output: string;
  /** There was more output before. */
  isCut: boolean;
}

const MAX_BYTES = 64 * 1024;
/** From the request to end to the end without one. */
const GRACE_MS = 2_000;
/** Output that is still in the pipe when the program has ended. */
const PIPE_MS = 200;

/**
 * Runs it until it ends, has taken `timeoutMs`, or `signal` is aborted (then its reason is thrown, once the group has
 * ended): SIGTERM for the whole process group, SIGKILL 2 s later. What the program left running is killed with it.
 * Throws an Error when it cannot be started.
 */
export async function runProcess(script: ScriptProcess, signal: AbortSignal): Promise<ScriptEnd> {
  signal.throwIfAborted();
  const child = spawn(script.program, script.args, {
    cwd: script.cwd,
    env: script.env,
    detached: true,
    shell: false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail = tailOf(child);
  let timedOut = false;
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    signalGroup(child, 'SIGTERM');
    killer ??= setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, script.timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await ended(child);
    // Whatever it left behind holds the pipes open, and was not asked for.
    signalGroup(child, 'SIGKILL');
    await closed(child);
    signal.throwIfAborted();
    return { ...end, timedOut, ...tail() };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', stop);
  }
}

function ended(child: ChildProcess): Promise<Pick<ScriptEnd, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const reason = 'code' in error ? String(error.code) : error.message;
      reject(new Error(`it cannot be started: ${reason}`, { cause: error }));
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** A process that left the group may hold the pipes for ever. */
function closed(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream?.closed === false);
  return new Promise((resolve) => {
    if (streams.length === 0) return resolve();
    const timer = setTimeout(() => {
      for (const stream of streams) stream?.destroy();
      resolve();
    }, PIPE_MS);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Nobody is left in the group.
  }
}

function tailOf(child: ChildProcess): () => Pick<ScriptEnd, 'output' | 'isCut'> {
  let kept: Buffer = Buffer.alloc(0);
  let isCut = false;
  const take = (chunk: Buffer) => {
    const all = Buffer.concat([kept, chunk]);
    isCut ||= all.length > MAX_BYTES;
    kept = all.subarray(Math.max(0, all.length - MAX_BYTES));
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => ({ output: kept.toString('utf8'), isCut });
}
