/** The provider's own queries where a server fails or says odd things, and how plans come to a provider. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAdapters } from '../../../../src/adapters/registry.ts';
import { sampleAll, settings } from '../../../support/prometheus-provider.ts';
import { load } from '../../plan/support.ts';
import { type FakeServer, refusal, startFake, success, vector } from './fake-server.ts';

const METRICS = ['error_rate', 'p99_latency', 'business_metric', 'cpu_utilization'] as const;
let server: FakeServer;
beforeEach(async () => {
  server = await startFake(vector());
});
afterEach(() => server.close());

const all = (over = {}) => sampleAll(settings(server.url, over), 'green', METRICS, 10_000);

describe('the built-in queries', () => {
  it('share their questions', async () => {
    server.answer = vector([{ status_code: '200', le: '+Inf' }, '5']);
    await all();
    // By status, by bucket, the business counter, processor.
    expect(new Set(server.asked.map(({ query }) => query)).size).toBe(4);
    expect(server.asked).toHaveLength(4);
  });

  it('are no data where the server fails', async () => {
    server.answer = refusal(500, 'internal', 'oh');
    const reason = expect.stringContaining('500: internal: oh');
    for (const sample of Object.values(await all()))
      expect(sample).toEqual({ kind: 'no_data', reason, observations: 0 });
  });

  it('are no data where only a part of what they need is answered', async () => {
    const refuse = (part: string, then: FakeServer['answer']): FakeServer['answer'] => {
      return (response, query) => (query.includes(part) ? refusal(422, 'execution', 'odd') : then)(response, query);
    };
    const requests = vector([{ status_code: '200' }, '5']);
    server.answer = refuse('sum by (status_code)', vector([{ le: '+Inf' }, '5']));
    expect(await all()).toMatchObject({ p99_latency: { reason: expect.stringContaining('odd') } });
    server.answer = refuse('business_metric_total', requests);
    expect(await all()).toMatchObject({ business_metric: { reason: expect.stringContaining('odd') } });
    server.answer = (response, query) =>
      (query.includes('business') ? vector([{}, '0']) : vector([{ status_code: '200' }, '0']))(response);
    expect(await all()).toMatchObject({ business_metric: { reason: 'no requests', quiet: true } });
    const histogram = { metric: {}, histogram: [1, { count: '5', sum: '1' }] };
    const native = success({ resultType: 'vector', result: [histogram] });
    server.answer = refuse('histogram_quantile', (response, query) =>
      (query.includes('le)') ? native : requests)(response),
    );
    expect(await all()).toMatchObject({ p99_latency: { kind: 'no_data', reason: expect.stringContaining('odd') } });
  });

  it('an exporter that lacks a metric is not asked for it', async () => {
    const { p99_latency } = await sampleAll(
      settings(server.url, { exporter: 'haproxy' }),
      'green',
      ['p99_latency'],
      1_000,
    );
    expect(p99_latency).toMatchObject({ kind: 'no_data', reason: expect.stringContaining('haproxy has no histogram') });
    expect(server.asked).toEqual([]);
  });
});

describe('from a plan', () => {
  const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => undefined });
  const span = { metric: 'queue', colour: 'blue' as const, from_ms: 0, to_ms: Date.now() };

  it.each([
    '{prometheus: {url: "URL", queries: {queue: q}}}',
    '{web: {url: "URL/api/v1/query", queries: {queue: "$.data.result[0].value[1]"}}}',
  ])('%s is a provider', async (metrics) => {
    server.answer = vector([{}, '7']);
    const text = `metrics: ${metrics}`.replace('URL', server.url);
    const needed = text.includes('web')
      ? '\nblue_green_switch: {validation_phases: {full_switch: {rollback_triggers: [queue > 9]}}}'
      : '';
    const provider = adapters.metrics(load(text + needed).plan);
    const [sample] = await provider.sample([span], AbortSignal.timeout(5_000));
    expect(sample).toMatchObject({ kind: 'value', value: 7 });
  });

  it('that somebody sent raw and wrong is refused with the key', () => {
    const { plan } = load('metrics: {prometheus: {url: "http://p:9090"}}');
    const metrics = { ...plan.metrics, config: { ...plan.metrics.config, exporter: 'nodejs' } };
    expect(() => adapters.metrics({ ...plan, metrics })).toThrow(/prometheus\.exporter is not right/);
  });
});
