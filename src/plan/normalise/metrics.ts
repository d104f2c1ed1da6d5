/** The metrics settings with their defaults. */
import { findDescriptor } from '../adapters.ts';
import { type Pace, shortestSpanMs } from '../cloudwatch.ts';
import type { CloudWatchSettings, PrometheusSettings, WebSettings } from '../schema/normalised-metrics.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { Criterion, MetricsPlan } from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds, percentage } from './values.ts';

type WrittenMetrics = NonNullable<WrittenPlan['metrics']>;
/** A phase, a step of the switch; null: left out. */
type Window = { duration_ms: number; success_criteria: Criterion[] } | null;

/**
 * `kind` empty: the provider is missing. A provider slower than the default resolution moves the default; the window
 * and the gap follow a long resolution, and a check settles within the shortest phase or step that has one. Where data
 * comes late, everything that waits for it has the patience: every window begins without.
 */
export function normaliseMetrics(written: WrittenMetrics, kind: string, windows: readonly Window[]): MetricsPlan {
  const slowestMs = findDescriptor('metrics', kind)?.min_resolution_ms ?? 0;
  const { queries, ...config } = providerConfig(written, kind);
  const pace = kind === 'cloudwatch' ? paceOf(written.cloudwatch) : null;
  const resolutionMs = milliseconds(
    written.resolution,
    Math.max(DEFAULTS.resolution_ms, slowestMs, pace?.period_ms ?? 0),
  );
  const patienceMs = pace === null ? 0 : shortestSpanMs(pace) + 2 * Math.max(pace.period_ms, resolutionMs);
  return {
    kind,
    config,
    queries: queries ?? {},
    resolution_ms: resolutionMs,
    window_ms: milliseconds(written.window, Math.max(DEFAULTS.window_ms, resolutionMs, wholePeriods(patienceMs, pace))),
    consecutive: written.consecutive ?? DEFAULTS.consecutive,
    min_observations: written.min_observations ?? DEFAULTS.min_observations,
    on_no_data: written.on_no_data ?? DEFAULTS.on_no_data,
    no_data_limit_ms: milliseconds(written.no_data_limit, Math.max(DEFAULTS.no_data_limit_ms, patienceMs)),
    settle_ms: milliseconds(written.settle, Math.min(DEFAULTS.settle_ms, shortestWithCheckMs(windows))),
    coverage_percent: percentage(written.coverage, DEFAULTS.coverage_percent),
    max_gap_ms: milliseconds(written.max_gap, Math.max(DEFAULTS.max_gap_ms, 2 * resolutionMs, patienceMs)),
  };
}

function paceOf({ period, ingestion_delay }: NonNullable<WrittenMetrics['cloudwatch']> = {}): Pace {
  return {
    period_ms: milliseconds(period, DEFAULTS.cloudwatch.period_ms),
    ingestion_delay_ms: milliseconds(ingestion_delay, DEFAULTS.cloudwatch.ingestion_delay_ms),
  };
}

/** A length that is none (infinite, or in periods of nothing) stays as it is: the rules refuse its cause. */
function wholePeriods(ms: number, pace: Pace | null): number {
  if (pace === null || !(pace.period_ms > 0) || !Number.isFinite(ms)) return ms;
  return Math.ceil(ms / pace.period_ms) * pace.period_ms;
}

interface ProviderConfig extends Record<string, unknown> {
  queries?: Record<string, string> | undefined;
}

function providerConfig(written: WrittenMetrics, kind: string): ProviderConfig {
  switch (kind) {
    case 'prometheus':
      return written.prometheus === undefined ? {} : prometheusConfig(written.prometheus);
    case 'web':
      return written.web === undefined ? {} : webConfig(written.web);
    case 'cloudwatch':
      return cloudwatchConfig(written.cloudwatch ?? {});
    case 'scrape':
      return written.scrape ?? {};
    default:
      return {};
  }
}

function prometheusConfig(written: NonNullable<WrittenMetrics['prometheus']>): PrometheusSettings & ProviderConfig {
  const { ingestion_delay, kubernetes = {}, ...rest } = written;
  return {
    ...rest,
    fallback: rest.fallback ?? [],
    headers: rest.headers ?? {},
    basic_auth: rest.basic_auth ?? null,
    bearer_token_file: rest.bearer_token_file ?? null,
    tls: rest.tls ?? null,
    tenant: rest.tenant ?? null,
    exporter: rest.exporter ?? DEFAULTS.exporter,
    labels: rest.labels ?? null,
    status_label: rest.status_label ?? null,
    where: rest.where ?? null,
    kubernetes: { ...kubernetes, pods: kubernetes.pods ?? DEFAULTS.pods },
    counts: rest.counts ?? {},
    ingestion_delay_ms: milliseconds(ingestion_delay, DEFAULTS.ingestion_delay_ms),
  };
}

function cloudwatchConfig(written: NonNullable<WrittenMetrics['cloudwatch']>): CloudWatchSettings & ProviderConfig {
  const { region, dimensions, series = {}, queries, counts, namespace } = written;
  return {
    region: region ?? null,
    ...paceOf(written),
    dimensions: { blue: dimensions?.blue ?? {}, green: dimensions?.green ?? {} },
    series: Object.fromEntries(
      Object.entries(series).map(([name, one]) => [
        name,
        {
          namespace: one.namespace ?? namespace ?? '',
          metric: one.metric,
          dimensions: one.dimensions ?? {},
          statistic: one.statistic ?? DEFAULTS.cloudwatch.statistic,
        },
      ]),
    ),
    counts: counts ?? {},
    ...(queries !== undefined && { queries }),
  };
}

function webConfig(written: NonNullable<WrittenMetrics['web']>): WebSettings & ProviderConfig {
  return { ...written, headers: written.headers ?? {}, counts: written.counts ?? {} };
}

function shortestWithCheckMs(windows: readonly Window[]): number {
  const checked = windows.filter((window) => window?.success_criteria.some(({ kind }) => kind === 'check'));
  return Math.min(...checked.map((window) => window?.duration_ms ?? Number.POSITIVE_INFINITY));
}
