import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScrapeProvider } from '../../../src/adapters/metrics/scrape.ts';
import type { MetricsProvider, Sample } from '../../../src/adapters/types.ts';
import { type MetricsSource, startMetricsSource } from '../../support/metrics-source.ts';

const START_MS = 1_800_000_000_000;
const signal = new AbortController().signal;

let source: MetricsSource;
let nowMs: number;
let open: MetricsProvider[];

beforeEach(async () => {
  source = await startMetricsSource();
  nowMs = START_MS;
  open = [];
});
afterEach(async () => {
  for (const provider of open) provider.close();
  await source.stop();
});

function provider(queries: Record<string, string> = {}, resolutionMs = 1_000): MetricsProvider {
  const made = createScrapeProvider({
    routerMetricsUrl: source.routerUrl,
    platform: source.platform,
    queries,
    resolutionMs,
    now: () => nowMs,
  });
  open.push(made);
  return made;
}

/** The metric over the time since the start, after a look that begins it. */
async function since(of: MetricsProvider, metric: string, colour: 'blue' | 'green' = 'green'): Promise<Sample> {
  const [sample] = await of.sample([{ metric, colour, from_ms: START_MS, to_ms: nowMs }], signal);
  if (sample === undefined) throw new Error('no sample');
  return sample;
}

describe('requests', () => {
  it.each([
    ['http_success_rate', 80],
    ['error_rate', 20],
    ['availability', 90],
  ])('give %s over the span, with the requests behind it', async (metric, value) => {
    source.count('green', 1000, 500);
    const scrape = provider();
    await since(scrape, metric);
    source.count('green', 70, 200);
    source.count('green', 10, 404);
    source.count('green', 10, 500);
    source.count('green', 10, 503);
    nowMs += 5_000;
    expect(await since(scrape, metric)).toMatchObject({ kind: 'value', value, observations: 100 });
  });

  it('count a status code that appears for the first time within the span', async () => {
    source.count('green', 100);
    const scrape = provider();
    await since(scrape, 'error_rate');
    source.count('green', 1, 500);
    nowMs += 1_000;
    expect(await since(scrape, 'error_rate')).toMatchObject({ value: 100, observations: 1 });
  });

  it('give a rate per second, 0 when there are none', async () => {
    const scrape = provider();
    await since(scrape, 'request_rate');
    nowMs += 2_000;
    expect(await since(scrape, 'request_rate')).toMatchObject({ kind: 'value', value: 0 });
    source.count('green', 40);
    nowMs += 2_000;
    expect(await since(scrape, 'request_rate')).toMatchObject({ kind: 'value', value: 10 });
  });

  it('are told apart by colour', async () => {
    const scrape = provider();
    await since(scrape, 'error_rate', 'blue');
    source.count('blue', 10, 500);
    source.count('green', 10);
    nowMs += 1_000;
    expect(await since(scrape, 'error_rate', 'blue')).toMatchObject({ value: 100 });
    expect(await since(scrape, 'error_rate', 'green')).toMatchObject({ value: 0 });
  });

  it('survive a restart of the router: what it shows afterwards came since', async () => {
    source.count('green', 500);
    const scrape = provider();
    await since(scrape, 'error_rate');
    source.count('green', 50);
    nowMs += 1_000;
    await since(scrape, 'error_rate');
    source.restart();
    source.count('green', 30);
    source.count('green', 20, 500);
    nowMs += 1_000;
    expect(await since(scrape, 'error_rate')).toMatchObject({ kind: 'value', value: 20, observations: 100 });
  });
});

describe('latency', () => {
  it('is a quantile of the span in milliseconds', async () => {
    source.count('green', 1000, 200, 0.9);
    const scrape = provider();
    await since(scrape, 'p50_latency');
    source.count('green', 100, 200, 0.03);
    nowMs += 1_000;
    expect(await since(scrape, 'p50_latency')).toMatchObject({ kind: 'value', value: 30, observations: 100 });
  });
});

