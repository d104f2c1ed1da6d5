/** How long an instance that ended unasked waits for its next start. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** Ready for this long, an instance had not failed to start: its end counts as the first failure. */
const FORGIVEN_AFTER_MS = 10_000;

/** After the n-th failure in a row, n from 1: 100, 200, 400 … 5,000 ms. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
}

export function isForgiven(readyForMs: number): boolean {
  return readyForMs >= FORGIVEN_AFTER_MS;
}
