import { describe, expect, it } from 'vitest';
import { CutoverError } from '../../src/errors.ts';
import type { Plan } from '../../src/plan/types.ts';
import { breach } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, foreignWrite, type World } from '../support/world/world.ts';

const ANA = { by: 'ana@example.com' };
const suite = useHarness();

/** The model is both colours, whatever the platform is called. */
const ACTIVE_ONLY: Partial<Plan> = { platform: { kind: 'kubernetes', active_only: 'only=active' }, approval: null };

function deploy(changes: Partial<Plan> = {}, world?: World) {
  return suite.harness.deploy({ ...ACTIVE_ONLY, ...changes }, world);
}

/** Fails every pass that the predicate picks. */
function failing(
  world: World,
  picks: () => boolean,
  code: 'CUTOVER_KUBERNETES_FORBIDDEN' | 'CUTOVER_KUBERNETES_UNWELL',
) {
  let failures = 0;
  world.work.beforePass = () => {
    if (!picks()) return;
    failures += 1;
    throw new CutoverError(code, 'cronjobs cannot be patched');
  };
  return () => failures;
}

describe('work that only one colour may run', () => {
  it('is kept from the candidate before anything is deployed to it, and goes with the traffic', async () => {
    const world = createWorld();
    const seen: unknown[] = [];
    world.work.beforePass = () => {
      seen.push([world.colours.green.version, world.router.weights.green]);
    };
    const { script, result } = await deploy({}, world);
    expect(await result()).toMatchObject({ outcome: 'succeeded' });
    expect(seen).toEqual([
      [null, 0],
      ['2.0.0', 100],
    ]);
    expect(world.work).toMatchObject({ moves: ['blue', 'green'], runs: { blue: false, green: true } });
    expect([world.violations, script.notified]).toEqual([[], []]);
  });

  it('is not moved, nor asked for, when the plan names none', async () => {
    const world = createWorld();
    const { result } = await suite.harness.deploy({ approval: null }, world);
    expect(await result()).toMatchObject({ outcome: 'succeeded' });
    expect(world.work).toMatchObject({ moves: [], runs: { blue: true, green: true } });
  });

  it.each(['decision_window', 'observation'])('goes back with the traffic from %s', async (stage) => {
    const deployment = await deploy();
    deployment.script.judge = (input, now) => (input.stage === stage ? breach('error_rate > 1', now) : null);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deployment.world.work).toMatchObject({
      moves: ['blue', 'green', 'blue'],
      runs: { blue: true, green: false },
    });
    expect(deployment.world.violations).toEqual([]);
  });

  it('goes back from the lease', async () => {
    const deployment = await deploy();
    await deployment.until('lease');
    await deployment.update('rollback', ANA);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deployment.world.work.moves).toEqual(['blue', 'green', 'blue']);
  });

  it('stays where it is when the candidate only had a share', async () => {
    const deployment = await deploy();
    deployment.script.judge = (input, now) =>
      input.stage === 'performance_validation' ? breach('error_rate > 1', now) : null;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deployment.world.work).toMatchObject({ moves: ['blue'], runs: { blue: true, green: false } });
  });
});

