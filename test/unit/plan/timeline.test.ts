import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { titleOf } from '../../../src/plan/timeline/titles.ts';
import { type Timeline, timelineOf } from '../../../src/plan/timeline.ts';
import { load, REQUIRED, sharedPlan } from './support.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function timeline(text: string): Timeline {
  return timelineOf(load(text).plan);
}

const checkout = timelineOf(loadPlan([sharedPlan('checkout.yaml')]).plan);
const linkedin = timelineOf(loadPlan([sharedPlan('linkedin.yaml')], REQUIRED).plan);

describe('the timeline of a plan', () => {
  it('has the phases in order, with share and time', () => {
    expect(
      checkout.stages.map((stage) => [
        titleOf(stage),
        stage.share,
        stage.starts_after_ms / 1_000,
        stage.least_ms / 1_000,
      ]),
    ).toEqual([
      ['provision', 0, 0, 0],
      ['warmup', 0, 0, 180],
      ['health check', 1, 180, 120],
      ['performance validation', 10, 300, 300],
      ['approval', 10, 600, 0],
      ['switch: size 100 %', 10, 600, 0],
      ['switch, step 1 of 3', 25, 600, 300],
      ['switch, step 2 of 3', 50, 900, 300],
      ['switch, step 3 of 3', 100, 1_200, 0],
      ['decision window', 100, 1_200, 30],
      ['observation', 100, 1_230, 14_400],
      ['lease', 100, 15_630, 86_400],
      ['clean up', 100, 102_030, 0],
    ]);
    expect(checkout.skipped).toEqual([]);
  });

  it('names what the plan leaves out', () => {
    expect(timeline('observation: {duration: 0s}\nlease: {duration: 0s}').skipped).toEqual([
      'warmup',
      'health_check',
      'performance_validation',
      'approval',
      'observation',
      'lease',
    ]);
  });

  it('adds up the least, and the most with every limit used up', () => {
    const plan = timeline(
      'approval: {approvers: [ana], timeout: 1h}\nobservation: {duration: 5m}\nlease: {duration: 2h}',
    );
    const leastMs = 30_000 + 5 * MINUTE_MS;
    // Provisioning, approval, one shift, and the wait for data at the end of two windows.
    const limitsMs = 10 * MINUTE_MS + HOUR_MS + 30_000 + 2 * MINUTE_MS;
    expect(plan.to_outcome).toEqual({ least_ms: leastMs, most_ms: leastMs + limitsMs });
    expect(plan.to_end).toEqual({ least_ms: leastMs + 2 * HOUR_MS, most_ms: leastMs + limitsMs + 2 * HOUR_MS });
    const ignoring = timeline('metrics: {on_no_data: ignore}\nobservation: {duration: 5m}');
    expect(ignoring.to_outcome.most_ms).toBe(leastMs + 10 * MINUTE_MS + 30_000);
    expect(ignoring.can_take_longer.join()).not.toContain('missing data');
    expect(plan.can_take_longer.join()).toContain('missing data');
  });

  it('lists every write that the router is asked for, and only those', () => {
    expect(checkout.router.requests.map(({ from_percent, to_percent }) => [from_percent, to_percent])).toEqual([
      [0, 1],
      [1, 10],
      [10, 25],
      [25, 50],
      [50, 100],
    ]);
    const phases = 'blue_green_switch: {validation_phases: {performance_validation: {traffic_percentage: 25}}}';
    const stayed = timeline(`${phases}\nswitch: {strategy: gradual}`);
    expect(stayed.router.requests.map(({ to_percent }) => to_percent)).toEqual([25, 50, 100]);
    expect(stayed.stages.filter(({ phase }) => phase === 'switch').map(({ step }) => step?.number)).toEqual([2, 3]);
  });

  it('knows what the router can do', () => {
    expect(checkout.router).toMatchObject({ conditional_writes: true, convergence_floor_ms: null });
    const dns = timeline('router: {route53: {zone: z, record: a.example.com, ttl: 2m}}\nswitch: {deadline: 5m}');
    expect(dns.router).toMatchObject({ conditional_writes: false, convergence_floor_ms: 2 * MINUTE_MS });
  });

  it('says for each trigger where it is judged: never at 0 %, nor in the lease', () => {
    const whenOf = ({ rollback }: Timeline, source: string) => rollback.find((cause) => cause.source === source)?.when;
    expect(whenOf(checkout, 'error_rate > 0.5')).toBe('health check to observation');
    expect(whenOf(checkout, 'availability < 99')).toBe('observation');
    for (const { share, phase, rollback_triggers: triggers } of [...checkout.stages, ...linkedin.stages]) {
      const isUnwatched = share === 0 || phase === 'lease' || phase === 'clean_up';
      expect(triggers.length === 0).toBe(isUnwatched);
    }
  });

  it('judges the triggers of the decision window beside those of a phase', () => {
    const own =
      'blue_green_switch: {validation_phases: {health_check: {rollback_triggers: ["p99_latency > 2s"]}, full_switch: {}}}';
    const stage = timeline(own).stages.find(({ phase }) => phase === 'health_check');
    expect(stage?.rollback_triggers).toEqual(['p99_latency > 2s', 'error_rate > 1']);
  });

  it.each([
    ['hold', 'health check', true],
    ['rollback', 'health check to observation', false],
    ['ignore', undefined, false],
  ])('says what missing data does with %s', (choice, when, isCalled) => {
    const plan = timeline(
      `metrics: {on_no_data: ${choice}}\nblue_green_switch: {validation_phases: {health_check: {}}}`,
    );
    expect(plan.rollback.find(({ kind }) => kind === 'no_data')?.when).toBe(when);
    expect(plan.calls.some((call) => call.includes('no data'))).toBe(isCalled);
  });

  it('says who is asked, when, and what comes of silence', () => {
    expect(checkout.approval).toMatchObject({ required: 2, starts_after_ms: 10 * MINUTE_MS, share: 10 });
    const causeOf = (plan: Timeline) => plan.rollback.find(({ kind }) => kind === 'approval')?.text;
    expect(causeOf(checkout)).toBe('it is rejected, or it is not given within 1h');
    expect(causeOf(timeline('approval: {approvers: [ana], on_timeout: continue}'))).toBe('it is rejected');
    expect(linkedin.approval).toBeNull();
    expect(causeOf(linkedin)).toBeUndefined();
  });

  it('names every part of the smoke suite', () => {
    const smoke = checkout.stages.find(({ phase }) => phase === 'health_check')?.smoke.join('; ');
    for (const part of ['/health', 'GET /api/v1/users → 200', 'database', 'dependencies', 'flow order in 3 steps'])
      expect(smoke).toContain(part);
    expect(timeline('smoke: {}').stages[1]).toMatchObject({ phase: 'health_check', share: 0, smoke: ['/health'] });
  });

  it('is one plain JSON document', () => {
    expect(JSON.parse(JSON.stringify(checkout))).toEqual(checkout);
  });
});

