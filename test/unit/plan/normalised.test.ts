import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { load, REQUIRED, sharedPlan } from './support.ts';

/** A plan as a worker receives it: from JSON. */
function received(): Plan {
  return JSON.parse(JSON.stringify(loadPlan([sharedPlan('linkedin.yaml')], REQUIRED).plan)) as Plan;
}

describe('the worker checks a normalised plan again', () => {
  it('accepts what the client makes', () => {
    expect(checkNormalisedPlan(received())).toEqual([]);
  });

  it('accepts a gradual plan with every part', () => {
    const sets = ['platform=local', 'router=local', 'metrics=scrape'];
    expect(checkNormalisedPlan(loadPlan([sharedPlan('checkout.yaml')], sets).plan)).toEqual([]);
  });

  it('refuses what this version cannot run', () => {
    const { plan } = loadPlan([sharedPlan('checkout.yaml')]);
    expect(checkNormalisedPlan(plan)).toEqual([]);
    const problems = checkNormalisedPlan({ ...plan, router: { kind: 'envoy' } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('envoy');
  });

  it.each([null, undefined, 5, 'plan', [], {}])('refuses %j', (value) => {
    expect(checkNormalisedPlan(value)).not.toEqual([]);
  });

  it.each<[string, (plan: Plan) => unknown, string]>([
    ['another plan_version', (plan) => ({ ...plan, plan_version: 2 }), 'plan_version'],
    ['a missing key', ({ switch: _, ...plan }) => plan, '`switch`'],
    ['an unknown key', (plan) => ({ ...plan, plugins: [] }), 'plugins'],
    ['a name that is no name', (plan) => ({ ...plan, service: 'a/b' }), '`service` must be a name'],
    ['a router that is not built', (plan) => ({ ...plan, router: { kind: 'haproxy' } }), 'router.haproxy'],
    ['a local platform without its keys', (plan) => ({ ...plan, platform: { kind: 'local' } }), '`platform'],
    [
      'shares that fall',
      (plan) => ({
        ...plan,
        phases: { ...plan.phases, warmup: { ...plan.phases.decision_window, traffic_percentage: 50 } },
      }),
      'less than warmup',
    ],
    [
      'a switch that ends early',
      (plan) => ({ ...plan, switch: { ...plan.switch, steps: [{ share: 50, duration_ms: 0, success_criteria: [] }] } }),
      '100 %',
    ],
    ['no time', (plan) => ({ ...plan, provision_timeout_ms: 0 }), 'provision.timeout'],
    ['a fraction of a millisecond', (plan) => ({ ...plan, keep_failed_ms: 0.5 }), 'keep_failed_ms'],
    [
      'a criterion that shows one thing and means another',
      (plan) => ({
        ...plan,
        observation: {
          ...plan.observation,
          rollback_triggers: [
            {
              kind: 'metric',
              source: 'error_rate > 1',
              metric: 'error_rate',
              op: '>',
              expr: { kind: 'constant', value: 90 },
            },
          ],
        },
      }),
      'means what its `source` says',
    ],
    [
      'a metric of nobody',
      (plan) => ({
        ...plan,
        observation: {
          ...plan.observation,
          rollback_triggers: [
            { kind: 'metric', source: 'queue > 1', metric: 'queue', op: '>', expr: { kind: 'constant', value: 1 } },
          ],
        },
      }),
      '`queue` is no metric',
    ],
    [
      'a control character',
      (plan) => ({ ...plan, metrics: { ...plan.metrics, config: { url: 'a\u0007' } } }),
      'U+0007',
    ],
    [
      'a key that reaches a prototype',
      (plan) => ({ ...plan, metrics: { ...plan.metrics, config: JSON.parse('{"__proto__": 1}') } }),
      '__proto__',
    ],
    [
      'endless nesting',
      (plan) => ({
        ...plan,
        metrics: { ...plan.metrics, config: JSON.parse(`{"a": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`) },
      }),
      'nested deeper',
    ],
    [
      'a megabyte',
      (plan) => ({ ...plan, metrics: { ...plan.metrics, config: { a: 'x'.repeat(1_000_000) } } }),
      '256000',
    ],
    [
      'a hundred thousand values',
      (plan) => ({ ...plan, metrics: { ...plan.metrics, config: { a: Array(100_000).fill(0) } } }),
      'values',
    ],
  ])('refuses %s', (_title, change, message) => {
    expect(checkNormalisedPlan(change(received())).join('\n')).toContain(message);
  });

  describe('with flows of its own making, refuses', () => {
    const step = { method: 'POST', path: '/', headers: {}, json: null, status: null, timeout_ms: 1_000, capture: {} };
    const withStep = (change: object): Plan => {
      const { plan } = loadPlan([], [...REQUIRED, 'smoke.health.path=/health']);
      const flows = [{ name: 'a', steps: [{ ...step, ...change }] }];
      return { ...plan, smoke: { ...plan.smoke, flows } as Plan['smoke'] };
    };

    it('none that fit', () => {
      expect(checkNormalisedPlan(withStep({}))).toEqual([]);
    });

    it.each<[string, object, string]>([
      ['a path to another host', { path: '//example.com/' }, 'smoke.flows[0].steps[0].path'],
      ['a method of nobody', { method: 'TRACE' }, 'smoke.flows[0].steps[0].method'],
      ['a header that ends its line', { headers: { A: 'b\r\nC: d' } }, 'smoke.flows[0].steps[0].headers.A'],
      ['a header that is no word', { headers: { 'A B': 'c' } }, 'smoke.flows[0].steps[0].headers'],
      ['a value that nobody captured', { path: '/{{x}}' }, 'No earlier step captures `{{x}}`'],
      ['a script for a path', { capture: { a: '$[?(@.constructor)]' } }, 'no JSONPath of one value'],
      ['no time', { timeout_ms: 0 }, 'smoke.flows[0].steps[0].timeout'],
      ['what an earlier version called unbuilt', { unbuilt: [] }, 'unbuilt'],
    ])('%s', (_title, change, message) => {
      expect(checkNormalisedPlan(withStep(change)).join('\n')).toContain(message);
    });
  });

  describe('with calls of its own making, refuses', () => {
    const http = { kind: 'http', method: 'POST', url: 'http://a', headers: {}, json: null, status: null };
    const hook = { name: 'a', call: http, timeout_ms: 1_000, attempts: 3, on_failure: 'continue' };
    const check = { call: { ...http, url: '/q' }, timeout_ms: 1_000 };
    const metric = { kind: 'metric', source: 'error_rate < 1', metric: 'error_rate', op: '<' };
    const limit = (value: number) => ({ ...metric, expr: { kind: 'constant', value } });
    const webhook = { kind: 'webhook', url: 'http://a', secret: null, events: 'all' };
    const withHook = (change: object, point = 'before_switch') => ({
      hooks: { ...received().hooks, [point]: [{ ...hook, ...change }] },
    });
    const withCheck = (value: unknown) => ({ checks: { a: value } });
    const checkOf = (change: object) => checkNormalisedPlan({ ...received(), ...change });

    it('none that fit', () => {
      const metricCheck = { call: { kind: 'metric', criterion: limit(1) }, timeout_ms: 1_000 };
      const script = { kind: 'script', command: ['x'], env: { A: 'b', C: { env: 'SMOKE_C' } } };
      for (const change of [
        withHook({}),
        withHook({ call: script, on_failure: 'hold' }, 'before_cleanup'),
        withHook({}, 'on_rollback'),
        withCheck(check),
        withCheck(metricCheck),
        withCheck({ call: script, timeout_ms: 1 }),
        { notifiers: [webhook, { ...webhook, secret: { env: 'SMOKE_A' } }] },
        { circuit_break: { error_rate: 5, pause_ms: 1, attempts: 1 } },
        { rollback_safe_until: { kind: 'after_switch', duration_ms: 1 } },
        { rollback_safe_until: { kind: 'phase', phase: 'lease' } },
      ]) {
        expect(checkOf(change)).toEqual([]);
      }
    });

    it.each<[string, object, string]>([
      ['hooks that are missing', { hooks: { before_switch: [] } }, 'hooks.after_switch'],
      ['a hook at a point of nobody', { hooks: { ...received().hooks, at_night: [] } }, 'at_night'],
      ['a hook without a name', withHook({ name: '' }), 'hooks.before_switch[0].name'],
      ['a hook of nothing', withHook({ call: { kind: 'shell', command: 'x' } }), 'hooks.before_switch[0].call'],
      ['a hook to a path', withHook({ call: { ...http, url: '/a' } }), 'hooks.before_switch[0].call.url'],
      ['a password in an address', withHook({ call: { ...http, url: 'http://a:b@c' } }), 'without user and password'],
      ['a header that ends its line', withHook({ call: { ...http, headers: { A: 'b\r\nC: d' } } }), 'headers.A'],
      ['a header of the connection', withHook({ call: { ...http, headers: { Upgrade: 'b' } } }), 'the connection'],
      ['a body of a GET', withHook({ call: { ...http, method: 'GET', json: {} } }), 'no body'],
      ['a hook without attempts', withHook({ attempts: 0 }), 'hooks.before_switch[0].attempts'],
      ['a hook without time', withHook({ timeout_ms: 0 }), 'hooks.before_switch[0].timeout'],
      ['a rollback that waits', withHook({ on_failure: 'hold' }, 'on_rollback'), 'a rollback waits for nothing'],
      [
        'two hooks of a name',
        { hooks: { ...received().hooks, after_switch: [hook, hook] } },
        'Two hooks at after_switch are named `a`',
      ],
      [
        'a script without a program',
        withCheck({ call: { kind: 'script', command: [], env: {} }, timeout_ms: 1 }),
        'checks.a',
      ],
      ['a check of another scheme', withCheck({ ...check, call: { ...http, url: 'file:///etc' } }), 'checks.a'],
      ['a check that takes an hour', withCheck({ ...check, timeout_ms: 3_600_000 }), '1m or less'],
      ['a check named like a comparison', { checks: { 'a > 5': check } }, 'checks'],
      ['a check named like a metric', { checks: { error_rate: check } }, 'is a metric'],
      [
        'a metric that shows one thing and means another',
        withCheck({ call: { kind: 'metric', criterion: limit(90) }, timeout_ms: 1 }),
        'checks.a',
      ],
      ['a webhook to nowhere', { notifiers: [{ ...webhook, url: 'a' }] }, 'notifiers[0].url'],
      ['a secret written out', { notifiers: [{ ...webhook, secret: 'a' }] }, 'notifiers[0].secret'],
      ['a notifier of nobody', { notifiers: [{ ...webhook, kind: 'pager' }] }, 'notifiers[0].kind'],
      [
        'a circuit that breaks at nothing',
        { circuit_break: { error_rate: 0, pause_ms: 1, attempts: 1 } },
        'error_rate',
      ],
      ['a circuit of two days', { circuit_break: { error_rate: 1, pause_ms: 172_800_000, attempts: 1 } }, '1h or less'],
      [
        'safe until the clean-up',
        { rollback_safe_until: { kind: 'phase', phase: 'clean_up' } },
        'rollback_safe_until.phase',
      ],
      ['safe for no time', { rollback_safe_until: { kind: 'after_switch', duration_ms: 0 } }, 'rollback_safe_until'],
    ])('%s', (_title, change, message) => {
      expect(checkOf(change).join('\n')).toContain(message);
    });

    it('a smoke suite of nobody, and a criterion of its own that no metric has', () => {
      const { plan } = load('switch: {strategy: validation}');
      const [first, last] = plan.switch.steps;
      const queue = { ...limit(1), source: 'queue < 1', metric: 'queue' };
      const steps = [{ ...first, smoke: true, success_criteria: [queue] }, last];
      expect(checkNormalisedPlan({ ...plan, switch: { ...plan.switch, steps } }).join('\n')).toMatch(
        /`queue` is no metric.*\n.*Step 1 runs the smoke suite, and the plan has none/,
      );
    });
  });
});