describe('gauges', () => {
  it('of the instances are averaged over instances and time', async () => {
    const [one, two] = [source.addInstance('green-1', 'green'), source.addInstance('green-2', 'green')];
    one.metrics = 'db_connection_success 100\n';
    two.metrics = 'db_connection_success 98\n';
    const scrape = provider();
    await since(scrape, 'db_connection_success');
    nowMs += 1_000;
    two.metrics = 'db_connection_success 96';
    expect(await since(scrape, 'db_connection_success')).toMatchObject({
      kind: 'value',
      value: 98,
      observations: 1,
      per: 'readings',
    });
  });

  it('of the router give cpu and memory of the worst instance', async () => {
    source.extra = [
      'cutover_instance_cpu_percent{service="checkout",colour="green",instance="a"} 20',
      'cutover_instance_cpu_percent{service="checkout",colour="green",instance="b"} 70',
      'cutover_instance_cpu_percent{service="checkout",colour="blue",instance="c"} 99',
      '',
    ].join('\n');
    const scrape = provider();
    await since(scrape, 'cpu_utilization');
    nowMs += 1_000;
    expect(await since(scrape, 'cpu_utilization')).toMatchObject({ kind: 'value', value: 70, per: 'readings' });
  });

  it.each([
    ['a missing instance', (of: MetricsSource) => Object.assign(of.instances[1] ?? {}, { mode: 'broken' }), 'green-2'],
    [
      'an instance that hangs',
      (of: MetricsSource) => Object.assign(of.instances[1] ?? {}, { mode: 'hang' }),
      'green-2',
    ],
    [
      'an instance without the gauge',
      (of: MetricsSource) => Object.assign(of.instances[1] ?? {}, { metrics: '' }),
      'does not report',
    ],
    [
      'a gauge that is not a number',
      (of: MetricsSource) => Object.assign(of.instances[1] ?? {}, { metrics: 'db_connection_success NaN\n' }),
      'no number',
    ],
    [
      'no ready instance',
      (of: MetricsSource) => of.instances.map((one) => Object.assign(one, { ready: false })),
      'is ready',
    ],
  ])('with %s are no data, and say why', async (_name, harm, reason) => {
    for (const id of ['green-1', 'green-2']) source.addInstance(id, 'green').metrics = 'db_connection_success 100\n';
    const scrape = provider({}, 250);
    await since(scrape, 'db_connection_success');
    harm(source);
    nowMs += 1_000;
    const sample = await since(scrape, 'db_connection_success');
    expect(sample).toMatchObject({ kind: 'no_data' });
    expect(sample.kind === 'no_data' && sample.reason).toContain(reason);
    expect(sample).not.toHaveProperty('quiet');
  });
});

describe('queries of the plan', () => {
  it.each([
    ['per_request orders_total{status="paid"}', 0.5],
    ['rate orders_total{status="paid"}', 10],
    ['ratio orders_total{status="paid"} / orders_total', 0.25],
    ['percent orders_total{status="paid"} / orders_total', 25],
    ['gauge queue_length max', 9],
  ])('%s', async (query, value) => {
    const [one, two] = [source.addInstance('green-1', 'green'), source.addInstance('green-2', 'green')];
    const page = (paid: number, failed: number, queue: number) =>
      `orders_total{status="paid"} ${paid}\norders_total{status="failed"} ${failed}\nqueue_length ${queue}\n`;
    one.metrics = page(100, 0, 1);
    two.metrics = page(7, 7, 1);
    const scrape = provider({ custom: query });
    await since(scrape, 'custom');
    source.count('green', 20);
    one.metrics = page(104, 30, 9);
    two.metrics = page(13, 7, 2);
    nowMs += 1_000;
    expect(await since(scrape, 'custom')).toMatchObject({ kind: 'value', value });
  });

  it('that nobody can read are refused', async () => {
    await expect(since(provider({ custom: 'sum(rate(x[5m]))' }), 'custom')).rejects.toMatchObject({
      code: 'CUTOVER_METRICS_QUERY',
    });
  });
});

describe('no data', () => {
  it('is what zero requests are, and quiet: the source is well', async () => {
    const scrape = provider();
    await since(scrape, 'error_rate');
    nowMs += 5_000;
    expect(await since(scrape, 'error_rate')).toEqual({
      kind: 'no_data',
      reason: 'no requests',
      observations: 0,
      quiet: true,
    });
    expect(await since(scrape, 'p99_latency')).toMatchObject({ kind: 'no_data', quiet: true });
  });

  it('is what a single scrape gives', async () => {
    expect(await since(provider(), 'error_rate')).toMatchObject({
      kind: 'no_data',
      reason: 'there is only one scrape in the span',
    });
  });

  it.each(['hang', 'garbage', 'broken'] as const)(
    'is what a page gives that is %s, though earlier ones were good',
    async (mode) => {
      const scrape = provider({}, 250);
      await since(scrape, 'error_rate');
      source.count('green', 100);
      nowMs += 1_000;
      expect(await since(scrape, 'error_rate')).toMatchObject({ kind: 'value' });
      source.mode = mode;
      nowMs += 1_000;
      const sample = await since(scrape, 'error_rate');
      expect(sample).toMatchObject({ kind: 'no_data' });
      expect(sample).not.toHaveProperty('quiet');
    },
  );

  it("is what another program's page gives", async () => {
    source.mode = 'ok';
    const scrape = createScrapeProvider({
      routerMetricsUrl: `${source.routerUrl.replace('/router', '')}/i/green-1/metrics`,
      platform: source.platform,
      queries: {},
      resolutionMs: 1_000,
      now: () => nowMs,
    });
    open.push(scrape);
    source.addInstance('green-1', 'green').metrics = 'up 1\n';
    await since(scrape, 'error_rate');
    nowMs += 1_000;
    expect(await since(scrape, 'error_rate')).toMatchObject({
      kind: 'no_data',
      reason: expect.stringContaining('router'),
    });
  });
});

