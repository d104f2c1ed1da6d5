import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { titleOf } from '../../../src/plan/timeline/titles.ts';
import { type Timeline, timelineOf } from '../../../src/plan/timeline.ts';
import { ACTIVE_ONLY, load, PROMETHEUS, REQUIRED, sharedPlan } from './support.ts';

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
      ['parity', 0, 0, 0],
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

  it('says when work that only one colour may run is suspended, and moved', () => {
    const {
      stages,
      calls,
      can_take_longer: longer,
      after_rollback,
    } = timelineOf(load(ACTIVE_ONLY, REQUIRED.slice(0, 2)).plan);
    expect(
      stages
        .filter((stage) => stage.scheduled_work !== null)
        .map((stage) => [titleOf(stage), stage.share, stage.scheduled_work]),
    ).toEqual([
      ['provision', 0, 'suspended'],
      ['switch: scheduled work', 100, 'moved'],
    ]);
    expect(stages.findIndex(({ scheduled_work: work }) => work === 'moved')).toBeLessThan(
      stages.findIndex(({ phase }) => phase === 'decision_window'),
    );
    expect(calls).toContain('scheduled work cannot be moved: it is tried again');
    expect(longer).toContain('scheduled work that cannot be moved holds the switch at 100 %');
    expect(after_rollback.scheduled_work).toBe(true);
    expect(checkout.after_rollback.scheduled_work).toBe(false);
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
    const dns = timeline(
      `router: {route53: {zone: z, record: a.example.com, ttl: 2m}}\nswitch: {deadline: 5m}\n${PROMETHEUS}`,
    );
    expect(dns.router).toMatchObject({ conditional_writes: true, convergence_floor_ms: 2 * MINUTE_MS });
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
    expect(timeline('smoke: {}').stages[2]).toMatchObject({ phase: 'health_check', share: 0, smoke: ['/health'] });
  });

  it('begins by comparing the colours', () => {
    expect(checkout.stages[0]).toMatchObject({ phase: 'parity', share: 0, most_ms: 0 });
    expect([checkout.require_parity, linkedin.require_parity]).toEqual([true, false]);
  });

  const HOOKED = `hooks:
  before_switch: [{name: expand, http: {post: "https://m.example.com/run?key=1#a"}, timeout: 1m}]
  after_switch: [{name: purge, script: {command: [./purge, --all]}, attempts: 1, on_failure: hold}]
  on_rollback: [{name: flags-off, http: {post: "https://f.example.com/off"}}]
  before_cleanup: [{name: contract, http: {post: "https://m.example.com/run"}, on_failure: continue}]
`;

  it('shows the hooks where they are run, with the time that they may take', () => {
    const hooked = timeline(HOOKED);
    expect(hooked.stages.map((stage) => titleOf(stage))).toEqual([
      'parity',
      'provision',
      'hooks before the switch',
      'switch',
      'hooks after the switch',
      'decision window',
      'observation',
      'lease',
      'hooks before clean up',
      'clean up',
    ]);
    const hooks = hooked.stages.filter(({ hooks: some }) => some !== null);
    expect(hooks.map(({ least_ms, most_ms }) => [least_ms, most_ms])).toEqual([
      [0, 3 * MINUTE_MS],
      [0, 30_000],
      [0, 90_000],
    ]);
    expect(hooks[0]?.hooks).toEqual({
      point: 'before_switch',
      run: [
        {
          name: 'expand',
          call: 'POST https://m.example.com/run',
          timeout_ms: MINUTE_MS,
          attempts: 3,
          on_failure: 'rollback',
        },
      ],
    });
    expect(hooks[1]?.hooks?.run[0]?.call).toBe('./purge --all');
    const cdn = 'hooks: {after_switch: [{name: cdn, cloudfront: {distribution: E123, paths: [/a/*, /b]}}]}';
    expect(timeline(cdn).stages.flatMap((stage) => stage.hooks?.run ?? [])).toMatchObject([
      { call: 'invalidate /a/* /b of CloudFront E123', timeout_ms: 10 * MINUTE_MS },
    ]);
    expect(hooked.after_rollback.hooks.map(({ name }) => name)).toEqual(['flags-off']);
    expect(hooked.can_take_longer.join()).toContain('a hook');
    const bare = timeline('');
    expect(hooked.to_outcome.most_ms - bare.to_outcome.most_ms).toBe(3 * MINUTE_MS + 30_000);
    expect(hooked.to_end.most_ms - bare.to_end.most_ms).toBe(3 * MINUTE_MS + 120_000);
  });

  it('says what a failing hook means', () => {
    const { rollback, calls } = timeline(HOOKED);
    const cause = rollback.find(({ kind }) => kind === 'hook');
    expect(cause).toMatchObject({ when: 'hooks before the switch', text: expect.stringMatching(/: expand$/) });
    expect(calls.filter((call) => call.includes('a hook'))).toEqual([
      'a hook fails and is passed over: flags-off, contract',
      'a hook fails and is tried again until it succeeds, or is promoted past: purge',
    ]);
    expect(timeline('').rollback.some(({ kind }) => kind === 'hook')).toBe(false);
  });

  it('runs the hooks once the candidate has its full size', () => {
    const titles = timeline(`${HOOKED}capacity: {validation: 10%}`).stages.map((stage) => titleOf(stage));
    expect(titles.slice(2, 5)).toEqual(['switch: size 100 %', 'hooks before the switch', 'switch']);
  });

  it.each([
    [3, /^5 % errors or more within one tick, for the 3rd time; .* for 30s, and another try$/],
    [1, /^5 % errors or more within one tick$/],
    [2, /2nd time/],
    [11, /11th time/],
    [21, /21st time/],
  ])('names the circuit break of %i attempts', (attempts, text) => {
    const phases = 'blue_green_switch: {validation_phases: {warmup: {}, health_check: {}, performance_validation: {}}}';
    const plan = timeline(`circuit_break: {attempts: ${attempts}}\n${phases}\napproval: {approvers: [ana]}`);
    const cause = plan.rollback.find(({ kind }) => kind === 'circuit');
    expect(cause?.text).toMatch(text);
    expect(cause?.when).toBe('health check to approval');
    expect(plan.calls.join()).toContain('error burst');
    expect(plan.can_take_longer.join()).toContain('error burst');
  });

  it('names no circuit break that could not break', () => {
    const { rollback, calls } = timeline('circuit_break: {}');
    expect(rollback.some(({ kind }) => kind === 'circuit')).toBe(false);
    expect(calls.join()).not.toContain('error burst');
  });

  it.each([
    [0, 1, [1, 100]],
    [1, 1, [1, 100]],
    [10, 10, [10, 100]],
    [100, 100, [100]],
  ])('holds the validation after a phase at %i %% at %i %%', (reached, held, requests) => {
    const phases = `{performance_validation: {traffic_percentage: ${reached}, success_criteria: ["error_rate < 1"]}}`;
    const plan = timeline(
      `smoke: {}\nswitch: {strategy: validation, step_duration: 10m}\nblue_green_switch: {validation_phases: ${phases}}`,
    );
    const step = plan.stages.find(({ phase }) => phase === 'switch');
    expect(step).toMatchObject({
      step: { number: 1, of: 2 },
      share: held,
      least_ms: 10 * MINUTE_MS,
      success_criteria: ['error_rate < 1'],
      smoke: ['/health'],
    });
    expect(plan.router.requests.map(({ to_percent }) => to_percent)).toEqual(requests);
  });

  it.each([
    ['switch', 5 * MINUTE_MS, 'the switch begins'],
    ['decision_window', 5 * MINUTE_MS, 'the decision window begins'],
    ['observation', 5 * MINUTE_MS + 30_000, 'the observation begins'],
    ['lease', HOUR_MS + 5 * MINUTE_MS + 30_000, 'the lease begins'],
    ['10m', 15 * MINUTE_MS, '10m have gone by since all traffic moved'],
  ])('knows when a rollback begins to need force: %s', (safety, startsMs, text) => {
    const phases = 'blue_green_switch: {validation_phases: {performance_validation: {}}}';
    const plan = timeline(`rollback_safe_until: ${safety}\n${phases}`);
    expect(plan.rollback_safe_until).toEqual({ starts_after_ms: startsMs, text });
    expect(plan.calls.join()).toContain('--force');
    expect(linkedin.rollback_safe_until).toBeNull();
  });

  it('says who is told, without what only the receiver should know', () => {
    const secret = 'secret: {env: SMOKE_KEY}';
    const { notifiers } = timeline(
      `notifiers: [{webhook: {url: "https://hooks.example.com/T0/xyz"}}, {webhook: {url: "http://b:8080/", ${secret}, events: all}}]`,
    );
    expect(notifiers).toEqual([
      { to: 'webhook hooks.example.com', events: 'attention', signed: false },
      { to: 'webhook b:8080', events: 'all', signed: true },
    ]);
  });

  it('says what a check of the plan looks at', () => {
    const checks = '{a: {http: {path: /q}}, b: {metric: "error_rate < 1"}, c: {script: {command: [./c, x]}}}';
    expect(timeline(`checks: ${checks}`).checks).toEqual({ a: 'GET /q', b: 'error_rate < 1', c: './c x' });
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
    // A plan that was recorded before these keys had none of them.
    const { checks, circuit_break, hooks, notifiers, rollback_safe_until } = load('').plan;
    const whole = { checks, circuit_break, hooks, notifiers, rollback_safe_until, ...plan };
    expect(timelineOf(whole).router.requests.map(({ to_percent }) => to_percent)).toEqual(shares);
  });
});
