/** A clock that a test moves: sleeping takes no time, and lets the test's world go on meanwhile. */
import type { Clock } from '../../src/activities/clock.ts';

export interface VirtualClock extends Clock {
  /** Moves on by `ms` in steps of at most 100 ms, calling the world after each. */
  advance(ms: number): Promise<void>;
  /** A step of the wall clock that nobody lived through. */
  jump(ms: number): void;
}

/** `world` is called with what has gone by, in ms, and the time it now is. */
export function createVirtualClock(
  startMs: number,
  world: (stepMs: number, nowMs: number) => void | Promise<void>,
): VirtualClock {
  let nowMs = startMs;
  async function advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; ) {
      const step = Math.min(100, left);
      nowMs += step;
      left -= step;
      await world(step, nowMs);
    }
  }
  return {
    now: () => nowMs,
    advance,
    jump(ms) {
      nowMs += ms;
    },
    async sleep(ms, signal) {
      signal.throwIfAborted();
      await advance(ms);
      signal.throwIfAborted();
    },
  };
}
