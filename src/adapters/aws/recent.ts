/** Answers that several askers share for a while: AWS has no watches, and counts every call against the account. */

/** A share that somebody else has changed is known this much later at the latest, whatever age a caller allows. */
const MAX_AGE_MS = 30_000;
const MAX_KEPT = 2_000;

interface Kept {
  atMs: number;
  value: unknown;
}

const kept = new Map<string, Kept>();

/** An answer at most `maxAgeMs` old (30 s at most; 0: as it is now), else a new one, which is kept under `key`. */
export async function recent<T>(key: string, maxAgeMs: number, read: () => Promise<T>): Promise<T> {
  const known = kept.get(key);
  const ageMs = known === undefined ? Number.POSITIVE_INFINITY : performance.now() - known.atMs;
  if (known !== undefined && ageMs < Math.min(maxAgeMs, MAX_AGE_MS)) return known.value as T;
  const atMs = performance.now();
  const value = await read();
  kept.delete(key);
  kept.set(key, { atMs, value });
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return value;
}

/** After a write: what was known before is not believed any more. Every key that begins with `prefix`. */
export function forgetRecent(prefix: string): void {
  for (const key of kept.keys()) if (key.startsWith(prefix)) kept.delete(key);
}
