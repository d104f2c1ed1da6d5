/** The built program `cutover` in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  pid: number | undefined;
  result: Promise<CliResult>;
  /** Everything on stdout so far. */
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  /** Waits until stdout holds the pattern; throws with what there is when it ends first or `timeoutMs` are over. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<void>;
}

export interface CliOptions {
  /** host:port of Temporal. */
  address?: string;
  env?: Record<string, string | undefined>;
  input?: string;
  /** Killed after this long. Default: 30 s. */
  limitMs?: number;
}

const CLEAN = {
  TEMPORAL_NAMESPACE: undefined,
  TEMPORAL_PROFILE: undefined,
  TEMPORAL_CONFIG_FILE: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: '1',
};

export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { address, env, input, limitMs = 30_000 } = options;
  const child = spawn(process.execPath, [join(packageRoot(), 'bin/cutover.js'), ...args], {
    env: { ...process.env, ...CLEAN, TEMPORAL_ADDRESS: address, CUTOVER_BY: 'tester', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  let changed = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    changed();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const waitFor = (pattern: RegExp, timeoutMs = 15_000) =>
    new Promise<void>((resolve, reject) => {
      const give = (why: string) => reject(new Error(`${why} before ${pattern} was printed:\n${stdout}\n${stderr}`));
      const timer = setTimeout(() => give(`${timeoutMs} ms went by`), timeoutMs);
      changed = () => {
        if (!pattern.test(stdout)) return;
        clearTimeout(timer);
        resolve();
      };
      void result.then(() => {
        clearTimeout(timer);
        give('it ended');
      });
      changed();
    });
  return { pid: child.pid, result, stdout: () => stdout, kill: (signal) => void child.kill(signal), waitFor };
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).result;
}
