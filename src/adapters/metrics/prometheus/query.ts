/** What is asked for one metric of one colour over one window. */
import { EXPORTERS, lackOf } from '../../../plan/exporters.ts';
import type { PrometheusSettings } from '../../../plan/schema/normalised-metrics.ts';
import {
  bucketsBy,
  exporterOf,
  grown,
  grownBy,
  hikariSuccess,
  meanGauge,
  nativeQuantile,
  selector,
  utilization,
} from './promql.ts';
import type { RequestShare } from './requests.ts';
import { inString, substitute, type Variables } from './variables.ts';

/** `needs`: the series without which there is no answer, as selectors, and the window in which they must have samples. */
export type Query =
  /** The plan's own; `count` null: nothing tells what was observed. */
  | { kind: 'own'; text: string; count: string | null }
  | ({ kind: 'requests'; what: RequestShare; status: string; text: string } & Needs)
  | ({
      kind: 'quantile';
      q: number;
      unitMs: number;
      text: string;
      native: string;
      requests: string;
      status: string;
    } & Needs)
  | ({ kind: 'per_request'; text: string; requests: string; status: string } & Needs)
  | ({ kind: 'gauge'; text: string } & Needs)
  | { kind: 'none'; reason: string };

export interface Needs {
  needs: string[];
  windowMs: number;
}

const SHARES: Readonly<Record<string, RequestShare>> = {
  http_success_rate: 'success',
  error_rate: 'error',
  availability: 'available',
  request_rate: 'rate',
};
const QUANTILES: Readonly<Record<string, number>> = { p50_latency: 0.5, p95_latency: 0.95, p99_latency: 0.99 };
/** What the counter behind `business_metric` is called where the plan has no query of its own. */
const BUSINESS = 'business_metric_total';

export type QuerySettings = PrometheusSettings & { queries: Readonly<Record<string, string>> };

export function queryOf(metric: string, settings: QuerySettings, variables: Variables): Query {
  const { windowMs } = variables;
  if (Object.hasOwn(settings.queries, metric)) {
    const own = (text: string | undefined) => substitute(text ?? '', variables, inString);
    const count = Object.hasOwn(settings.counts, metric) ? own(settings.counts[metric]) : null;
    return { kind: 'own', text: own(settings.queries[metric]), count };
  }
  const lack = lackOf(settings.exporter, metric);
  if (lack !== null) return { kind: 'none', reason: `${lack}: define \`${metric}\` among the plan's queries` };
  const { requests, status } = exporterOf(settings);
  const counter = selector(requests, settings, variables);
  const what = Object.hasOwn(SHARES, metric) ? SHARES[metric] : undefined;
  if (what !== undefined) {
    return { kind: 'requests', what, status, text: grownBy(status, counter, windowMs), needs: [counter], windowMs };
  }
  const q = Object.hasOwn(QUANTILES, metric) ? QUANTILES[metric] : undefined;
  const { duration } = EXPORTERS[settings.exporter];
  if (q !== undefined && duration !== null) {
    const of = (suffix: string) => selector(`${duration.name}${suffix}`, settings, variables);
    const histogram = { buckets: of('_bucket'), count: of('_count'), native: of('') };
    return {
      kind: 'quantile',
      q,
      unitMs: duration.unit_ms,
      text: bucketsBy(histogram, windowMs),
      native: nativeQuantile(q, histogram.native, windowMs),
      requests: grownBy(status, counter, windowMs),
      status,
      needs: [histogram.buckets],
      windowMs,
    };
  }
  switch (metric) {
    case 'cpu_utilization':
      return { kind: 'gauge', ...utilization('cpu', settings, variables) };
    case 'memory_utilization':
      return { kind: 'gauge', ...utilization('memory', settings, variables) };
    case 'business_metric': {
      const business = selector(BUSINESS, { ...settings, where: '' }, variables);
      return {
        kind: 'per_request',
        text: `sum(${grown(business, windowMs)})`,
        requests: grownBy(status, counter, windowMs),
        status,
        needs: [business, counter],
        windowMs,
      };
    }
    case 'db_connection_success':
      if (settings.exporter === 'spring') return { kind: 'gauge', ...hikariSuccess(settings, variables) };
      return { kind: 'gauge', ...meanGauge(metric, settings, variables) };
    default:
      return { kind: 'gauge', ...meanGauge(metric, settings, variables) };
  }
}
