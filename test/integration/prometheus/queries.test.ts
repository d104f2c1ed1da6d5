/** Queries of a plan's own, gauges, the business metric and native histograms, against a real Prometheus. */
import { Counter, Gauge } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sample } from '../../../src/adapters/types.ts';
import { requirePart } from '../../support/parts.ts';
import { type Prometheus, prometheusVersion, startPrometheus } from '../../support/prometheus.ts';
import { sampleAll, settings } from '../../support/prometheus-provider.ts';
import { type NativePage, startNativePage } from './native-page.ts';
import { type Instance, startInstance, untilScraped } from './support.ts';

const prometheus = await requirePart('prometheus', prometheusVersion);
const LABELS = { service: 'shop', colour: 'green' };

prometheus.suite('queries to a real Prometheus', () => {
  let server: Prometheus;
  let green: Instance;
  let native: NativePage;
  async function one(metric: string, over: Parameters<typeof settings>[1] = {}, windowMs = 5_000): Promise<Sample> {
    const samples = await sampleAll(settings(server.url, over), 'green', [metric], windowMs);
    return samples[metric] as Sample;
  }

  beforeAll(async () => {
    green = await startInstance('green');
    native = await startNativePage('istio_request_duration_milliseconds', {
      reporter: 'destination',
      destination_workload: 'shop-green',
    });
    addPods(green);
    const jobs = { shop: [green.host], mesh: [native.host] };
    server = await startPrometheus({ jobs, flags: ['--enable-feature=native-histograms'] });
    green.depth.set(LABELS, 4);
    green.orders.inc(LABELS, 0);
    green.request(200, 0.06, 1);
    await server.until('count_over_time(queue_depth[1m])', 8, 30_000);
    green.orders.inc(LABELS, 10);
    green.request(200, 0.06, 39);
    green.request(500, 0.06, 1);
    native.observe(150, 50);
    await untilScraped(2);
  });
  afterAll(async () => {
    await server?.stop();
    await Promise.all([green?.close(), native?.close()]);
  });

  it('the business metric is its counter per request', async () => {
    const sample = await one('business_metric');
    expect(sample).toEqual({ kind: 'value', value: 0.25, observations: 40, span_ms: 5_000 });
  });

  it("a plan's own query takes its place, with the observations that the plan counts", async () => {
    const queries = {
      business_metric:
        'sum(increase(business_metric_total{colour="$colour"}[$window])) / sum(increase(http_request_duration_seconds_count{colour="$colour"}[$window]))',
    };
    const counts = { business_metric: 'sum(increase(http_request_duration_seconds_count{colour="$colour"}[$window]))' };
    expect(await one('business_metric', { queries })).toMatchObject({
      kind: 'value',
      observations: 1,
      per: 'readings',
    });
    const counted = await one('business_metric', { queries, counts });
    expect(counted).toMatchObject({ kind: 'value', value: expect.closeTo(0.25, 1) });
    expect(counted.observations).toBeGreaterThan(25);
    expect(counted).not.toHaveProperty('per');
  });

  it.each([
    ['queue_depth{colour="$other"}', 'the query found nothing'],
    ['{job="shop", __name__=~".+"}', 'series, and one number is needed'],
    ['queue_depth / 0', 'gives Infinity'],
    ['0 * queue_depth / 0', 'gives NaN'],
    ['queue_depth * on (colour) http_request_duration_seconds_bucket', '422: execution'],
  ])('%s is no data that says why', async (query, reason) => {
    const sample = await one('queue', { queries: { queue: query } });
    expect(sample).toMatchObject({ kind: 'no_data', reason: expect.stringContaining(reason) });
    expect(sample).not.toHaveProperty('quiet');
  });

  it('a scalar will do', async () => {
    expect(await one('queue', { queries: { queue: 'scalar(queue_depth)' } })).toMatchObject({ value: 4 });
  });

  it("what is no PromQL is the user's, in Prometheus' own words", async () => {
    await expect(one('queue', { queries: { queue: 'sum(' } })).rejects.toMatchObject({
      code: 'CUTOVER_METRICS_QUERY',
      fault: 'user',
      message: expect.stringContaining('parse error'),
    });
    await expect(one('queue', { queries: { queue: 'queue_depth[1m]' } })).rejects.toMatchObject({
      message: expect.stringContaining('matrix'),
    });
  });

  it('a gauge of the metric’s name is the mean over instances and window', async () => {
    expect(await one('queue_depth')).toEqual({ kind: 'value', value: 4, observations: 1, per: 'readings' });
    expect(await one('db_connection_success')).toEqual({
      kind: 'no_data',
      reason: 'no series db_connection_success{service="shop", colour="green"}',
      observations: 0,
    });
  });

  it('processor and memory are the busiest pod’s, of its limit', async () => {
    expect(await one('memory_utilization')).toMatchObject({ value: 75, per: 'readings' });
    const cpu = await one('cpu_utilization');
    expect(cpu).toMatchObject({ kind: 'value', per: 'readings' });
    const none = await one('cpu_utilization', { kubernetes: { pods: '$service-$other-.+' } });
    expect(none).toMatchObject({ reason: expect.stringMatching(/^no series container_cpu_usage.*"shop-blue-\.\+"/) });
    const limitless = await one('memory_utilization', { kubernetes: { pods: 'limitless' } });
    expect(limitless).toMatchObject({ reason: expect.stringMatching(/^no series kube_pod_container_resource_limits/) });
  });

  it('a latency is known within its bucket', async () => {
    const within = { lower: 50, upper: 100 };
    expect(await one('p99_latency')).toMatchObject({ observations: 40, value: expect.closeTo(99.5, 1), within });
  });

  it('a native histogram is found by what is answered, and is as fine as its buckets', async () => {
    const sample = await one('p99_latency', { exporter: 'istio' }, 10_000);
    expect(sample.kind === 'value' && sample.value).toBeGreaterThan(139);
    expect(sample.kind === 'value' && sample.value).toBeLessThan(153);
    expect(sample.observations).toBeGreaterThan(25);
    const { lower = 0, upper = 0 } = sample.kind === 'value' ? (sample.within ?? {}) : {};
    expect(upper / lower).toBeLessThan(1.2);
  });

  it('one sample in the window takes another', async () => {
    const series = 'http_request_duration_seconds_count{service="late"}';
    const late = { service: 'late', colour: 'green', status_code: '200' };
    green.durations.observe(late, 0.06);
    await server.until(series, 1);
    await untilScraped(1);
    const firstMs = 1_000 * Math.min(...(await server.query(`min_over_time(timestamp(${series})[1m:100ms])`)));
    const over = settings(server.url, { service: 'late', ingestion_delay_ms: 0 });
    const { error_rate } = await sampleAll(over, 'green', ['error_rate'], 10_000, firstMs + 100);
    expect(error_rate).toMatchObject({ reason: expect.stringMatching(/^one sample of http_.* and it takes two$/) });
  });
});

/** What cAdvisor and kube-state-metrics say of two pods of green and one without a limit. */
function addPods({ registry }: Instance): void {
  const options = { help: 'Of the test.', labelNames: ['namespace', 'pod', 'container'], registers: [registry] };
  const cpu = new Counter({ name: 'container_cpu_usage_seconds_total', ...options });
  const memory = new Gauge({ name: 'container_memory_working_set_bytes', ...options });
  const limits = new Gauge({
    ...options,
    name: 'kube_pod_container_resource_limits',
    labelNames: [...options.labelNames, 'resource'],
  });
  for (const [pod, used] of [
    ['shop-green-7d9-abcde', 25],
    ['shop-green-7d9-fghij', 75],
    ['limitless', 50],
  ] as const) {
    const labels = { namespace: 'shop', pod, container: 'app' };
    cpu.inc(labels, 1);
    memory.set(labels, used);
    // The sum over a pod, which would count it twice.
    memory.set({ ...labels, container: '' }, 2 * used);
    if (pod === 'limitless') continue;
    limits.set({ ...labels, resource: 'cpu' }, 1);
    limits.set({ ...labels, resource: 'memory' }, 100);
  }
}
