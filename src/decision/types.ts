/** What verdicts are made of. Pure data; the adapters' samples have this shape. */
import type { Criterion } from '../plan/types.ts';

export type MetricCriterion = Extract<Criterion, { kind: 'metric' }>;

/** What is known of a value that was interpolated, as a quantile is within its bucket: above `lower`, at most `upper`. */
export interface Within {
  lower: number;
  /** Infinity: beyond the last edge. */
  upper: number;
}

/** A measured value in the metric's unit with what stands behind it, or none, and why. */
export type Observed =
  | { kind: 'value'; value: number; observations: number; per?: 'requests' | 'readings'; within?: Within }
  | { kind: 'no_data'; reason: string; observations: number; quiet?: true };

export type Baseline =
  | { kind: 'value'; value: number; source: 'concurrent' | 'frozen' }
  /** `quiet`: the active colour could be measured, it just has too few requests. */
  | { kind: 'none'; reason: string; quiet: boolean };

/** One criterion on a metric, judged at one moment. */
export interface Judgement {
  state: 'ok' | 'breached' | 'no_data';
  /** With `no_data`: everything was readable, there were merely too few requests. */
  quiet: boolean;
  value: number | null;
  limit: number | null;
  baseline: { value: number; source: 'concurrent' | 'frozen' } | null;
  observations: number;
  note: string | null;
}
