/** The value that `percent` of the samples do not exceed (nearest rank). Of N < 100 samples p99 is the largest. */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) throw new Error('there are no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] as number;
}

/** Milliseconds with one decimal: finer than any of the clocks involved. */
export function tidy(value: number): number {
  return Math.round(value * 10) / 10;
}

/** p50 and p99, tidied. */
export function spread(samples: readonly number[]): { p50: number; p99: number } {
  return { p50: tidy(percentile(samples, 50)), p99: tidy(percentile(samples, 99)) };
}
