/** Named checks over time: one may start false, and must hold at the end and for its last `settle`. */

import { formatMetric } from './baseline.ts';
import type { Judgement } from './types.ts';

/** What one tick saw: it held everywhere, it did not, or it could not be read. */
export type CheckSeen = boolean | null;

/**
 * Since when the check has held without a break; undefined: it does not hold. A tick that could not read it says
 * nothing, so it breaks nothing.
 */
export function holdingSince(before: number | undefined, seen: CheckSeen, atMs: number): number | undefined {
  if (seen === null) return before;
  return seen ? Math.min(before ?? atMs, atMs) : undefined;
}

export function isSettled(since: number | undefined, atMs: number, settleMs: number): boolean {
  return since !== undefined && atMs - since >= settleMs;
}

/** A check that is a criterion on `metric`: it holds while the criterion does, and without data nobody knows. */
export function checkOf(metric: string, judgement: Judgement): { seen: CheckSeen; note: string | null } {
  const { state, value, limit, note } = judgement;
  if (state === 'no_data') return { seen: null, note };
  if (state === 'ok' || value === null || limit === null) return { seen: state === 'ok', note };
  return { seen: false, note: `${metric} is ${formatMetric(metric, value)}, against ${formatMetric(metric, limit)}` };
}
