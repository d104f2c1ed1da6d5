/** What GetMetricData may answer instead of the data: none of it is a value, and the next tick has one. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCloudWatchProvider } from '../../src/adapters/metrics/cloudwatch.ts';
import type { SampleQuery } from '../../src/adapters/types.ts';
import { type AwsFault, isAction, refused, slow, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { changed, changedResult, putMetricData, type Result } from '../support/aws/metric-data.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const MINUTE = 60_000;
const BALANCED = { LoadBalancer: 'app/shop/1', TargetGroup: 'targetgroup/shop-green/1' };
/** A client that was throttled asks more slowly: each test has one of its own, by its region. */
const REGIONS = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ...['eu-north-1', 'eu-south-1', 'ap-south-1', 'ap-east-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ca-central-1', 'sa-east-1', 'me-south-1', 'af-south-1'],
];

moto.suite('GetMetricData', () => {
  let stage: AwsStage;
  const unused = [...REGIONS];
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  const signal = () => AbortSignal.timeout(15_000);
  const isAsked = isAction('GetMetricData');
  const asked = () => stage.proxy.calls.filter(isAsked);

  /** Two minutes of 100 requests each, one of them failed. */
  async function opened(queries: Record<string, string> = {}) {
    const region = unused.shift() ?? 'eu-west-1';
    const endMs = Math.floor((Date.now() - MINUTE) / MINUTE) * MINUTE;
    const data = [endMs - 2 * MINUTE, endMs - MINUTE].map((atMs) => ({
      namespace: 'AWS/ApplicationELB',
      dimensions: BALANCED,
      metric: 'RequestCount',
      atMs,
      value: 100,
    }));
    const [first] = data;
    const failed = first === undefined ? [] : [{ ...first, metric: 'HTTPCode_Target_5XX_Count', value: 2 }];
    await putMetricData({ ...stage.direct, region }, [...data, ...failed]);
    const make = () =>
      createCloudWatchProvider({
        ...{ region, period_ms: MINUTE, ingestion_delay_ms: MINUTE, series: {}, counts: {}, queries },
        ...{ service: 'shop', environment: 'test', resolutionMs: MINUTE, windowMs: 2 * MINUTE },
        dimensions: { blue: {}, green: BALANCED },
        places: { platform: { kind: 'ecs' }, router: { kind: 'alb' } },
      });
    const query = (metric: string): SampleQuery => ({
      ...{ metric, colour: 'green', from_ms: endMs - 2 * MINUTE, to_ms: endMs + MINUTE },
    });
    return { provider: make(), make, query };
  }

  const VALUE = { kind: 'value', value: 1, observations: 200, span_ms: 3 * MINUTE };

  it.each<[string, AwsFault, number, RegExp]>([
    ['throttled, five times,', throttled, 5, /throttled, retrying: cloudwatch:GetMetricData|did not answer within 2s/],
    ['answered with 500, five times,', unwell, 5, /InternalFailure|did not answer within 2s/],
    ['cut off before it, five times,', cutBefore, 5, /cloudwatch:GetMetricData on \*|did not answer within 2s/],
    ['cut off after it, five times,', cutAfter, 5, /cloudwatch:GetMetricData on \*|did not answer within 2s/],
    ['answered too late', slow(4_000), 5, /did not answer within 2s/],
    [
      'not allowed',
      refused(400, 'AccessDeniedException', 'not authorized'),
      1,
      /"Action":"cloudwatch:GetMetricData","Resource":"\*"/,
    ],
    ['of credentials that expired', refused(400, 'ExpiredTokenException', 'expired'), 1, /ExpiredToken/],
    ['of a token that is none', refused(400, 'InvalidNextToken', 'bad token'), 1, /InvalidNextToken/],
    [
      'without its newest data point, as a stale read has it,',
      changedResult('_requests', dropNewest),
      1,
      /^late: RequestCount/,
    ],
    [
      'answered in part',
      changedResult('_requests', (one) => ({ ...one, StatusCode: 'PartialData' })),
      1,
      /PartialData/,
    ],
    [
      'answered with an error of CloudWatch',
      changedResult('_responses_5xx', (one) => ({
        ...one,
        StatusCode: 'InternalError',
        Messages: [{ Code: 'x', Value: 'try again' }],
      })),
      1,
      /InternalError\): try again/,
    ],
    [
      'not shared by its account',
      changedResult('_requests', (one) => ({ ...one, StatusCode: 'Forbidden' })),
      1,
      /Forbidden/,
    ],
    [
      'with NaN',
      changedResult('_requests', (one) => ({ ...one, Values: one.Values.map(() => 'NaN') })),
      1,
      /no number/,
    ],
    [
      'without a series',
      changed((answer) => ({ ...answer, MetricDataResults: answer.MetricDataResults.slice(1) })),
      1,
      /did not answer it/,
    ],
    ['with nothing', changed(() => ({ MetricDataResults: [] })), 1, /did not answer it/],
  ])('%s is no data with its reason, and the next tick has the value', async (_, fault, times, reason) => {
    const { provider, make, query } = await opened();
    stage.proxy.intercept(isAsked, fault, times);
    const before = asked().length;
    const startedAt = performance.now();
    const [found] = await provider.sample([query('error_rate')], signal());
    expect(performance.now() - startedAt).toBeLessThan(3_500);
    expect(found).toEqual({ kind: 'no_data', observations: 0, reason: expect.stringMatching(reason) });
    expect(asked().length - before).toBeLessThanOrEqual(3);
    stage.proxy.calm();
    // A client that was throttled spaces its calls for seconds: ticks are a minute apart.
    const next = () => make().sample([query('error_rate')], signal());
    await expect.poll(next, { timeout: 20_000 }).toEqual([VALUE]);
  });

  describe('in pages', () => {
    /** The first page has the older half of each series, and says so. */
    function paged(last: (answer: Result) => Result): void {
      stage.proxy.intercept(
        isAsked,
        changed(({ MetricDataResults }) => ({
          MetricDataResults: MetricDataResults.map((one) => ({ ...dropNewest(one), StatusCode: 'PartialData' })),
          NextToken: 'page-2',
        })),
      );
      stage.proxy.intercept(
        isAsked,
        changed(({ MetricDataResults }) => ({ MetricDataResults: MetricDataResults.map(last) })),
      );
    }

    it('is read to its end, and what two pages repeat counts once', async () => {
      const { provider, query } = await opened();
      const before = asked().length;
      paged((one) => one);
      expect(await provider.sample([query('error_rate')], signal())).toEqual([VALUE]);
      const bodies = asked()
        .slice(before)
        .map(({ body }) => JSON.parse(body) as { NextToken?: string });
      expect(bodies.map(({ NextToken }) => NextToken)).toEqual([undefined, 'page-2']);
    });

    it('of which the last is partial is no data', async () => {
      const { provider, query } = await opened();
      paged((one) => ({ ...one, StatusCode: 'PartialData' }));
      expect(await provider.sample([query('error_rate')], signal())).toMatchObject([{ kind: 'no_data' }]);
    });
  });

  it('with data points of the future counts none of them', async () => {
    const { provider, query } = await opened();
    const ahead = Math.floor(Date.now() / MINUTE) * 60 + 600;
    stage.proxy.intercept(
      isAsked,
      changedResult('_responses_5xx', (one) => ({
        ...one,
        Timestamps: [ahead, ...one.Timestamps],
        Values: [9_999, ...one.Values],
      })),
    );
    expect(await provider.sample([query('error_rate')], signal())).toEqual([VALUE]);
  });

  it('of a search that finds several series asks for one', async () => {
    const { provider, query } = await opened({ slow: "SEARCH('{Shop} slow', 'Sum', $period)" });
    stage.proxy.intercept(
      isAsked,
      changed(({ MetricDataResults: [one] }) => {
        const at = [Math.floor(Date.now() / MINUTE) * 60 - 120];
        const series = (Label: string) => ({ ...(one as Result), Label, Timestamps: at, Values: [1] });
        return { MetricDataResults: [series('a'), series('b')] };
      }),
    );
    expect(await provider.sample([query('slow')], signal())).toMatchObject([
      { kind: 'no_data', reason: expect.stringContaining('2 series') },
    ]);
  });

  it('that cannot be read is thrown, with its own words', async () => {
    const { provider, query } = await opened({ slow: 'SUM(requests' });
    const told = "Error in expression 'green_query_slow': Unclosed parenthesis";
    stage.proxy.intercept(isAsked, refused(400, 'ValidationError', told));
    await expect(provider.sample([query('slow')], signal())).rejects.toMatchObject({
      code: 'CUTOVER_METRICS_QUERY',
      message: expect.stringContaining(told),
    });
  });

  it('is not sent for one who has gone, and ends with one who goes', async () => {
    const { provider, query } = await opened();
    const before = asked().length;
    await expect(provider.sample([query('error_rate')], AbortSignal.abort())).rejects.toThrow();
    expect(asked().length).toBe(before);
    const held = stage.proxy.hold(isAsked, 'before');
    const gone = new AbortController();
    const sampled = provider.sample([query('error_rate')], gone.signal);
    await held.caught;
    gone.abort(new Error('the watcher was replaced'));
    await expect(sampled).rejects.toThrow('the watcher was replaced');
    held.release();
  });

  it('is all that the policy allows, and nothing less', () => {
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('cloudwatch')));
  });
});

function dropNewest(one: Result): Result {
  const newest = Math.max(...one.Timestamps);
  const kept = one.Timestamps.map((at, index) => ({ at, value: one.Values[index] ?? null })).filter(
    ({ at }) => at !== newest,
  );
  return { ...one, Timestamps: kept.map(({ at }) => at), Values: kept.map(({ value }) => value) };
}
