import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { REQUIRED, sharedPlan } from './support.ts';

/** A plan as a worker receives it: from JSON. */
function received(): Plan {
  return JSON.parse(JSON.stringify(loadPlan([sharedPlan('linkedin.yaml')], REQUIRED).plan)) as Plan;
}

describe('the worker checks a normalised plan again', () => {
  it('accepts what the client makes', () => {
    expect(checkNormalisedPlan(received())).toEqual([]);
  });

  it('accepts a gradual plan with every part', () => {
    const sets = ['platform=local', 'router=local', 'metrics=scrape', 'require_parity=', 'lease.shrink_to='];
    expect(checkNormalisedPlan(loadPlan([sharedPlan('checkout.yaml')], sets).plan)).toEqual([]);
  });

  it('refuses what this version cannot run', () => {
    const problems = checkNormalisedPlan(loadPlan([sharedPlan('checkout.yaml')]).plan);
    expect(problems).toHaveLength(5);
    expect(problems[0]).toContain('kubernetes');
  });

  it.each([null, undefined, 5, 'plan', [], {}])('refuses %j', (value) => {
    expect(checkNormalisedPlan(value)).not.toEqual([]);
  });

  it.each<[string, (plan: Plan) => unknown, string]>([
    ['another plan_version', (plan) => ({ ...plan, plan_version: 2 }), 'plan_version'],
    ['a missing key', ({ switch: _, ...plan }) => plan, '`switch`'],
    ['an unknown key', (plan) => ({ ...plan, hooks: [] }), 'hooks'],
    ['a name that is no name', (plan) => ({ ...plan, service: 'a/b' }), '`service` must be a name'],
    ['an unknown platform', (plan) => ({ ...plan, platform: { kind: 'ecs' } }), 'platform.ecs'],
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
});
