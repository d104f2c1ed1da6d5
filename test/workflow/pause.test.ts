import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types.ts';
import type { Deployment } from '../support/world/harness.ts';
import { refusedWith } from '../support/world/refused.ts';
import { breach } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';

const suite = useHarness();
const ANA = { by: 'ana@example.com' };
const MINUTE = 60_000;

async function inPhase(phase: Parameters<Deployment['until']>[0], changes: Partial<Plan> = {}): Promise<Deployment> {
  const deployment = await suite.harness.deploy({ approval: null, ...changes });
  await deployment.until(phase);
  return deployment;
}

/** Virtual milliseconds that a phase took. */
async function took(deployment: Deployment, name: string): Promise<number> {
  const phase = (await deployment.status()).phases.find((one) => one.name === name);
  return Date.parse(phase?.ended_at ?? '') - Date.parse(phase?.started_at ?? '');
}

describe('pause', () => {
  it('freezes what is left of the window; resume goes on with it', async () => {
    const deployment = await inPhase('observation');
    await suite.harness.env.sleep(10 * MINUTE);
    await deployment.update('pause', { ...ANA, reason: 'lunch' });
    const paused = await deployment.status();
    expect(paused.paused).toMatchObject({ by: 'ana@example.com', reason: 'lunch' });
    expect(Math.round((paused.paused?.remaining_ms ?? 0) / MINUTE)).toBe(50);
    expect(paused.phases[8]?.ends_at).toBeNull();
    await suite.harness.env.sleep(180 * MINUTE);
    expect((await deployment.status()).phase).toBe('observation');
    await deployment.update('resume');
    expect((await deployment.status()).paused).toBeNull();
    await deployment.until('lease');
    expect(Math.round((await took(deployment, 'observation')) / MINUTE)).toBe(240);
    await deployment.update('release');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('goes on watching: a trigger rolls back at once', async () => {
    const deployment = await inPhase('observation');
    await deployment.update('pause');
    let isBad = false;
    deployment.script.judge = (input, now) =>
      isBad && input.stage === 'observation' ? breach('error_rate > 1', now) : null;
    await suite.harness.env.sleep(5 * MINUTE);
    isBad = true;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect((await deployment.status()).paused).toBeNull();
  });

  it('does not hold a rollback that a person asks for', async () => {
    const deployment = await inPhase('performance_validation');
    await deployment.update('pause');
    await deployment.update('rollback');
    expect(deployment.world.router.weights).toEqual({ blue: 100, green: 0 });
    await deployment.result();
  });

  it('keeps the share where it is: a window that is over lets no traffic move', async () => {
    const deployment = await inPhase('health_check');
    await suite.harness.env.sleep(MINUTE);
    await deployment.update('pause');
    await suite.harness.env.sleep(60 * MINUTE);
    expect(deployment.world.router.weights.green).toBe(1);
    expect((await deployment.status()).phase).toBe('health_check');
    await deployment.update('resume');
    await deployment.until('observation');
    await deployment.update('rollback');
    await deployment.result();
  });

  it('lets the approval clock run, and the switch waits for resume', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    await deployment.update('pause');
    await deployment.update('approve');
    await suite.harness.env.sleep(30 * MINUTE);
    expect((await deployment.status()).phase).toBe('switch');
    expect(deployment.world.router.weights).toEqual({ blue: 90, green: 10 });
    await deployment.update('resume');
    await deployment.until('observation');
    expect(deployment.world.router.weights).toEqual({ blue: 0, green: 100 });
    await deployment.update('rollback');
    await deployment.result();
  });

  it('expires an approval all the same', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    await deployment.update('pause');
    expect(await deployment.result()).toMatchObject({ outcome: 'rejected', weights: { blue: 100, green: 0 } });
  });

  it('keeps the old colour beyond its lease until it is resumed', async () => {
    const deployment = await inPhase('lease');
    await deployment.update('pause');
    await suite.harness.env.sleep(180 * MINUTE);
    expect((await deployment.status()).phase).toBe('clean_up');
    expect(deployment.world.colours.blue.desired).toBe(4);
    await deployment.update('rollback');
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });

  it('keeps a failed candidate until it is resumed', async () => {
    const deployment = await inPhase('performance_validation');
    await deployment.update('rollback');
    await deployment.until('keep_failed');
    await deployment.update('pause');
    await suite.harness.env.sleep(60 * MINUTE);
    expect(deployment.world.colours.green.desired).toBe(4);
    await deployment.update('resume');
    await deployment.result();
    expect(deployment.world.colours.green.desired).toBe(0);
  });

  it('takes an extension while it is paused', async () => {
    const deployment = await inPhase('observation');
    await deployment.update('pause');
    expect((await deployment.update('extend_observation', { ...ANA, duration: '30m' })).message).toContain(
      'of the observation are left once it is resumed',
    );
    expect(await refusedWith(deployment.update('extend_observation', { duration: '-3h' }))).toContain('in the past');
    await deployment.update('resume');
    await deployment.until('lease');
    expect(Math.round((await took(deployment, 'observation')) / MINUTE)).toBe(90);
    await deployment.update('release');
    await deployment.result();
  });

  it('is refused twice, and resume without it; a bare signal works', async () => {
    const deployment = await inPhase('warmup');
    expect(await refusedWith(deployment.update('resume'))).toBe('it is not paused');
    await deployment.handle.signal('pause');
    expect(await refusedWith(deployment.update('pause'))).toBe('it is paused already, by unknown');
    await suite.harness.env.sleep(60 * MINUTE);
    expect((await deployment.status()).phase).toBe('warmup');
    await deployment.handle.signal('resume');
    await deployment.until('health_check');
    await deployment.update('rollback');
    await deployment.result();
  });
});
