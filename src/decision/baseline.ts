/** What `baseline` stands for: the active colour, never the candidate. */
import { builtInMetric } from '../plan/metrics.ts';
import type { Criterion } from '../plan/types.ts';
import type { Baseline, MetricCriterion, Observed } from './types.ts';

/** Whether a sample rests on enough observations. A gauge needs one reading; requests are bounded by the plan. */
export function isEnough(sample: Observed, minObservations: number): boolean {
  if (sample.kind === 'no_data' || !Number.isFinite(sample.value)) return false;
  return sample.observations >= (sample.per === 'readings' ? 1 : minObservations);
}

/**
 * The active colour's value: `concurrent` while it still has at least `minObservations` in the same span, else the
 * `frozen` one from before the shift that starved it, else none.
 */
export function chooseBaseline(
  concurrent: Observed | null,
  frozen: { value: number } | undefined,
  minObservations: number,
): Baseline {
  if (concurrent?.kind === 'value' && isEnough(concurrent, minObservations)) {
    return { kind: 'value', value: concurrent.value, source: 'concurrent' };
  }
  if (frozen !== undefined && Number.isFinite(frozen.value)) {
    return { kind: 'value', value: frozen.value, source: 'frozen' };
  }
  if (concurrent === null) return { kind: 'none', reason: 'there is no baseline', quiet: false };
  const reason = concurrent.kind === 'no_data' ? concurrent.reason : tooFew(concurrent.observations, minObservations);
  const quiet = concurrent.kind === 'value' || concurrent.quiet === true;
  return { kind: 'none', reason: `no baseline: ${reason}`, quiet };
}

/** The metric that is measured to judge a criterion: a drop is a comparison of the business metric itself. */
export function measuredMetric(metric: string): string {
  return metric === 'business_metric_drop' ? 'business_metric' : metric;
}

export function needsBaseline(criterion: MetricCriterion): boolean {
  return criterion.metric === 'business_metric_drop' || criterion.expr.kind === 'baseline';
}

/** The metrics whose baseline the criteria ask for, each once. */
export function baselineMetrics(criteria: readonly Criterion[]): string[] {
  const metric = criteria.filter((criterion) => criterion.kind === 'metric');
  return [...new Set(metric.filter(needsBaseline).map((criterion) => measuredMetric(criterion.metric)))];
}

export function tooFew(observations: number, minObservations: number): string {
  return `${observations} of at least ${minObservations} requests`;
}

/** A value as people read it, with the metric's unit. */
export function formatMetric(metric: string, value: number): string {
  const unit = builtInMetric(metric)?.unit ?? 'number';
  const digits = unit === 'ms' ? 1 : 3;
  const text = Number(value.toFixed(digits)).toString();
  if (unit === 'percent') return `${text} %`;
  return unit === 'ms' ? `${text} ms` : text;
}
