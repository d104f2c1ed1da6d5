/** The provider `prometheus` as a plan without any settings of its own makes it. */
import { createPrometheusProvider, type PrometheusConfig } from '../../src/adapters/metrics/prometheus.ts';
import type { Sample } from '../../src/adapters/types.ts';
import { DEFAULTS } from '../../src/plan/normalise/defaults.ts';
import type { Colour } from '../../src/plan/types.ts';

export function settings(url: string, over: Partial<PrometheusConfig> = {}): PrometheusConfig {
  return {
    url,
    fallback: [],
    headers: {},
    basic_auth: null,
    bearer_token_file: null,
    tls: null,
    tenant: null,
    exporter: 'node',
    labels: null,
    status_label: null,
    where: null,
    kubernetes: { pods: DEFAULTS.pods },
    counts: {},
    ingestion_delay_ms: DEFAULTS.ingestion_delay_ms,
    queries: {},
    service: 'shop',
    environment: 'production',
    resolutionMs: 1_000,
    secretsFolder: null,
    ...over,
  };
}

/** The samples of one colour over the `windowMs` up to `atMs`, by metric. */
export async function sampleAll<M extends string>(
  config: PrometheusConfig,
  colour: Colour,
  metrics: readonly M[],
  windowMs: number,
  atMs = Date.now(),
): Promise<Record<M, Sample>> {
  const provider = createPrometheusProvider(config);
  const span = { colour, from_ms: atMs - windowMs, to_ms: atMs };
  const samples = await provider.sample(
    metrics.map((metric) => ({ metric, ...span })),
    AbortSignal.timeout(5_000),
  );
  provider.close();
  return Object.fromEntries(metrics.map((metric, index) => [metric, samples[index]])) as Record<M, Sample>;
}
