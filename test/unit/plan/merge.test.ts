import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { errorsOf, REQUIRED, sharedPlan } from './support.ts';

const BASE = {
  name: 'base.yaml',
  text: 'lease: {duration: 2h}\nswitch: {strategy: gradual, steps: [25, 100], deadline: 20s}',
};

describe('several files', () => {
  it('merge maps deep and replace lists and scalars, left to right', () => {
    const over = { name: 'over.yaml', text: 'switch: {steps: [50, 100]}\nlease: {duration: 3h}' };
    const last = { name: 'last.yaml', text: 'lease: {duration: 4h}' };
    const { plan } = loadPlan([BASE, over, last], REQUIRED);
    expect(plan.switch).toMatchObject({
      strategy: 'gradual',
      deadline_ms: 20_000,
      steps: [{ share: 50 }, { share: 100 }],
    });
    expect(plan.lease.duration_ms).toBe(4 * 3_600_000);
  });

  it('report a problem in the file that its value came from', () => {
    const over = { name: 'over.yaml', text: '# first\nswitch:\n  drain: soon' };
    expect(errorsOf([BASE, over], REQUIRED)).toMatchObject([
      { file: 'over.yaml', line: 3, column: 10, key: 'switch.drain' },
    ]);
    expect(errorsOf([over, { ...BASE, text: 'switch: {drain: later}' }], REQUIRED)).toMatchObject([
      { file: 'base.yaml', line: 1 },
    ]);
  });

  it('unset what a later one leaves empty', () => {
    const { plan } = loadPlan([BASE, { name: 'over.yaml', text: 'lease:\nswitch: {deadline: }' }], REQUIRED);
    expect(plan.lease.duration_ms).toBe(86_400_000);
    expect(plan.switch).toMatchObject({ strategy: 'gradual', deadline_ms: 30_000 });
  });

  it('change the adapter when a later one names another', () => {
    const over = { name: 'over.yaml', text: 'platform: {local: {}}\nrouter: local\nmetrics: {scrape: , window: 5s}' };
    const { plan } = loadPlan([sharedPlan('checkout.yaml'), over]);
    expect([plan.platform.kind, plan.router.kind, plan.metrics.kind]).toEqual(['local', 'local', 'scrape']);
    expect(plan.metrics).toMatchObject({ window_ms: 5_000, min_observations: 20, queries: {} });
  });

  it('share anchors within a file', () => {
    const text =
      'blue_green_switch:\n  validation_phases:\n    health_check: {success_criteria: &c ["error_rate < 1"]}\n    performance_validation: {success_criteria: *c}';
    const { plan } = loadPlan([{ name: 'plan.yaml', text }], REQUIRED);
    expect(plan.phases.performance_validation?.success_criteria).toEqual(plan.phases.health_check?.success_criteria);
  });
});

describe('--set', () => {
  it('takes scalars, lists and maps, and wins over files', () => {
    const { plan } = loadPlan(
      [BASE],
      [...REQUIRED, 'switch.steps=[10, 100]', 'lease.duration=1h', 'smoke.health={path: /up}', 'require_parity=true'],
    );
    expect(plan.switch.steps.map(({ share }) => share)).toEqual([10, 100]);
    expect(plan.lease.duration_ms).toBe(3_600_000);
    expect(plan.smoke?.health.path).toBe('/up');
    expect(plan.require_parity).toBe(true);
  });

  it('applies in order, and an empty value unsets', () => {
    expect(loadPlan([BASE], [...REQUIRED, 'lease.duration=1h', 'lease.duration=5h']).plan.lease.duration_ms).toBe(
      5 * 3_600_000,
    );
    expect(loadPlan([BASE], [...REQUIRED, 'lease.duration=']).plan.lease.duration_ms).toBe(86_400_000);
  });

  it('keeps the settings around an adapter that it replaces', () => {
    const sets = ['platform=local', 'router=local', 'metrics=scrape', 'metrics.window=7s'];
    const { plan } = loadPlan([sharedPlan('checkout.yaml')], sets);
    expect(plan.metrics).toMatchObject({ kind: 'scrape', window_ms: 7_000, no_data_limit_ms: 60_000, config: {} });
  });

  it('escapes dots in keys, and keeps = in values', () => {
    const { plan } = loadPlan([], [...REQUIRED, 'smoke.health.expect.app\\.name=a=b']);
    expect(plan.smoke?.health.expect).toEqual({ 'app.name': 'a=b' });
  });

  it.each([
    ['switch', 'CUTOVER_PLAN_SET', '--set switch', 1],
    ['switch..drain=5s', 'CUTOVER_PLAN_SET', '--set switch..drain', 1],
    ['=5s', 'CUTOVER_PLAN_SET', '--set ', 1],
    ['switch.drain=soon', 'CUTOVER_PLAN_DURATION', '--set switch.drain', 14],
    ['switch.drian=5s', 'CUTOVER_PLAN_UNKNOWN_KEY', '--set switch.drian', 8],
    ['switch.steps=[25, 50', 'CUTOVER_PLAN_SYNTAX', '--set switch.steps', 21],
    ['switch.constructor.x=1', 'CUTOVER_PLAN_FORBIDDEN_TEXT', '--set switch.constructor.x', 8],
    [`${'a.'.repeat(70)}b=1`, 'CUTOVER_PLAN_SET', `--set ${'a.'.repeat(40)}`, 1],
  ])('%s is refused at its own place', (set, code, file, column) => {
    expect(errorsOf([], [...REQUIRED, set])).toMatchObject([{ code, file, line: 1, column }]);
  });
});
