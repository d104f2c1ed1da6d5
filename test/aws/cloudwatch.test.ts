import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAdapters } from '../../src/adapters/registry.ts';
import type { MetricsProvider, SampleQuery } from '../../src/adapters/types.ts';
import type { Colour } from '../../src/plan/types.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { changedResult, type Datum, points, putMetricData } from '../support/aws/metric-data.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';
import { watchInput } from '../support/watch-world.ts';
import { load } from '../unit/plan/support.ts';

const moto = await requirePart('moto', openAwsStage);
const MINUTE = 60_000;
const ELB = `arn:aws:elasticloadbalancing:${REGION}:123456789012`;
const LoadBalancer = 'app/shop/50dc6c495c0c9188';
const groupOf = (colour: Colour) => `targetgroup/shop-${colour}/73e2d6bc24d8a067`;

const PLAN = `
platform: {ecs: {cluster: production, services: {blue: shop-blue, green: shop-green}}}
router:
  alb:
    listener: ${ELB}:listener/${LoadBalancer}/f2f7dc8efc522ab2
    target_groups: {blue: "${ELB}:${groupOf('blue')}", green: "${ELB}:${groupOf('green')}"}
`;

moto.suite('metrics of CloudWatch', () => {
  let stage: AwsStage;
  /** Of the latest minute whose data points have come. */
  let endMs: number;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  function provider(metrics = '{}'): MetricsProvider {
    const { plan } = load(`${PLAN}metrics: {cloudwatch: ${metrics}}`, ['service=shop', 'version=2.0.0']);
    const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => undefined });
    const { platform, router } = plan;
    return adapters.metrics({ ...watchInput({}).target, platform, router, metrics: plan.metrics, service: 'shop' });
  }

  const signal = () => AbortSignal.timeout(10_000);
  const calls = () => stage.proxy.calls.filter(({ action }) => action === 'GetMetricData');

  /** Each test has minutes of its own, since moto forgets nothing: `minutes` before the latest that is due. */
  let used = 0;
  function freshMinutes(count: number): number[] {
    const nowMs = Date.now();
    endMs = Math.floor((nowMs - MINUTE) / MINUTE) * MINUTE - used * MINUTE;
    used += count + 10;
    return Array.from({ length: count }, (_, index) => endMs - (count - index) * MINUTE);
  }

  const window = (metric: string, colour: Colour, minutes: number): SampleQuery => ({
    metric,
    colour,
    from_ms: endMs - minutes * MINUTE,
    to_ms: endMs + MINUTE,
  });

  const ofGroup = (metric: string, colour: Colour, atMs: number, value: number): Datum => ({
    namespace: 'AWS/ApplicationELB',
    metric,
    dimensions: { LoadBalancer, TargetGroup: groupOf(colour) },
    atMs,
    value,
  });
  const ofBalancer = (atMs: number, value: number): Datum => ({
    namespace: 'AWS/ApplicationELB',
    metric: 'RequestCount',
    dimensions: { LoadBalancer },
    atMs,
    value,
  });
  const ofService = (metric: string, colour: Colour, atMs: number, value: number): Datum => ({
    namespace: 'AWS/ECS',
    metric,
    dimensions: { ClusterName: 'production', ServiceName: `shop-${colour}` },
    atMs,
    value,
  });

  it('come of both colours, of load balancer and services, in one call', async () => {
    const minutes = freshMinutes(5);
    await putMetricData(stage.direct, [
      ...minutes.flatMap((atMs) => [
        ofGroup('RequestCount', 'green', atMs, 200),
        ofGroup('RequestCount', 'blue', atMs, 1_000),
        ofGroup('HTTPCode_Target_2XX_Count', 'green', atMs, 196),
        ofService('CPUUtilization', 'green', atMs, 40),
        ofService('MemoryUtilization', 'green', atMs, 60),
      ]),
      ofGroup('HTTPCode_Target_5XX_Count', 'green', minutes[2] ?? 0, 10),
      ofGroup('TargetConnectionErrorCount', 'green', minutes[3] ?? 0, 5),
    ]);
    const before = calls().length;
    const latencies = new Map(minutes.map((atMs, index): [number, number] => [atMs, 0.1 * (index + 1)]));
    stage.proxy.intercept(
      isAction('GetMetricData'),
      changedResult('_p99', (result) => ({ ...result, ...points(latencies) })),
    );
    const found = await provider().sample(
      [
        window('error_rate', 'green', 5),
        window('http_success_rate', 'green', 5),
        window('availability', 'green', 5),
        window('request_rate', 'green', 5),
        window('p99_latency', 'green', 5),
        window('cpu_utilization', 'green', 5),
        window('memory_utilization', 'green', 5),
        window('error_rate', 'blue', 5),
        window('error_rate', 'green', 2),
      ],
      signal(),
    );
    const requests = { kind: 'value', observations: 1_000, span_ms: 6 * MINUTE };
    const gauge = { kind: 'value', observations: 1, per: 'readings', span_ms: 6 * MINUTE };
    expect(found).toEqual([
      { ...requests, value: 1.5 },
      { ...requests, value: 98.5 },
      { ...requests, value: 99 },
      { ...requests, value: 1_000 / 300, per: 'readings' },
      { ...requests, value: expect.closeTo(300, 6) },
      { ...gauge, value: 40 },
      { ...gauge, value: 60 },
      // Errors that nobody counted, of requests that somebody did, are none.
      { ...requests, value: 0, observations: 5_000 },
      { ...requests, value: (100 * 5) / 400, observations: 400, span_ms: 3 * MINUTE },
    ]);
    expect(calls().length - before).toBe(1);
    expect(calls().at(-1)).toMatchObject({ service: 'monitoring', region: REGION });
  });

  it('of a longer window in the same tick take no call more', async () => {
    const minutes = freshMinutes(10);
    await putMetricData(
      stage.direct,
      minutes.map((atMs) => ofGroup('RequestCount', 'green', atMs, 3)),
    );
    const source = provider();
    const before = calls().length;
    const [short] = await source.sample([window('error_rate', 'green', 2)], signal());
    const [long] = await source.sample([window('error_rate', 'green', 10)], signal());
    expect([short, long]).toMatchObject([{ observations: 6 }, { observations: 30 }]);
    expect(calls().length - before).toBe(1);
  });

  it('of a colour that nothing reached are none, while others were counted', async () => {
    const minutes = freshMinutes(3);
    await putMetricData(
      stage.direct,
      minutes.map((atMs) => ofBalancer(atMs, 50)),
    );
    const found = await provider().sample(
      [window('request_rate', 'blue', 3), window('error_rate', 'blue', 3), window('p99_latency', 'blue', 3)],
      signal(),
    );
    expect(found).toEqual([
      { kind: 'value', value: 0, observations: 0, per: 'readings', span_ms: 4 * MINUTE },
      { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true },
      { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true },
    ]);
  });

  it('of which nothing at all was told are no data, and never zero', async () => {
    freshMinutes(3);
    const [found] = await provider().sample([window('request_rate', 'blue', 3)], signal());
    expect(found).toMatchObject({ kind: 'no_data', observations: 0 });
    expect(found).not.toHaveProperty('quiet');
  });

  it('that come late are no data, and judged once they are there', async () => {
    const [first = 0, second = 0, third = 0] = freshMinutes(3);
    await putMetricData(
      stage.direct,
      [first, second].map((atMs) => ofGroup('RequestCount', 'green', atMs, 100)),
    );
    const late = await provider().sample([window('error_rate', 'green', 3)], signal());
    expect(late).toEqual([
      {
        kind: 'no_data',
        observations: 0,
        reason: expect.stringMatching(/^late: RequestCount of app\/shop.* 1m .*ingestion_delay/),
      },
    ]);
    await putMetricData(stage.direct, [ofGroup('RequestCount', 'green', third, 100)]);
    expect(await provider().sample([window('error_rate', 'green', 3)], signal())).toMatchObject([
      { kind: 'value', observations: 300 },
    ]);
  });

  it('of a span that has just begun are due at a time that is told, without a call', async () => {
    const before = calls().length;
    const nowMs = Date.now();
    const [found] = await provider().sample(
      [{ metric: 'error_rate', colour: 'green', from_ms: nowMs - 30_000, to_ms: nowMs }],
      signal(),
    );
    expect(found).toEqual({
      kind: 'no_data',
      observations: 0,
      reason: expect.stringMatching(/^the first data point of the window, of \d\d:\d\d:00, is due at \d\d:\d\d:00$/),
    });
    expect(calls().length).toBe(before);
  });

  it('of a time long past are judged as they were', async () => {
    const minutes = freshMinutes(4);
    await putMetricData(
      stage.direct,
      minutes.flatMap((atMs) => [
        ofGroup('RequestCount', 'green', atMs, 50),
        ofGroup('HTTPCode_Target_5XX_Count', 'green', atMs, 5),
      ]),
    );
    expect(await provider().sample([window('error_rate', 'green', 4)], signal())).toMatchObject([
      { kind: 'value', value: 10, observations: 200 },
    ]);
  });

  describe('of the plan itself', () => {
    const ORDERS =
      '{namespace: Shop, series: {orders: {metric: Orders, dimensions: {Service: $service, Colour: $colour}}}';
    const order = (atMs: number, value: number): Datum => ({
      namespace: 'Shop',
      metric: 'Orders',
      dimensions: { Service: 'shop', Colour: 'green' },
      atMs,
      value,
    });

    it('are the mean of a series, and a reading', async () => {
      const [first = 0, second = 0] = freshMinutes(2);
      await putMetricData(stage.direct, [order(first, 4), order(second, 8)]);
      const source = provider(`${ORDERS}, queries: {orders_placed: orders}}`);
      expect(await source.sample([window('orders_placed', 'green', 2)], signal())).toEqual([
        { kind: 'value', value: 6, observations: 1, per: 'readings', span_ms: 3 * MINUTE },
      ]);
    });

    it('are an expression over series, weighted by what was observed', async () => {
      const [first = 0, second = 0] = freshMinutes(2);
      await putMetricData(stage.direct, [
        order(first, 4),
        order(second, 30),
        ofGroup('RequestCount', 'green', first, 40),
        ofGroup('RequestCount', 'green', second, 60),
      ]);
      const source = provider(
        `${ORDERS}, queries: {business_metric: orders / requests}, counts: {business_metric: requests}}`,
      );
      const ratios = points([
        [first, 0.1],
        [second, 0.5],
      ]);
      stage.proxy.intercept(
        isAction('GetMetricData'),
        changedResult('green_query_business_metric', (result) => ({ ...result, ...ratios })),
      );
      const found = await source.sample([window('business_metric', 'green', 2)], signal());
      expect(found).toEqual([
        { kind: 'value', value: expect.closeTo(0.34, 9), observations: 100, span_ms: 3 * MINUTE },
      ]);
      const asked = JSON.parse(calls().at(-1)?.body ?? '{}') as { MetricDataQueries: Record<string, unknown>[] };
      expect(asked.MetricDataQueries).toContainEqual({
        Id: 'green_query_business_metric',
        Expression: 'green_s_orders / green_s_requests',
        ReturnData: true,
      });
      expect(asked.MetricDataQueries).toContainEqual(
        expect.objectContaining({ Id: 'green_s_orders', ReturnData: false }),
      );
    });
  });
});
