/** Checks, hooks, notifiers, the circuit break and the strategy `validation`: what the written form becomes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import { HOOK_POINTS, type Plan } from '../../../src/plan/types.ts';
import { load } from './support.ts';

/** Names the checks, so that no doubt is left. */
function withChecks(checks: string, ...names: string[]): string {
  return `checks: ${checks}\nblue_green_switch: {validation_phases: {warmup: {success_criteria: [${names}]}}}`;
}

function planOf(text: string): Plan {
  const { plan, warnings } = load(text);
  expect(warnings).toEqual([]);
  expect(checkNormalisedPlan(JSON.parse(JSON.stringify(plan)))).toEqual([]);
  return plan;
}

const http = { kind: 'http', headers: {}, json: null, status: null };

describe('a check of the plan', () => {
  it.each([
    ['{path: /q}', { ...http, method: 'GET', url: '/q' }],
    [
      '{url: "https://a.example.com/h", status: 204}',
      { ...http, method: 'GET', url: 'https://a.example.com/h', status: 204 },
    ],
    ['{get: "https://a.example.com/h"}', { ...http, method: 'GET', url: 'https://a.example.com/h' }],
    ['{head: /q}', { ...http, method: 'HEAD', url: '/q' }],
    ['{post: /q, json: {a: null, b: [null]}}', { ...http, method: 'POST', url: '/q', json: { a: null, b: [null] } }],
    ['{put: /q, headers: {X-A: 1.10}}', { ...http, method: 'PUT', url: '/q', headers: { 'X-A': '1.10' } }],
    [
      '{patch: /q, headers: {X-A: {env: SMOKE_A}}}',
      { ...http, method: 'PATCH', url: '/q', headers: { 'X-A': { env: 'SMOKE_A' } } },
    ],
    ['{delete: /q}', { ...http, method: 'DELETE', url: '/q' }],
  ])('asks %s', (written, call) => {
    expect(planOf(withChecks(`{a: {http: ${written}}}`, 'a')).checks).toEqual({ a: { call, timeout_ms: 2_000 } });
  });

  it('runs a script, its words and variables as they are written', () => {
    const script = '{command: [./check, --level, 3, true], env: {VERSION: 1.10, DB: {env: SMOKE_DB}}}';
    expect(planOf(withChecks(`{a: {script: ${script}, timeout: 10s}}`, 'a')).checks.a).toEqual({
      call: {
        kind: 'script',
        command: ['./check', '--level', '3', 'true'],
        env: { VERSION: '1.10', DB: { env: 'SMOKE_DB' } },
      },
      timeout_ms: 10_000,
    });
  });

  it('compares a metric', () => {
    const { checks } = planOf(withChecks('{a: {metric: "cpu_utilization < baseline + 10"}}', 'a'));
    expect(checks.a?.call).toMatchObject({
      kind: 'metric',
      criterion: { kind: 'metric', source: 'cpu_utilization < baseline + 10', metric: 'cpu_utilization' },
    });
  });

  it('may have the name of a built-in check, or of a method', () => {
    const { checks } = planOf(
      withChecks('{cache_preloaded: {http: {path: /a}}, toString: {http: {path: /b}}}', 'cache_preloaded', 'toString'),
    );
    expect(Object.keys(checks)).toEqual(['cache_preloaded', 'toString']);
  });
});

describe('hooks', () => {
  it('that have CloudFront forget everything, have ten minutes, if nothing else is said', () => {
    const first = '{name: a, cloudfront: {distribution: E2QWRUHAPOMQZL}}';
    const second = '{name: b, cloudfront: {distribution: E12, paths: [/a/*]}, timeout: 5m}';
    expect(planOf(`hooks: {after_switch: [${first}, ${second}]}`).hooks.after_switch).toMatchObject([
      { call: { kind: 'cloudfront', distribution: 'E2QWRUHAPOMQZL', paths: ['/*'] }, timeout_ms: 600_000, attempts: 3 },
      { call: { kind: 'cloudfront', distribution: 'E12', paths: ['/a/*'] }, timeout_ms: 300_000 },
    ]);
  });

  it('are POST requests with what each point means by failing', () => {
    const one = '[{name: a, http: {url: "http://a.example.com/"}}]';
    const { hooks } = planOf(`hooks: {${HOOK_POINTS.map((point) => `${point}: ${one}`).join(', ')}}`);
    const call = { ...http, method: 'POST', url: 'http://a.example.com/' };
    const hook = (on_failure: string) => [{ name: 'a', call, timeout_ms: 30_000, attempts: 3, on_failure }];
    expect(hooks).toEqual({
      before_switch: hook('rollback'),
      after_switch: hook('rollback'),
      on_rollback: hook('continue'),
      before_cleanup: hook('hold'),
    });
  });

  it('take what is said', () => {
    const said = '{name: 1.10, script: {command: [purge]}, timeout: 1m, attempts: 1, on_failure: continue}';
    expect(planOf(`hooks: {after_switch: [${said}]}`).hooks.after_switch).toEqual([
      {
        name: '1.10',
        call: { kind: 'script', command: ['purge'], env: {} },
        timeout_ms: 60_000,
        attempts: 1,
        on_failure: 'continue',
      },
    ]);
    const get = '{name: a, http: {get: "http://a.example.com/"}}';
    expect(planOf(`hooks: {after_switch: [${get}]}`).hooks.after_switch[0]?.call).toMatchObject({ method: 'GET' });
  });
});

