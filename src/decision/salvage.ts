/** Whether the rest of a phase can still turn a success criterion. */

import type { Comparison } from '../plan/types.ts';
import { compare } from './criterion.ts';

/** How much faster than so far requests may still come. */
export const MOST_GROWTH = 3;

const GOOD_SHARE: Record<string, 'value' | 'rest'> = {
  http_success_rate: 'value',
  availability: 'value',
  error_rate: 'rest',
};

export interface SoFar {
  metric: string;
  op: Comparison;
  limit: number;
  /** Percent over the phase so far. */
  value: number;
  observations: number;
  elapsed_ms: number;
  remaining_ms: number;
}

/**
 * False only when the criterion cannot be met any more: for a share of requests, when even all further requests being
 * good, at three times the rate so far, would not bring the phase's value to the limit. Other metrics (a quantile, a
 * gauge) are never given up early: nothing bounds what the rest may bring.
 */
export function canStillBeMet(soFar: SoFar): boolean {
  const good = Object.hasOwn(GOOD_SHARE, soFar.metric) ? GOOD_SHARE[soFar.metric] : undefined;
  if (good === undefined || compare(soFar.value, soFar.op, soFar.limit)) return true;
  if (soFar.elapsed_ms <= 0 || soFar.observations <= 0) return true;
  const further = (MOST_GROWTH * soFar.observations * Math.max(0, soFar.remaining_ms)) / soFar.elapsed_ms;
  const bad = ((good === 'value' ? 100 - soFar.value : soFar.value) / 100) * soFar.observations;
  const badPercent = (100 * bad) / (soFar.observations + further);
  const best = good === 'value' ? 100 - badPercent : badPercent;
  return compare(best, soFar.op, soFar.limit);
}
