/** The provider `prometheus` and a real Prometheus: one tick of a watcher with eight criteria, and the ticks of a fleet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readHttp } from '../../src/adapters/http-read.ts';
import { createAdapters } from '../../src/adapters/registry.ts';
import type { MetricsProvider, SampleQuery } from '../../src/adapters/types.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Colour } from '../../src/plan/types.ts';
import type { Context } from '../lib/context.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { measurePrometheusLag } from '../lib/fleet/prometheus-lag.ts';
import { startPrometheus, steadyPage } from '../lib/prometheus.ts';
import { spread, tidy } from '../lib/statistics.ts';

const TICKS = 120;
const PAUSE_MS = 100;
const WINDOW_MS = 10_000;
/** Two windows are known then. */
const SCRAPES = 22;
const CANDIDATE = ['http_success_rate', 'error_rate', 'availability', 'p50_latency', 'p95_latency', 'p99_latency'];
const OWN = ['missing_pages', 'slow_share'];
/** Those that are compared with the active colour. */
const COMPARED = ['p95_latency', 'p99_latency'];

/** Deployments watched at once; CUTOVER_BENCH_PROMETHEUS names another number. */
const WATCHED = Number(process.env.CUTOVER_BENCH_PROMETHEUS ?? '200');

export const prometheus: Figure = {
  name: 'prometheus',
  title: `a tick of eight criteria asked of a real Prometheus (840 series of requests, read every second), and the lag of ${WATCHED} deployments`,
  unit: 'ms',
  goal: [
    { stat: 'lag_p99', below: 2_000 },
    { stat: 'missed', at_most: 0 },
  ],
  limitMs: 600_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { tick_ms, bare, details } = await measureTicks(context);
  const lag = await measurePrometheusLag(context, WATCHED);
  const lag_p99_ms = tidy(lag.lag_p99_ms);
  return {
    report: { tick_ms, lag_p99_ms },
    stats: { ...tick_ms, lag_p99: lag_p99_ms, missed: lag.missed },
    units: { missed: `of ${lag.judged + lag.missed} ticks` },
    floor: bare,
    floor_is: 'one bare query',
    details: { ...details, fleet: lag },
  };
}

async function measureTicks({ folder, localUrl }: Context) {
  const server = await startPrometheus(folder, 'prometheus', await steadyPage(), SCRAPES);
  const provider = providerOf(server.url, localUrl);
  try {
    const floor = await timed(() => bareQuery(server.url));
    const ticks = await timed(() => tick(provider));
    const details = { ticks_ms: ticks.map(tidy), floor_ms: floor.map(tidy) };
    return { tick_ms: spread(ticks), bare: spread(floor), details };
  } finally {
    provider.close();
    await server.stop();
  }
}

function providerOf(url: string, localUrl: string): MetricsProvider {
  const requests = 'http_request_duration_seconds_count{colour="$colour"';
  const share = (part: string) => `100 * sum(rate(${part}[$window])) / sum(rate(${requests}}[$window]))`;
  const queries = {
    missing_pages: share(`${requests}, status_code="404"}`),
    slow_share: share('http_request_duration_seconds_bucket{colour="$colour", le="0.005"}'),
  };
  const text = JSON.stringify({ metrics: { prometheus: { url, queries } } });
  const { plan } = loadPlan([{ name: 'bench', text }], ['service=bench', 'version=1', 'platform=local']);
  return createAdapters({ localUrl, log: () => undefined }).metrics(plan);
}

async function tick(provider: MetricsProvider): Promise<void> {
  const to_ms = Date.now();
  const ask = (metrics: string[], colour: Colour): SampleQuery[] =>
    metrics.map((metric) => ({ metric, colour, from_ms: to_ms - WINDOW_MS, to_ms }));
  const queries = [...ask([...CANDIDATE, ...OWN], 'green'), ...ask(COMPARED, 'blue')];
  const samples = await provider.sample(queries, AbortSignal.timeout(5_000));
  const missing = samples.find((sample) => sample.kind === 'no_data');
  if (missing !== undefined) throw new Error(`a tick without data: ${missing.reason}`);
}

async function bareQuery(url: string): Promise<void> {
  const query = new URLSearchParams({ query: 'sum(rate(http_request_duration_seconds_count{colour="green"}[10s]))' });
  const { status } = await readHttp(`${url}/api/v1/query?${query}`, { timeoutMs: 5_000 }, null);
  if (status !== 200) throw new Error(`the bare query was answered ${status}`);
}

async function timed(work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < TICKS; index += 1) {
    const begin = performance.now();
    await work();
    samples.push(performance.now() - begin);
    await sleep(PAUSE_MS);
  }
  return samples;
}
