import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again every 50 ms; throws, saying what was waited for, when the limit (30 s) is over. */
export async function patiently(
  condition: () => Promise<boolean>,
  what: string | (() => string),
  limitMs = 30_000,
): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`);
    await sleep(50);
  }
}
