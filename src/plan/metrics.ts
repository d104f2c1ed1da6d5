/**
 * The names that plans use out of the box. A metrics provider gives each metric in the unit stated here; a named check
 * is looked up in the candidate's health document. Pure: workflow code imports it.
 */

/** `percent`: 0 to 100 as a rule. `ms`: milliseconds. `number`: whatever the metric counts. */
export type MetricUnit = 'percent' | 'ms' | 'number';

export interface BuiltInMetric {
  unit: MetricUnit;
  /** The values it can take; null: no bound on that side. */
  min: number | null;
  max: number | null;
  /** Counted on requests: the candidate has none of it at a share of 0 %. */
  needs_traffic: boolean;
  /** The query that a plan must define for it; null: none. */
  needs_query: string | null;
  /** Whether `baseline` makes sense for it: a value that is itself a comparison has none. */
  has_baseline: boolean;
  about: string;
}

const RATE = { unit: 'percent', min: 0, max: 100, needs_traffic: true, needs_query: null, has_baseline: true } as const;
const LATENCY = { unit: 'ms', min: 0, max: null, needs_traffic: true, needs_query: null, has_baseline: true } as const;
const GAUGE = {
  unit: 'percent',
  min: 0,
  max: null,
  needs_traffic: false,
  needs_query: null,
  has_baseline: true,
} as const;

export const BUILT_IN_METRICS: Readonly<Record<string, BuiltInMetric>> = {
  http_success_rate: { ...RATE, about: 'Requests answered without a 5xx status.' },
  error_rate: { ...RATE, about: 'Requests answered with a 5xx status.' },
  availability: { ...RATE, about: 'Requests answered by an instance: not 502, 503 or 504.' },
  p50_latency: { ...LATENCY, about: 'Half of the requests took no longer.' },
  p95_latency: { ...LATENCY, about: '95 % of the requests took no longer.' },
  p99_latency: { ...LATENCY, about: '99 % of the requests took no longer.' },
  request_rate: { ...LATENCY, unit: 'number', about: 'Requests per second.' },
  cpu_utilization: { ...GAUGE, about: 'Processor time of the busiest instance; 100 is all that it may use.' },
  memory_utilization: { ...GAUGE, about: 'Memory of the fullest instance; 100 is all that it may use.' },
  db_connection_success: { ...GAUGE, max: 100, about: 'Attempts to connect to the database that succeeded.' },
  business_metric: {
    ...LATENCY,
    unit: 'number',
    min: null,
    needs_query: 'business_metric',
    about: "The plan's own measure of business, per request.",
  },
  business_metric_drop: {
    ...RATE,
    min: null,
    needs_query: 'business_metric',
    has_baseline: false,
    about: '100 × (1 − candidate ÷ baseline) of business_metric; negative when the candidate does better.',
  },
};

/** Named checks and what each says. Any other name is looked up in the health document just the same. */
export const BUILT_IN_CHECKS: Readonly<Record<string, string>> = {
  jvm_warmup_complete: 'The just-in-time compiler has seen the hot paths.',
  connection_pools_ready: 'Every connection pool is filled.',
  cache_preloaded: 'The caches hold what the first requests need.',
  downstream_health_check_pass: 'Every service that this one calls answers.',
};

/** Null: not a built-in metric. Safe for any text, `constructor` included. */
export function builtInMetric(name: string): BuiltInMetric | null {
  return Object.hasOwn(BUILT_IN_METRICS, name) ? (BUILT_IN_METRICS[name] ?? null) : null;
}
