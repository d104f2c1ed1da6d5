import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { HookPlan, HookPoint, Plan } from '../../src/plan/types.ts';
import { testHook } from '../support/plans.ts';
import { refusedWith } from '../support/world/refused.ts';
import { useHarness } from '../support/world/use-harness.ts';

const suite = useHarness();

function hooked(hooks: Partial<Record<HookPoint, HookPlan[]>>): Partial<Plan> {
  const none = { before_switch: [], after_switch: [], on_rollback: [], before_cleanup: [] };
  return { approval: null, hooks: { ...none, ...hooks } };
}

const failing = () => {
  throw ApplicationFailure.create({ type: 'CUTOVER_HOOK_FAILED', message: 'status 500', nonRetryable: true });
};

describe('hooks', () => {
  it('run in their order, each once, with what they are about', async () => {
    const told: unknown[] = [];
    const deployment = await suite.harness.deploy(
      hooked({
        before_switch: [testHook({ name: 'expand' }), testHook({ name: 'flags' })],
        after_switch: [testHook({ name: 'purge' })],
        before_cleanup: [testHook({ name: 'contract', on_failure: 'hold' })],
        on_rollback: [testHook({ name: 'never', on_failure: 'continue' })],
      }),
    );
    deployment.script.hook = ({ event }) => {
      told.push([event.point, deployment.world.router.weights.green, event.previous_version, event.version]);
      return 'ok';
    };
    await deployment.until('lease');
    await deployment.update('release');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(told).toEqual([
      ['before_switch', 10, '1.0.0', '2.0.0'],
      ['before_switch', 10, '1.0.0', '2.0.0'],
      ['after_switch', 100, '1.0.0', '2.0.0'],
      ['before_cleanup', 100, '1.0.0', '2.0.0'],
    ]);
    expect(new Set(deployment.script.hooked).size).toBe(4);
    const { hooks } = await deployment.status();
    expect(hooks.map(({ name, state, note }) => `${name} ${state} ${note}`)).toEqual([
      'expand passed ok',
      'flags passed ok',
      'purge passed ok',
      'contract passed ok',
    ]);
  });

  it('one that fails before the switch rolls back, and the rollback’s own hook runs after the traffic is back', async () => {
    const deployment = await suite.harness.deploy(
      hooked({
        before_switch: [testHook()],
        on_rollback: [testHook({ name: 'flags-off', on_failure: 'continue' })],
      }),
    );
    const shares: number[] = [];
    deployment.script.hook = ({ event }) => {
      if (event.point === 'before_switch') return failing();
      shares.push(deployment.world.router.weights.green);
      expect(event.reason).toContain('hook migrate (before_switch) failed: status 500');
      return 'off';
    };
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'hook migrate (before_switch) failed: status 500',
    });
    expect(shares).toEqual([0]);
    expect(deployment.world.writes.map(({ weights }) => weights.green)).toEqual([1, 10, 0]);
  });

  it('one that may fail is passed over, and a person is told', async () => {
    const deployment = await suite.harness.deploy(hooked({ after_switch: [testHook({ on_failure: 'continue' })] }));
    deployment.script.hook = failing;
    const status = await deployment.until('observation');
    expect(status.attention).toEqual([
      'A hook failed: hook migrate (after_switch) failed: status 500; going on without it',
    ]);
    await deployment.update('rollback');
    await deployment.result();
  });

  it('one that is held is tried again until it succeeds', async () => {
    const deployment = await suite.harness.deploy(hooked({ before_cleanup: [testHook({ on_failure: 'hold' })] }));
    let failures = 3;
    deployment.script.hook = () => {
      failures -= 1;
      return failures >= 0 ? failing() : 'contracted';
    };
    await deployment.until('lease');
    await deployment.update('release');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deployment.script.hooked).toHaveLength(4);
    expect(new Set(deployment.script.hooked).size).toBe(1);
    expect(deployment.world.colours.blue.desired).toBe(0);
  });

  it('one that is held can be promoted past, and once clean-up has begun rollback and pause are refused', async () => {
    const deployment = await suite.harness.deploy(hooked({ before_cleanup: [testHook({ on_failure: 'hold' })] }));
    deployment.script.hook = failing;
    await deployment.until('lease');
    await deployment.update('release');
    await deployment.until('clean_up');
    await suite.harness.env.sleep(2_000);
    expect(deployment.world.colours.blue.desired).toBe(4);
    expect(await refusedWith(deployment.update('rollback'))).toContain('clean-up has begun');
    expect(await refusedWith(deployment.update('pause'))).toContain('clean-up has begun');
    expect((await deployment.update('promote')).message).toBe('going on without it');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect((await deployment.status()).hooks[0]).toMatchObject({ state: 'skipped', note: 'status 500' });
  });

  it('are not waited for by a rollback', async () => {
    const deployment = await suite.harness.deploy(hooked({ after_switch: [testHook({ on_failure: 'hold' })] }));
    deployment.script.hook = failing;
    await deployment.until('switch');
    await suite.harness.env.sleep(5_000);
    expect(deployment.world.router.weights.green).toBe(100);
    await deployment.update('rollback');
    expect(deployment.world.router.weights.green).toBe(0);
    await deployment.result();
  });
});
