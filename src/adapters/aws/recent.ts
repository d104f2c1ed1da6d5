/** Answers that several askers share for a while: AWS has no watches, and counts every call against the account. */

/** A share that somebody else has changed is known this much later at the latest, whatever age a caller allows. */
const MAX_AGE_MS = 30_000;
/** A question that takes longer is given up; a busy API's rate limit alone may take some seconds of it. */
const ANSWER_MS = 30_000;
const MAX_KEPT = 2_000;

interface Kept {
  atMs: number;
  value: unknown;
}

const kept = new Map<string, Kept>();
const underWay = new Map<string, Promise<unknown>>();

/**
 * An answer that came at most `maxAgeMs` (30 s at most) ago, else a new one, which is kept under `key`. Who asks while another
 * one's question is under way waits for that; it goes on when whoever asked first has gone, so that callers with short limits come
 * to an answer even where each of its calls waits for a rate limit. At 0: as it is now, asked for this caller alone.
 */
export async function recent<T>(
  key: string,
  maxAgeMs: number,
  signal: AbortSignal,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const known = kept.get(key);
  const ageMs = known === undefined ? Number.POSITIVE_INFINITY : performance.now() - known.atMs;
  if (known !== undefined && ageMs < Math.min(maxAgeMs, MAX_AGE_MS)) return known.value as T;
  if (maxAgeMs <= 0) {
    const value = await read(signal);
    keep(key, value);
    return value;
  }
  const asked = (underWay.get(key) as Promise<T> | undefined) ?? ask(key, read);
  return untilAborted(asked, signal);
}

/** After a write: what was known before, or is being asked, is not believed any more. Every key that begins with `prefix`. */
export function forgetRecent(prefix: string): void {
  for (const key of kept.keys()) if (key.startsWith(prefix)) kept.delete(key);
  for (const key of underWay.keys()) if (key.startsWith(prefix)) underWay.delete(key);
}

function ask<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const asked = read(AbortSignal.timeout(ANSWER_MS));
  underWay.set(key, asked);
  const isCurrent = () => underWay.get(key) === asked;
  asked.then(
    (value) => {
      if (isCurrent()) keep(key, value);
      if (isCurrent()) underWay.delete(key);
    },
    () => {
      if (isCurrent()) underWay.delete(key);
    },
  );
  return asked;
}

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, { atMs: performance.now(), value });
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
