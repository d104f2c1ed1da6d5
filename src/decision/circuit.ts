/** Circuit break: an error burst within one tick, which no debounce waits for. */
import { formatMetric } from './baseline.ts';
import type { Observed } from './types.ts';

export const BURST_METRIC = 'error_rate';
/** Requests within the tick below which nothing is concluded from them. */
export const MIN_BURST_REQUESTS = 5;

/** Why the candidate's error rate over one tick is a burst, at `limit` percent or more; null: it is none, or not known. */
export function burstOf(sample: Observed, limit: number): string | null {
  if (sample.kind === 'no_data' || sample.observations < MIN_BURST_REQUESTS || !(sample.value >= limit)) return null;
  const [found, allowed] = [sample.value, limit].map((value) => formatMetric(BURST_METRIC, value));
  return `${found} of ${sample.observations} requests failed within one tick, the circuit breaks at ${allowed}`;
}
