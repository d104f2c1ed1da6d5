/** Time as the watchers and waits see it; tests bring their own. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  async sleep(ms, signal) {
    signal.throwIfAborted();
    await delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  },
};

/**
 * Runs `work` with a signal that is aborted with `parent`, or after `timeoutMs` with an Error. Returns then even if the
 * work ignores its signal.
 */
export async function bounded<T>(
  timeoutMs: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted();
  const controller = new AbortController();
  let fail = (_: unknown) => {};
  const aborted = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const stop = (reason: unknown) => {
    controller.abort(reason);
    fail(reason);
  };
  const abort = () => stop(parent.reason);
  parent.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', abort);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