describe('watchers of one target', () => {
  it('scrape together', async () => {
    const [one, two] = [provider(), provider()];
    await Promise.all([since(one, 'error_rate'), since(two, 'error_rate')]);
    const served = source.served;
    nowMs += 1_000;
    await Promise.all([since(one, 'error_rate'), since(two, 'p99_latency')]);
    expect(source.served).toBe(served + 1);
  });

  it('scrape nothing once all have closed, and begin anew', async () => {
    const one = provider();
    await since(one, 'error_rate');
    one.close();
    source.count('green', 50);
    nowMs += 1_000;
    expect(await since(provider(), 'error_rate')).toMatchObject({ kind: 'no_data' });
  });
});

describe('a checkpoint', () => {
  it('lets a successor in another process answer for the whole span, the hole included', async () => {
    source.count('green', 5_000);
    const before = provider();
    await since(before, 'error_rate');
    source.count('green', 90);
    nowMs += 10_000;
    await since(before, 'error_rate');
    const checkpoint: unknown = JSON.parse(JSON.stringify(before.checkpoint(START_MS)));
    before.close();
    source.count('green', 10, 500);
    nowMs += 10_000;
    const after = provider();
    after.restore(checkpoint);
    expect(await since(after, 'error_rate')).toMatchObject({ kind: 'value', value: 10, observations: 100 });
    source.count('green', 100);
    nowMs += 1_000;
    expect(await since(after, 'error_rate')).toMatchObject({ kind: 'value', value: 5, observations: 200 });
    expect(await since(after, 'p50_latency')).toMatchObject({ observations: 200 });
  });

  it('of a window is exact when the router restarted in the hole', async () => {
    source.count('green', 5_000);
    const before = provider();
    await since(before, 'error_rate');
    source.count('green', 60);
    nowMs += 10_000;
    await since(before, 'error_rate');
    const checkpoint = before.checkpoint(START_MS);
    before.close();
    source.restart();
    source.count('green', 40, 500);
    nowMs += 10_000;
    const after = provider();
    after.restore(checkpoint);
    expect(await since(after, 'error_rate')).toMatchObject({ kind: 'value', value: 40, observations: 100 });
  });

  it('is taken in beside a watcher that is there already', async () => {
    const before = provider();
    await since(before, 'error_rate');
    source.count('green', 60);
    nowMs += 10_000;
    await since(before, 'error_rate');
    const checkpoint = before.checkpoint(START_MS);
    before.close();
    source.count('green', 20);
    nowMs += 5_000;
    const other = provider();
    await since(other, 'error_rate');
    const after = provider();
    after.restore(checkpoint);
    source.count('green', 20, 500);
    nowMs += 5_000;
    expect(await since(after, 'error_rate')).toMatchObject({ kind: 'value', value: 20, observations: 100 });
  });

  it('carries gauges too', async () => {
    const one = source.addInstance('green-1', 'green');
    one.metrics = 'db_connection_success 100\n';
    const before = provider();
    for (let tick = 0; tick < 5; tick += 1) {
      await since(before, 'db_connection_success');
      before.checkpoint(START_MS);
      nowMs += 1_000;
    }
    const checkpoint = before.checkpoint(START_MS);
    before.close();
    one.metrics = 'db_connection_success 50\n';
    const after = provider();
    after.restore(checkpoint);
    expect(await since(after, 'db_connection_success')).toMatchObject({ value: 90, observations: 5 });
  });

  it('that is damaged is dropped', async () => {
    const after = provider();
    after.restore({ v: 1, series: [['router', 'pink']] });
    await since(after, 'error_rate');
    source.count('green', 50);
    nowMs += 1_000;
    expect(await since(after, 'error_rate')).toMatchObject({ value: 0, observations: 50 });
  });

  it('stays small and the memory bounded over an hour', async () => {
    const scrape = provider();
    for (let tick = 0; tick < 400; tick += 1) {
      source.count('green', 100, 200, 0.02 + (tick % 7) / 10);
      nowMs += 9_000;
      await scrape.sample([{ metric: 'error_rate', colour: 'green', from_ms: nowMs - 10_000, to_ms: nowMs }], signal);
    }
    expect(JSON.stringify(scrape.checkpoint(START_MS)).length).toBeLessThan(4_000);
  });
});
