/** The built-in queries on requests, against a real Prometheus that reads the pages every second. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requirePart } from '../../support/parts.ts';
import { type Prometheus, prometheusVersion, startPrometheus } from '../../support/prometheus.ts';
import { sampleAll, settings } from '../../support/prometheus-provider.ts';
import { type Instance, startInstance, untilScraped } from './support.ts';

const prometheus = await requirePart('prometheus', prometheusVersion);
const REQUESTS = ['http_success_rate', 'error_rate', 'availability', 'request_rate', 'p99_latency'] as const;

prometheus.suite('requests counted by a real Prometheus', () => {
  let server: Prometheus;
  let blue: Instance;
  let green: Instance;
  const sample = (colour: 'blue' | 'green', windowMs: number, atMs?: number) =>
    sampleAll(settings(server.url), colour, REQUESTS, windowMs, atMs);

  beforeAll(async () => {
    [blue, green] = [await startInstance('blue'), await startInstance('green')];
    server = await startPrometheus({ jobs: { shop: [blue.host, green.host] } });
    blue.request(200, 0.02, 10);
    await server.until('count_over_time(http_request_duration_seconds_count{colour="blue"}[1m])', 3);
  });
  afterAll(async () => {
    await server?.stop();
    await Promise.all([blue?.close(), green?.close()]);
  });

  it('a colour without any series is no data that names what was looked for', async () => {
    const { error_rate, p99_latency } = await sample('green', 10_000);
    expect(error_rate).toEqual({
      kind: 'no_data',
      reason: 'no series http_request_duration_seconds_count{service="shop", colour="green"}',
      observations: 0,
    });
    expect(p99_latency).toMatchObject({ kind: 'no_data', reason: expect.stringContaining('seconds_bucket{') });
  });

  it('a colour that counts nothing is quiet: 0 ÷ 0 is not 0 %', async () => {
    const samples = await sample('blue', 2_000);
    const quiet = { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true };
    expect(samples).toMatchObject({
      http_success_rate: quiet,
      error_rate: quiet,
      availability: quiet,
      p99_latency: quiet,
    });
  });

  it('a first burst of errors counts from its first scrape, and every request exactly once', async () => {
    blue.request(200, 0.02, 80);
    blue.request(503, 0.2, 20);
    await untilScraped(2);
    // Prometheus has known the page for so long.
    const samples = await sample('blue', 3_000);
    const observed = { kind: 'value', observations: 100, span_ms: 3_000 };
    expect(samples.error_rate).toEqual({ ...observed, value: 20 });
    expect(samples.http_success_rate).toEqual({ ...observed, value: 80 });
    expect(samples.availability).toEqual({ ...observed, value: 80 });
    expect(samples.request_rate).toEqual({ ...observed, value: 100 / 3, per: 'readings' });
    // Within (100 ms, 250 ms], at 19/20 of its 20 requests: 242.5 ms, give or take what `increase` guesses of the others.
    expect(samples.p99_latency).toMatchObject(observed);
    expect(samples.p99_latency.kind === 'value' && samples.p99_latency.value).toBeGreaterThan(225);
  });

  it('it counts in a window, too, that is older than the page', async () => {
    const { error_rate } = await sample('blue', 60_000);
    expect(error_rate).toMatchObject({ kind: 'value', observations: 100, value: expect.closeTo(20, 5) });
    expect(error_rate).not.toHaveProperty('span_ms');
  });

  it('the same span is the same data, however late it is asked for', async () => {
    const atMs = Date.now();
    const first = await sample('blue', 5_000, atMs);
    await untilScraped(2);
    expect(await sample('blue', 5_000, atMs)).toEqual(first);
  });

  it('a fresh candidate counts what was seen between its scrapes, never more', async () => {
    green.request(200, 0.02, 30);
    await server.until('count_over_time(http_request_duration_seconds_count{colour="green"}[1m])', 1);
    green.request(200, 0.02, 10);
    await untilScraped(2);
    const { error_rate } = await sample('green', 10_000);
    expect(error_rate).toMatchObject({ kind: 'value', value: 0 });
    expect(error_rate.observations).toBe(10);
  });

  it('a counter that starts again loses what it had, not what it counts', async () => {
    green.request(200, 0.02, 100);
    await untilScraped(2);
    green.restart();
    green.request(200, 0.02, 40);
    green.request(500, 0.02, 10);
    await untilScraped(2);
    const { error_rate } = await sample('green', 10_000);
    expect(error_rate.kind).toBe('value');
    expect(error_rate.observations).toBeGreaterThanOrEqual(50);
    expect(error_rate.observations).toBeLessThanOrEqual(200);
    expect(error_rate.kind === 'value' && error_rate.value).toBeGreaterThan(0);
  });

  it('a page that is gone is stale', async () => {
    await green.close();
    await untilScraped(4);
    const { error_rate } = await sample('green', 2_000);
    expect(error_rate).toMatchObject({ kind: 'no_data', reason: expect.stringMatching(/^stale: no sample of http_/) });
  });
});
