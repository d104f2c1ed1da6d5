import { setTimeout as sleep } from 'node:timers/promises';

/** Epoch milliseconds with fractions, alike in every thread and close to the server's event times. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Asks every `pauseMs` until `isTrue`; throws with `what` after `limitMs`. */
export async function until(
  isTrue: () => Promise<boolean>,
  what: string,
  { limitMs = 60_000, pauseMs = 25 }: { limitMs?: number; pauseMs?: number } = {},
): Promise<void> {
  const endsAtMs = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endsAtMs) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
    await sleep(pauseMs);
  }
}
