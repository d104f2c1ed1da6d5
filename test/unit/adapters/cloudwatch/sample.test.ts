/** From data points to samples, without CloudWatch. */
import { describe, expect, it } from 'vitest';
import { definitionsOf } from '../../../../src/adapters/metrics/cloudwatch/definitions.ts';
import { definitionsIn, needOf } from '../../../../src/adapters/metrics/cloudwatch/needs.ts';
import type { Found } from '../../../../src/adapters/metrics/cloudwatch/points.ts';
import { sampleOf } from '../../../../src/adapters/metrics/cloudwatch/sample.ts';
import { wholePeriods } from '../../../../src/adapters/metrics/cloudwatch/span.ts';
import type { Sample } from '../../../../src/adapters/types.ts';

const MINUTE = 60_000;
const PACE = { period_ms: MINUTE, ingestion_delay_ms: MINUTE };
const BALANCED = { LoadBalancer: 'app/shop/1', TargetGroup: 'targetgroup/shop/1' };
const PLACES = { platform: { kind: 'ecs' }, router: { kind: 'local' } };

/** Series → minute → value; the window is the minutes 10, 11 and 12. */
type Given = Record<string, Record<number, number>>;

function sampled(
  metric: string,
  given: Given,
  own: { queries?: Record<string, string>; counts?: Record<string, string> } = {},
): Sample {
  const dimensions = { blue: {}, green: { ...BALANCED, ClusterName: 'c', ServiceName: 's' } };
  const settings = { series: {}, dimensions, period_ms: MINUTE };
  const variables = { service: 'shop', environment: 'test', colour: 'green' as const, windowMs: 4 * MINUTE };
  const definitions = definitionsOf(settings, PLACES, variables);
  const need = needOf(metric, { queries: {}, counts: {}, ...own }, definitions);
  const found = new Map<string, Found>(
    definitionsIn(need).map(({ id }) => {
      const points = Object.entries(given[id.replace(/^green_(s_)?/, '')] ?? {});
      return [
        id,
        { kind: 'points', points: new Map(points.map(([minute, value]) => [Number(minute) * MINUTE, value])) },
      ];
    }),
  );
  return sampleOf(need, { span: { fromMs: 10 * MINUTE, toMs: 13 * MINUTE }, windowMs: 4 * MINUTE, pace: PACE, found });
}

const REQUESTS = { 10: 100, 11: 100, 12: 100 };
const quiet = (reason: string) => ({ kind: 'no_data', observations: 0, reason, quiet: true });

describe('a span', () => {
  it.each([
    [0, 5, 0, 4],
    [0.5, 5, 1, 4],
    [0, 5.9, 0, 4],
    [1, 1.5, 1, 0],
  ])('from minute %d to %d is judged from %d to %d', (from, to, first, last) => {
    expect(wholePeriods(from * MINUTE, to * MINUTE, PACE)).toEqual({ fromMs: first * MINUTE, toMs: last * MINUTE });
  });

  it('of seconds is judged in seconds', () => {
    const pace = { period_ms: 10_000, ingestion_delay_ms: 5_000 };
    expect(wholePeriods(1_001, 65_000, pace)).toEqual({ fromMs: 10_000, toMs: 60_000 });
  });
});