interface Payloads {
  payloads: { data: string }[];
}
interface RecordedEvent {
  workflowExecutionStartedEventAttributes?: { input: Payloads };
  activityTaskScheduledEventAttributes?: { activityType: { name: string }; input: Payloads };
}

/** The first argument, as recorded. */
function argumentOf({ payloads: [first] }: Payloads) {
  return JSON.parse(Buffer.from(first?.data ?? '', 'base64').toString('utf8'));
}

describe('the timeline beside recorded deployments', () => {
  it.each(['succeeded-instant', 'succeeded-gradual', 'observed-4h'])('foretold the shifts of %s', (name) => {
    const file = new URL(`../../histories/${name}.json`, import.meta.url);
    const { events }: { events: RecordedEvent[] } = JSON.parse(readFileSync(file, 'utf8'));
    const started = events.find((event) => event.workflowExecutionStartedEventAttributes !== undefined);
    const { plan } = argumentOf(started?.workflowExecutionStartedEventAttributes?.input ?? { payloads: [] });
    const shares = events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
      if (scheduled?.activityType.name !== 'shiftTraffic') return [];
      const { weights, old_colour: old } = argumentOf(scheduled.input);
      return [old === 'blue' ? weights.green : weights.blue];
    });
    expect(shares.length).toBeGreaterThan(0);
    expect(timelineOf(plan).router.requests.map(({ to_percent }) => to_percent)).toEqual(shares);
  });
});
