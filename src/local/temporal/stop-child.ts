import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when the process has ended, with its exit code or the signal that ended it. */
export function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? child.signalCode);
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
}

/** Asks a child to end, and ends it when it has not after `graceMs`. May be called more than once. */
export async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  const exit = exitOf(child);
  child.kill('SIGTERM');
  const graceOver = new AbortController();
  const late = sleep(graceMs, 'late' as const, { signal: graceOver.signal }).catch(() => 'ended' as const);
  const first = await Promise.race([exit.then(() => 'ended' as const), late]);
  graceOver.abort();
  if (first === 'late') child.kill('SIGKILL');
  await exit;
}
