/** Spans of time in whole periods whose data points have come. */
import type { Pace } from '../../../plan/cloudwatch.ts';

/** From the first period's begin to the last one's end, epoch milliseconds, multiples of the period. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/**
 * The periods that lie wholly between `fromMs` and `toMs` less the delay: what was before the span never counts, and what
 * may still come is left to later ticks. Empty (`toMs` not after `fromMs`): none has come yet.
 */
export function wholePeriods(fromMs: number, toMs: number, { period_ms, ingestion_delay_ms }: Pace): Span {
  return {
    fromMs: Math.ceil(fromMs / period_ms) * period_ms,
    toMs: Math.floor((toMs - ingestion_delay_ms) / period_ms) * period_ms,
  };
}

/** `10:04:00`, UTC. */
export function clockOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
