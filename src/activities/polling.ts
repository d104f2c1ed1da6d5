/** Waiting by reading again and again. */
import { CutoverError } from '../errors.ts';
import { bounded, type Clock, messageOf } from './clock.ts';

export interface Polling {
  clock: Clock;
  signal: AbortSignal;
  /** What is waited for, for people; sent with every read, also to learn of a cancellation. */
  heartbeat(details: string): void;
}

export interface Poll<T> {
  read(signal: AbortSignal): Promise<T>;
  isDone(value: T): boolean;
  /** One sentence; `null`: nothing could be read yet. */
  waitingFor(value: T | null): string;
  /** Absolute end; then the last value read, or null. */
  deadlineMs?: number;
  /** Shortest and longest pause between two reads. */
  pauseMs?: { min: number; max: number };
}

/** How old a platform's answer may be for who looks at every tick, and writes nothing on it. */
export const TICK_AGE_MS = 5_000;
const READ_TIMEOUT_MS = 2_000;

/**
 * Reads until `isDone`, pausing 50 ms at first and 500 ms at last. A read that fails is told in the details and tried
 * again, unless it is the user's to mend (CutoverError of fault `user`): that is thrown. Ends by cancellation otherwise.
 */
export async function poll<T>(polling: Polling, what: Poll<T>): Promise<T | null> {
  const { clock, signal, heartbeat } = polling;
  const { min, max } = what.pauseMs ?? { min: 50, max: 500 };
  let value: T | null = null;
  let pauseMs = min;
  heartbeat(what.waitingFor(null));
  for (;;) {
    const limitMs = Math.max(1, Math.min(READ_TIMEOUT_MS, (what.deadlineMs ?? Number.POSITIVE_INFINITY) - clock.now()));
    try {
      value = await bounded(limitMs, signal, what.read);
      if (what.isDone(value)) return value;
      heartbeat(what.waitingFor(value));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CutoverError && error.fault === 'user') throw error;
      heartbeat(`${what.waitingFor(value)}; cannot be read now: ${messageOf(error)}`);
    }
    const leftMs = (what.deadlineMs ?? Number.POSITIVE_INFINITY) - clock.now();
    if (leftMs <= 0) return value;
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
    pauseMs = Math.min(max, pauseMs * 1.5);
  }
}
