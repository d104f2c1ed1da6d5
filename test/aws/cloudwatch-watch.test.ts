/** A watcher over CloudWatch: a virtual clock, and data points that come 45 s after their minute. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Judged, watchWindow } from '../../src/activities/watch.ts';
import type { WatchInput } from '../../src/activities/watch-types.ts';
import { createCloudWatchProvider } from '../../src/adapters/metrics/cloudwatch.ts';
import type { Platform } from '../../src/adapters/types.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { putMetricData } from '../support/aws/metric-data.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { criteria, watchInput } from '../support/watch-world.ts';

const moto = await requirePart('moto', openAwsStage);
const MINUTE = 60_000;
/** How long after its minute a data point can be read, and how far into a minute the phase begins. */
const COMES_MS = 45_000;
const BEGINS_MS = 20_000;
/** Of a phase that begins at second 20: its first whole minute has come after 2:40, so the tick at 3:00 is the first with data. */
const BLIND_TICKS = 2;

moto.suite('a watcher over CloudWatch', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());

  /** `errorsOf`: of a hundred requests in that minute of the phase; negative minutes are from before it. */
  async function world(region: string, errorsOf: (minute: number) => number) {
    const startedAtMs = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE + BEGINS_MS;
    const dimensions = { LoadBalancer: 'app/shop/1', TargetGroup: 'targetgroup/shop-green/1' };
    const direct = { ...stage.direct, region };
    const put = (minute: number) => {
      const atMs = startedAtMs - BEGINS_MS + minute * MINUTE;
      const datum = { namespace: 'AWS/ApplicationELB', dimensions, atMs };
      return putMetricData(direct, [
        { ...datum, metric: 'RequestCount', value: 100 },
        { ...datum, metric: 'HTTPCode_Target_5XX_Count', value: errorsOf(minute) },
      ]);
    };
    let next = -1;
    const clock = createVirtualClock(startedAtMs, async (_, nowMs) => {
      const come = Math.floor((nowMs - COMES_MS - startedAtMs + BEGINS_MS) / MINUTE) - 1;
      for (; next <= come; next += 1) await put(next);
    });
    const watch = (input: WatchInput): Promise<Judged> =>
      watchWindow(input, {
        platform: {} as Platform,
        provider: createCloudWatchProvider({
          ...{ region, period_ms: MINUTE, ingestion_delay_ms: MINUTE, series: {}, counts: {}, queries: {} },
          ...{ service: 'shop', environment: 'test', resolutionMs: MINUTE, windowMs: 5 * MINUTE },
          dimensions: { blue: {}, green: dimensions },
          places: { platform: { kind: 'ecs' }, router: { kind: 'alb' } },
          now: clock.now,
        }),
        clock,
        signal: new AbortController().signal,
        heartbeat: () => undefined,
        earlier: undefined,
        isReplaced: () => false,
      });
    const input = watchInput(
      {
        started_at_ms: startedAtMs,
        ends_at_ms: startedAtMs + 5 * MINUTE,
        success_criteria: criteria('http_success_rate > 99'),
        rollback_triggers: criteria('error_rate > 5'),
      },
      { resolution_ms: MINUTE, window_ms: 5 * MINUTE, no_data_limit_ms: 5 * MINUTE, max_gap_ms: 5 * MINUTE },
    );
    return { watch, input, clock };
  }

  const calls = () => stage.proxy.calls.filter(isAction('GetMetricData')).length;

  it('makes up for the ticks that began without data, and passes on data of the phase alone', async () => {
    // All that came before the phase failed.
    const { watch, input } = await world('eu-west-1', (minute) => (minute < 1 ? 100 : 0));
    const before = calls();
    const short = await watch(input);
    expect(short).toMatchObject({ verdict: 'gap', grow_ms: BLIND_TICKS * MINUTE });
    if (short.verdict !== 'gap') return;
    const grown = { ...input, ends_at_ms: (input.ends_at_ms ?? 0) + short.grow_ms, resume: short.state };
    const passed = await watch(grown);
    expect(passed).toMatchObject({
      verdict: 'passed',
      evidence: {
        criteria: [
          { source: 'http_success_rate > 99', state: 'ok', value: 100, observations: 500 },
          { source: 'error_rate > 5', state: 'ok', value: 0 },
        ],
        coverage: { judged: 5, expected: 5 },
      },
    });
    // One for each tick with data, two criteria and their spans, and one for the look with which the second watcher begins.
    expect(calls() - before).toBe(5 + 1);
  });

  it('rolls back as soon as failures have come, twice in a row', async () => {
    const { watch, input, clock } = await world('eu-west-2', (minute) => (minute >= 2 ? 30 : 0));
    const breached = await watch({ ...input, success_criteria: [] });
    expect(breached).toMatchObject({ verdict: 'breached', criterion: 'error_rate > 5' });
    // Minute 2 ended at 2:40 of the phase, and was due a minute later: the ticks at 4:00 and 5:00 have it.
    expect(clock.now() - input.started_at_ms).toBe(5 * MINUTE);
  });

  it('that never gets a data point is inconclusive at its limit', async () => {
    const { watch, input } = await world('eu-west-3', () => 0);
    const blind = { ...input, candidate: 'blue' as const, ends_at_ms: input.started_at_ms + 30 * MINUTE };
    expect(await watch(blind)).toMatchObject({
      verdict: 'no_data',
      reason: expect.stringMatching(/^no data for 300 s: .*LoadBalancer/),
    });
  });
});
