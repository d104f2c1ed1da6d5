/** One criterion on a metric, judged over one span of samples. */
import type { Comparison, Expression } from '../plan/types.ts';
import { isEnough, tooFew } from './baseline.ts';
import type { Baseline, Judgement, MetricCriterion, Observed, Within } from './types.ts';

/**
 * Judges `criterion` on the candidate's sample. A success criterion is `ok` when its comparison holds, a trigger is
 * `breached` when it does. Fewer than `minObservations` requests, an unreadable source, a missing baseline, a value that
 * is no number, or one of which only bounds are known with the limit between them, is `no_data`, which is neither.
 */
export function judgeCriterion(
  criterion: MetricCriterion,
  kind: 'success' | 'trigger',
  candidate: Observed,
  baseline: Baseline | null,
  minObservations: number,
): Judgement {
  const base = baseline?.kind === 'value' ? { value: baseline.value, source: baseline.source } : null;
  const limit = limitOf(criterion.expr, base?.value ?? null);
  const nothing = (note: string, quiet: boolean, value: number | null = null): Judgement => ({
    state: 'no_data',
    quiet,
    value,
    limit,
    baseline: base,
    observations: candidate.observations,
    note,
  });
  if (candidate.kind === 'no_data') return nothing(candidate.reason, candidate.quiet === true);
  if (!Number.isFinite(candidate.value)) return nothing('the value is not a number', false);
  const value = measuredValue(criterion, candidate.value, base?.value ?? null);
  if (!isEnough(candidate, minObservations))
    return nothing(tooFew(candidate.observations, minObservations), true, value);
  if (value === null || limit === null) {
    if (baseline?.kind === 'none') return nothing(baseline.reason, baseline.quiet, value);
    return nothing(base?.value === 0 ? 'the baseline is 0' : 'there is no baseline', false, value);
  }
  const { within } = candidate;
  if (within !== undefined && within.lower < limit && limit < within.upper) {
    return nothing(unresolved(within, limit), false, value);
  }
  const holds = compare(value, criterion.op, limit);
  const state = holds === (kind === 'success') ? 'ok' : 'breached';
  return { state, quiet: false, value, limit, baseline: base, observations: candidate.observations, note: null };
}

function unresolved({ lower, upper }: Within, limit: number): string {
  const [from, edge] = [lower, limit].map((bound) => Number(bound.toFixed(3)));
  const known = Number.isFinite(upper) ? `between ${from} and ${Number(upper.toFixed(3))}` : `above ${from}`;
  return `it lies ${known}, and its histogram cannot tell where: an edge at ${edge} would be needed`;
}

/** Null: the comparison needs a baseline that is not there, or is 0. */
function measuredValue(criterion: MetricCriterion, measured: number, baseline: number | null): number | null {
  if (criterion.metric !== 'business_metric_drop') return measured;
  return baseline === null ? null : metricDrop(measured, baseline);
}

/** 100 × (1 − candidate ÷ baseline), percent: positive when the candidate does worse. Null: the baseline is 0. */
export function metricDrop(candidate: number, baseline: number): number | null {
  if (baseline === 0) return null;
  const drop = 100 * (1 - candidate / baseline);
  return Number.isFinite(drop) ? drop : null;
}

/** The right-hand side in the metric's unit; null: it needs a baseline and there is none. */
export function limitOf(expr: Expression, baseline: number | null): number | null {
  if (expr.kind === 'constant') return expr.value;
  if (baseline === null) return null;
  switch (expr.adjust) {
    case 'none':
      return baseline;
    case 'add':
      return baseline + expr.value;
    case 'subtract':
      return baseline - expr.value;
    case 'multiply':
      return baseline * expr.value;
    case 'add_percent':
      return baseline * (1 + expr.value / 100);
  }
}

export function compare(left: number, op: Comparison, right: number): boolean {
  switch (op) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}
