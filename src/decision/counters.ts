/** Counters that only rise, unless their process restarts. */

/**
 * The increase between two readings, like Prometheus' `increase` without its extrapolation: a counter that went down
 * was restarted, and all it shows came since (https://prometheus.io/docs/prometheus/latest/querying/functions/#increase).
 */
export function counterIncrease(before: number, after: number): number {
  return after >= before ? after - before : after;
}

/**
 * The increases of all counters of one page. One process counts them all, so one that went down, or is gone, means
 * that every one of them began again at 0, also those that have already outgrown their old value. A counter that is new
 * on a page seen before began at 0 as well.
 */
export function pageIncreases(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  const restarted = [...before].some(([key, value]) => (after.get(key) ?? 0) < value);
  const increases = new Map<string, number>();
  for (const [key, value] of after) increases.set(key, restarted ? value : value - (before.get(key) ?? 0));
  return increases;
}

/** The same for two readings of the same counters in the same order. */
export function alignedIncreases(before: Float64Array, after: Float64Array): Float64Array {
  const increases = new Float64Array(after.length);
  for (let index = 0; index < after.length; index += 1) {
    const increase = (after[index] ?? 0) - (before[index] ?? 0);
    if (increase < 0) return after.slice();
    increases[index] = increase;
  }
  return increases;
}
