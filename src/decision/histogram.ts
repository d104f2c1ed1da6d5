/** Quantiles of a histogram with fixed buckets. */
export interface Bucket {
  /** Upper bound, inclusive; the last one is +Inf. */
  le: number;
  /** Observations in this bucket alone, not cumulated. */
  count: number;
}

/**
 * The q-quantile (0 to 1) by linear interpolation within the bucket that it falls into, in the unit of the bounds, as
 * Prometheus' `histogram_quantile` does it (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile):
 * the first bucket begins at 0 when its bound is positive, and a quantile in the +Inf bucket is the highest finite bound.
 * Null: no observations, fewer than two buckets, or no +Inf bucket. `buckets` is sorted by bound.
 */
export function histogramQuantile(q: number, buckets: readonly Bucket[]): number | null {
  const last = buckets.at(-1);
  const highest = buckets.at(-2);
  if (last === undefined || highest === undefined || last.le !== Number.POSITIVE_INFINITY) return null;
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  if (!(total > 0) || !(q >= 0 && q <= 1)) return null;
  const rank = q * total;
  let below = 0;
  let lower = 0;
  for (const [index, bucket] of buckets.entries()) {
    if (bucket === last) break;
    if (below + bucket.count >= rank && bucket.count > 0) {
      if (index === 0 && bucket.le <= 0) return bucket.le;
      return lower + ((bucket.le - lower) * Math.max(0, rank - below)) / bucket.count;
    }
    below += bucket.count;
    lower = bucket.le;
  }
  return highest.le;
}