describe('what else keeps a deployment safe', () => {
  it('is off, or takes every default', () => {
    expect(planOf('')).toMatchObject({ circuit_break: null, notifiers: [], rollback_safe_until: null });
    const phases = 'blue_green_switch: {validation_phases: {health_check: {}}}';
    expect(planOf(`circuit_break: {}\n${phases}`).circuit_break).toEqual({
      error_rate: 5,
      pause_ms: 30_000,
      attempts: 3,
    });
    expect(planOf(`circuit_break: {error_rate: 2.5%, pause: 1m, attempts: 1}\n${phases}`).circuit_break).toEqual({
      error_rate: 2.5,
      pause_ms: 60_000,
      attempts: 1,
    });
  });

  it.each([
    ['switch', { kind: 'phase', phase: 'switch' }],
    ['decision_window', { kind: 'phase', phase: 'decision_window' }],
    ['observation', { kind: 'phase', phase: 'observation' }],
    ['lease', { kind: 'phase', phase: 'lease' }],
    ['1h30m', { kind: 'after_switch', duration_ms: 5_400_000 }],
  ])('rollback_safe_until: %s', (written, safety) => {
    expect(planOf(`rollback_safe_until: ${written}`).rollback_safe_until).toEqual(safety);
  });

  it('tells webhooks what a person should act on, unsigned, if nothing else is said', () => {
    const [first, second] = [
      '{url: "https://h.example.com/a"}',
      '{url: "http://b", secret: {env: SMOKE_KEY}, events: all}',
    ];
    expect(planOf(`notifiers: [{webhook: ${first}}, {webhook: ${second}}]`).notifiers).toEqual([
      { kind: 'webhook', url: 'https://h.example.com/a', secret: null, events: 'attention' },
      { kind: 'webhook', url: 'http://b', secret: { env: 'SMOKE_KEY' }, events: 'all' },
    ]);
  });
});

describe('the strategy validation', () => {
  const phases = `blue_green_switch:
  validation_phases:
    warmup: {success_criteria: [cache_preloaded]}
    performance_validation: {success_criteria: ["error_rate < 1", cache_preloaded]}
    full_switch: {success_criteria: ["p99_latency < 250ms", "error_rate < 1"]}
`;
  const sourcesOf = ({ switch: { steps } }: Plan) => steps[0]?.success_criteria.map(({ source }) => source);

  it('asks for everything once more at 1 %, each once, and then for all traffic', () => {
    const plan = planOf(`${phases}switch: {strategy: validation, step_duration: 10m}\nsmoke: {}`);
    expect(sourcesOf(plan)).toEqual(['cache_preloaded', 'error_rate < 1', 'p99_latency < 250ms']);
    expect(plan.switch.steps).toMatchObject([
      { share: 1, duration_ms: 600_000, smoke: true },
      { share: 100, duration_ms: 0, success_criteria: [] },
    ]);
  });

  it('runs no smoke suite where there is none', () => {
    expect(planOf(`${phases}switch: {strategy: validation}`).switch.steps[0]).not.toHaveProperty('smoke');
  });

  it('settles its checks within a short step', () => {
    const { metrics } = planOf(`${phases}switch: {strategy: validation, step_duration: 3s}`);
    expect(metrics.settle_ms).toBe(3_000);
  });

  it('does not use steps, and says so', () => {
    const { plan, warnings } = load(`${phases}switch: {strategy: validation, steps: [5, 100]}`);
    expect(plan.switch.steps.map(({ share }) => share)).toEqual([1, 100]);
    expect(warnings).toMatchObject([{ code: 'CUTOVER_PLAN_DOUBTFUL', key: 'switch.steps' }]);
  });

  it('tells what is wrong with a criterion once, where it was written', () => {
    const wrong = phases.replace('error_rate < 1", cache', 'eror_rate < 1", cache');
    expect(() => load(`${wrong}switch: {strategy: validation}`)).toThrow(
      /^plan\.yaml:4:\d+: `eror_rate` is no metric that this plan has\.$/,
    );
  });

  it('may begin below what the phases reached, whatever that is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (share) => {
        const text = `smoke: {}\nswitch: {strategy: validation}\nblue_green_switch: {validation_phases: {performance_validation: {traffic_percentage: ${share}}}}`;
        expect(planOf(text).switch.steps.map((step) => step.share)).toEqual([1, 100]);
      }),
      { numRuns: 30 },
    );
  });
});