describe('a share of requests', () => {
  it('is of what was counted in the window alone', () => {
    const given = {
      requests: { ...REQUESTS, 9: 999, 13: 999 },
      responses_5xx: { 9: 9, 11: 3, 13: 9 },
      connection_errors: {},
    };
    expect(sampled('error_rate', given)).toEqual({ kind: 'value', value: 1, observations: 300, span_ms: 4 * MINUTE });
  });

  it('counts requests that reached no target as failed', () => {
    const given = { requests: REQUESTS, connection_errors: { 12: 30 } };
    expect(sampled('error_rate', given)).toMatchObject({ value: 10 });
    expect(sampled('http_success_rate', given)).toMatchObject({ value: 90 });
  });

  it('is never above 100 %, though a response may be counted a minute after its request', () => {
    expect(sampled('error_rate', { requests: { 12: 10 }, responses_5xx: { 12: 12 } })).toMatchObject({ value: 100 });
    const answered = { responses_2xx: { 12: 12 }, responses_4xx: { 12: 1 } };
    expect(sampled('availability', { requests: { 12: 10 }, ...answered })).toMatchObject({ value: 100 });
  });

  it('without requests is quiet where CloudWatch told something of the same minute', () => {
    expect(sampled('error_rate', { healthy_hosts: { 12: 2 } })).toEqual(quiet('no requests'));
    expect(sampled('request_rate', { all_requests: { 12: 90 } })).toMatchObject({ kind: 'value', value: 0 });
  });

  it('whose first minute is missing does not claim the whole window', () => {
    expect(sampled('error_rate', { requests: { 12: 10 } })).toEqual({ kind: 'value', value: 0, observations: 10 });
  });

  it.each<[string, Given]>([
    ['nothing was told of', {}],
    ['only something older was told of', { requests: { 9: 100, 10: 100, 11: 100 } }],
    ['only something of the future was told of', { requests: { 13: 100, 14: 100 } }],
  ])('%s is no data, and not quiet', (_, given) => {
    const found = sampled('error_rate', given);
    expect(found).toMatchObject({ kind: 'no_data', observations: 0 });
    expect(found).not.toHaveProperty('quiet');
  });

  it('that is late says what is missing', () => {
    expect(sampled('error_rate', { requests: { 10: 100 } })).toMatchObject({
      reason:
        'late: RequestCount of app/shop/1, targetgroup/shop/1 has no data point of 00:12:00 yet, 1m (`ingestion_delay`) ' +
        'after its period; the newest is of 00:10:00',
    });
  });
});

describe('a latency', () => {
  it('is weighted by the requests of each minute, in milliseconds', () => {
    const given = { requests: { 10: 100, 12: 300 }, response_time_p99: { 10: 0.4, 11: 9, 12: 0.2 } };
    expect(sampled('p99_latency', given)).toEqual({
      kind: 'value',
      value: expect.closeTo(250, 9),
      observations: 400,
      span_ms: 4 * MINUTE,
    });
  });

  it('counts only requests whose minute has it', () => {
    const given = { requests: { 10: 100, 12: 300 }, response_time_p50: { 12: 0.2 } };
    expect(sampled('p50_latency', given)).toMatchObject({ value: 200, observations: 300 });
  });

  it('is no data while requests have no response times', () => {
    expect(sampled('p95_latency', { requests: REQUESTS })).toEqual({
      kind: 'no_data',
      observations: 0,
      reason: '300 requests, and no response times yet',
    });
  });
});

describe('a gauge', () => {
  it('is the mean of its data points', () => {
    expect(sampled('cpu_utilization', { cpu: { 10: 20, 12: 40 } })).toMatchObject({ value: 30, per: 'readings' });
  });

  it('without its newest data point is no data', () => {
    expect(sampled('memory_utilization', { memory: { 10: 20, 11: 20 } })).toMatchObject({ kind: 'no_data' });
  });
});

describe("a plan's own query", () => {
  const own = { queries: { orders: 'a_query_of / requests' }, counts: { orders: 'requests' } };

  it('of a name that is no series is no data', () => {
    expect(sampled('orders', {}, own)).toMatchObject({ reason: 'there is no series a_query_of of green' });
  });

  it('with nothing observed is quiet while the load balancer counts others', () => {
    const counted = { queries: { slow: 'response_time * 2' }, counts: { slow: 'requests' } };
    expect(sampled('slow', { all_requests: { 12: 5 } }, counted)).toEqual(quiet('nothing was observed'));
  });

  it('without data points is no data though others are there', () => {
    const alone = { queries: { errors: 'responses_5xx' } };
    expect(sampled('errors', { requests: REQUESTS }, alone)).toMatchObject({
      kind: 'no_data',
      reason: expect.stringContaining('FILL'),
    });
  });

  it('replaces a built-in metric', () => {
    expect(sampled('error_rate', { cpu: { 12: 7 } }, { queries: { error_rate: 'cpu' } })).toMatchObject({ value: 7 });
  });
});

it('a metric that is no built-in one says that it needs a query', () => {
  expect(sampled('queue_length', {})).toMatchObject({ kind: 'no_data', reason: expect.stringContaining('queries') });
});