describe('work that cannot be moved', () => {
  it('ends the deployment before it has begun', async () => {
    const world = createWorld();
    failing(world, () => true, 'CUTOVER_KUBERNETES_FORBIDDEN');
    const { result } = await deploy({}, world);
    expect(await result()).toMatchObject({ outcome: 'rolled_back', reason: 'cronjobs cannot be patched' });
    expect([world.writes, world.colours.green.version]).toEqual([[], null]);
  });

  it('is tried before the deployment no longer than the candidate may take', async () => {
    const world = createWorld();
    const failures = failing(world, () => true, 'CUTOVER_KUBERNETES_UNWELL');
    const { result } = await deploy({ provision_timeout_ms: 60_000 }, world);
    expect(await result()).toMatchObject({ outcome: 'rolled_back' });
    expect(failures()).toBeGreaterThan(10);
  });

  it('is held after the switch, tried again, and a person is called, once', async () => {
    const world = createWorld();
    let refusals = 3;
    const atFull = () => world.router.weights.green === 100;
    failing(world, () => atFull() && refusals-- > 0, 'CUTOVER_KUBERNETES_FORBIDDEN');
    const { script, result } = await deploy({}, world);
    expect(await result()).toMatchObject({ outcome: 'succeeded' });
    expect(script.notified).toEqual([
      'Scheduled work is held: not moved to green: cronjobs cannot be patched; it is tried again until it succeeds, or `promote` goes on without it',
    ]);
    expect(world.work).toMatchObject({ moves: ['blue', 'green'], runs: { blue: false, green: true } });
  });

  it.each(['CUTOVER_KUBERNETES_FORBIDDEN', 'CUTOVER_KUBERNETES_UNWELL'] as const)(
    'after the switch is left by a promote: %s',
    async (code) => {
      const world = createWorld();
      failing(world, () => world.router.weights.green === 100, code);
      const deployment = await deploy({}, world);
      await deployment.until('switch');
      await suite.harness.env.sleep(20_000);
      const { phase, attention } = await deployment.status();
      expect([phase, attention]).toEqual(['switch', [expect.stringContaining('Scheduled work is held')]]);
      expect((await deployment.update('promote', ANA)).message).toBe('going on without it');
      expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
      expect(world.work.moves).toEqual(['blue']);
    },
  );

  it('never holds up a rollback: the guard judges on while it is held', async () => {
    const world = createWorld();
    failing(world, () => world.router.weights.green === 100, 'CUTOVER_KUBERNETES_UNWELL');
    const deployment = await deploy({}, world);
    await deployment.until('switch');
    await suite.harness.env.sleep(20_000);
    deployment.script.judge = (input, now) => (input.ends_at_ms === null ? breach('error_rate > 1', now) : null);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(world.work).toMatchObject({ runs: { blue: true, green: false } });
  });

  it('after a rollback is tried without limit, with the traffic told as restored', async () => {
    const world = createWorld();
    let isMended = false;
    const hasRolledBack = () => world.writes.length > 0 && world.router.weights.blue === 100;
    failing(world, () => hasRolledBack() && !isMended, 'CUTOVER_KUBERNETES_UNWELL');
    const deployment = await deploy({ keep_failed_ms: 0 }, world);
    await deployment.until('lease');
    const receipt = await deployment.update('rollback', ANA);
    expect(receipt.message).toContain('all traffic is on blue');
    await suite.harness.env.sleep(3_600_000);
    const { phase, outcome, rollback, attention } = await deployment.status();
    expect([phase, outcome, rollback?.state]).toEqual(['keep_failed', 'rolled_back', 'restored']);
    expect(attention).toEqual([expect.stringContaining('Scheduled work is not back')]);
    isMended = true;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(world.work).toMatchObject({ moves: ['blue', 'green', 'blue'], runs: { blue: true, green: false } });
  });

  it('after a rollback is let go of by a release, but not by one that came before the call', async () => {
    const world = createWorld();
    failing(world, () => world.router.weights.blue === 100 && world.writes.length > 0, 'CUTOVER_KUBERNETES_FORBIDDEN');
    const deployment = await deploy({}, world);
    await deployment.until('lease');
    await deployment.update('rollback', ANA);
    await deployment.until('keep_failed');
    // Between the second try and the third: the time-skipping server loses an update that comes in the instant of a try.
    await suite.harness.env.sleep(90_000);
    expect((await deployment.status()).attention).toHaveLength(1);
    await deployment.update('release', ANA);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(world.work).toMatchObject({ moves: ['blue', 'green'] });
  });

  it('is left where it is when somebody has moved the traffic meanwhile', async () => {
    const world = createWorld();
    world.work.beforePass = () => {
      if (world.router.weights.green === 100) foreignWrite(world, { blue: 100, green: 0 });
    };
    const deployment = await deploy({}, world);
    deployment.script.judge = (input, now) =>
      input.ends_at_ms !== null && input.stage === 'decision_window' ? breach('error_rate > 1', now) : null;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    const { attention } = await deployment.status();
    expect(attention[0]).toBe(
      'Scheduled work was not moved: scheduled work is left where it is: the router holds blue 100 %, green 0 %',
    );
    expect(world.work.moves).toEqual(['blue']);
  });

  it('is told of when it stays suspended on the colour that has the traffic', async () => {
    const world = createWorld();
    world.work.left = ['CronJob report-green'];
    const { script, result } = await deploy({}, world);
    expect(await result()).toMatchObject({ outcome: 'succeeded' });
    expect(script.notified).toEqual([
      'Scheduled work stays suspended: CronJob report-green of green: suspended before Cutover came',
    ]);
  });
});
