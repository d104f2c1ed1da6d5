import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { DeployPhase } from '../../src/workflows/api.ts';
import { testPlan } from '../support/plans.ts';
import { refusedWith } from '../support/world/refused.ts';
import { emptyEvidence, watchState } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';

const suite = useHarness();

const ANA = { by: 'ana@example.com' };

describe('approval', () => {
  it('refuses strangers, the starter and the nameless, and records a refused signal', async () => {
    const deployment = await suite.harness.deploy({}, undefined, 'ben@example.com');
    await deployment.until('approval');
    expect(await refusedWith(deployment.update('approve', { by: 'eve@example.com' }))).toContain('not an approver');
    expect(await refusedWith(deployment.update('approve', {}))).toContain('say who you are');
    expect(await refusedWith(deployment.update('approve', { by: 'ben@example.com' }))).toContain('cannot approve');
    await deployment.signal('approve', { by: 'eve@example.com' });
    const status = await deployment.status();
    expect(status.messages.at(-1)).toMatchObject({ name: 'approve', via: 'signal', accepted: false });
    expect(await deployment.update('approve', ANA)).toMatchObject({
      accepted: true,
      message: 'approved by ana@example.com: going on',
    });
    await deployment.until('decision_window');
    await deployment.update('rollback');
  });

  it('needs as many people as the plan says, each once', async () => {
    const { approval } = testPlan();
    const deployment = await suite.harness.deploy({
      approval: approval === null ? null : { ...approval, required: 2 },
    });
    await deployment.until('approval');
    expect((await deployment.update('approve', ANA)).message).toContain('1 more needed');
    expect(await refusedWith(deployment.update('approve', ANA))).toContain('has approved it already');
    await deployment.update('approve', { by: 'ben@example.com' });
    await deployment.until('decision_window');
    await deployment.update('rollback');
  });

  it('takes traffic back when it is rejected', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    await deployment.update('reject', { ...ANA, reason: 'wrong week' });
    expect(await deployment.result()).toMatchObject({
      outcome: 'rejected',
      reason: 'rejected by ana@example.com: wrong week',
      weights: { blue: 100, green: 0 },
    });
  });

  it.each([
    ['rollback' as const, 'rejected', { blue: 100, green: 0 }],
    ['continue' as const, 'succeeded', { blue: 0, green: 100 }],
  ])('does what the plan says when nobody answers: %s', async (on_timeout, outcome, weights) => {
    const { approval } = testPlan();
    const deployment = await suite.harness.deploy({ approval: approval === null ? null : { ...approval, on_timeout } });
    expect(await deployment.result()).toMatchObject({ outcome, weights });
  });
});

describe('rollback by a person', () => {
  it.each<DeployPhase>([
    'warmup',
    'health_check',
    'performance_validation',
    'approval',
    'decision_window',
    'observation',
    'lease',
  ])('goes from %s and answers when the traffic is back', async (phase) => {
    const deployment = await suite.harness.deploy();
    if (!['warmup', 'health_check', 'performance_validation'].includes(phase)) {
      await deployment.until('approval');
      if (phase !== 'approval') await deployment.update('approve');
    }
    await deployment.until(phase);
    const receipt = await deployment.update('rollback', { ...ANA, reason: 'errors' });
    expect(receipt.message).toMatch(/^all traffic is on blue, \d+ ms after the request$/);
    expect(deployment.world.router.weights).toEqual({ blue: 100, green: 0 });
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', reason: 'rolled back by ana@example.com: errors' });
    expect(deployment.world.colours.green.desired).toBe(0);
    expect(deployment.world.violations).toEqual([]);
  });

  it('works as a bare signal, with no payload at all', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    await deployment.handle.signal('rollback');
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', reason: 'rolled back by unknown' });
  });

  it('is acted on once when the same request comes as update and as signal', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    await deployment.update('rollback', { ...ANA, request_id: 'r-1' });
    await deployment.signal('rollback', { ...ANA, request_id: 'r-1' });
    await deployment.result();
    const status = await deployment.status();
    expect(status.messages.filter((message) => message.name === 'rollback')).toHaveLength(1);
  });

  it.each(['update', 'signal'] as const)('goes by %s under the request id of another message', async (via) => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    const job = { ...ANA, request_id: 'job-7' };
    expect(await deployment.update('approve', job)).toMatchObject({ duplicate: false });
    expect(await deployment.update('approve', job)).toMatchObject({ duplicate: true });
    await deployment.until('observation');
    if (via === 'signal') await deployment.signal('rollback', job);
    else expect(await deployment.update('rollback', job)).toMatchObject({ duplicate: false });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(deployment.world.router.weights).toEqual({ blue: 100, green: 0 });
  });

  it('is refused, with the reason, once clean-up has begun', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('lease');
    deployment.world.routerDown = true;
    await deployment.update('release');
    await deployment.until('clean_up');
    // Not proven yet, so rollback is still possible: it is accepted, and waits for the router only.
    await deployment.signal('rollback', ANA);
    deployment.world.routerDown = false;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
  });
});

describe('rollback to a colour that is not ready', () => {
  it('holds while the candidate is healthy, calls a person, repairs, and then goes', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const { world } = deployment;
    world.colours.blue.ready = 1;
    world.readyLimit = 1;
    await deployment.signal('rollback', ANA);
    const held = await deployment.until('stuck');
    expect(held.attention.join()).toContain('Rollback is held: blue has 1 of the 4 ready instances');
    await suite.harness.env.sleep(1_000);
    expect(world.router.weights).toEqual({ blue: 25, green: 75 });
    world.readyLimit = null;
    world.colours.blue.ready = 4;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(world.violations).toEqual([]);
  });

  it('goes when it is forced, under whatever request id', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const { world } = deployment;
    world.colours.blue.ready = 1;
    world.readyLimit = 1;
    await deployment.signal('rollback', { ...ANA, request_id: 'job-7' });
    await deployment.until('stuck');
    await deployment.update('rollback', { ...ANA, request_id: 'job-7', force: true });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });

  it('goes, loudly, when the old colour’s state cannot be read', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    deployment.world.colours.blue.unreadable = true;
    await deployment.update('rollback');
    const status = await deployment.status();
    expect(status.weights).toEqual({ blue: 100, green: 0 });
    expect(status.attention.join()).toContain('the state of blue could not be read');
    deployment.world.colours.blue.unreadable = false;
    await deployment.result();
  });

  it('goes back all the same, and says so, when both colours are unhealthy', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    deployment.world.colours.blue.ready = 2;
    deployment.world.colours.green.ready = 0;
    await deployment.update('rollback');
    const status = await deployment.status();
    expect(status.weights).toEqual({ blue: 100, green: 0 });
    expect(status.attention.join()).toContain('Both colours are unhealthy');
    await deployment.result();
  });

  it('is stuck, and calls a person, when somebody reverts it three times; another message tries again', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const { world } = deployment;
    let reverts = 0;
    world.afterWrite = () => {
      reverts += 1;
      world.router = {
        ...world.router,
        weights: { blue: 0, green: 100 },
        revision: `${Number(world.router.revision) + 1}`,
      };
    };
    await deployment.signal('rollback', ANA);
    const stuck = await deployment.until('stuck');
    expect(stuck.attention.join()).toContain('reverted by somebody else 3 times');
    expect(reverts).toBe(3);
    world.afterWrite = null;
    await deployment.signal('rollback', ANA);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });
});

describe('cancel, extension and release', () => {
  it.each<DeployPhase>(['health_check', 'observation', 'lease'])(
    'a cancel in %s is a rollback and closes as Canceled',
    async (phase) => {
      const deployment = await suite.harness.deploy({ approval: null });
      await deployment.until(phase);
      await deployment.handle.cancel();
      const error = await deployment.result().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
      expect(deployment.world.router.weights).toEqual({ blue: 100, green: 0 });
      expect((await deployment.status()).outcome).toBe('rolled_back');
    },
  );

  it.each([
    ['30m', 90],
    ['-30m', 30],
  ])('moves the end of a one-hour observation by %s', async (duration, minutes) => {
    const deployment = await suite.harness.deploy({ approval: null });
    const before = await deployment.until('observation');
    const startedAt = Date.parse(before.phases[8]?.started_at ?? '');
    await deployment.update('extend_observation', { ...ANA, duration });
    const after = await deployment.until('lease');
    const observed = Date.parse(after.phases[8]?.ended_at ?? '') - startedAt;
    expect(Math.round(observed / 60_000)).toBe(minutes);
    await deployment.update('release');
    await deployment.result();
  });

  it('refuses an extension that is no duration, or that ends in the past', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    expect(await refusedWith(deployment.update('extend_observation', { duration: 'soon' }))).toContain(
      'say by how much',
    );
    expect(await refusedWith(deployment.update('extend_observation', { duration: '-3h' }))).toContain('in the past');
    await deployment.update('rollback');
  });

  it('ends the lease by release', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('lease');
    await deployment.update('release');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deployment.world.colours.blue.desired).toBe(0);
  });

  it('repairs the old colour when it loses instances in the lease', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('lease');
    deployment.world.colours.blue.ready = 2;
    await suite.harness.env.sleep(60_000);
    const status = await deployment.status();
    expect(deployment.world.colours.blue.ready).toBe(4);
    expect(status.lease?.old_healthy).toBe(true);
    expect(status.attention.join()).toContain('The old colour is not ready');
    await deployment.update('release');
    await deployment.result();
  });
});

describe('time that nobody watched', () => {
  it('grows the window by the gap', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    let told = false;
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'observation' || told) return null;
      told = true;
      return {
        verdict: 'gap',
        grow_ms: 600_000,
        reason: 'no worker',
        evidence: emptyEvidence(now),
        state: watchState(now),
      };
    };
    const status = await deployment.until('lease');
    const phase = status.phases[8];
    const observed = Date.parse(phase?.ended_at ?? '') - Date.parse(phase?.started_at ?? '');
    expect(Math.round(observed / 60_000)).toBe(70);
    expect(phase?.note).toContain('lengthened by 10m');
    await deployment.update('release');
    await deployment.result();
  });

  it('does not pass a window whose watcher never reports: before 100 % it is inconclusive and goes back', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    deployment.script.judge = (input) =>
      input.stage === 'health_check' && input.ends_at_ms !== null ? 'silent' : null;
    expect(await deployment.result()).toMatchObject({ outcome: 'inconclusive', weights: { blue: 100, green: 0 } });
  });

  it('stays at 100 % without data, and calls a person', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    let calls = 0;
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'observation') return null;
      calls += 1;
      if (calls > 2) return null;
      return { verdict: 'no_data', reason: 'no data for 60 s', evidence: emptyEvidence(now), state: watchState(now) };
    };
    const status = await deployment.until('lease');
    expect(status.attention.join()).toContain('No data: no data for 60 s; traffic stays');
    expect(status.weights).toEqual({ blue: 0, green: 100 });
    await deployment.update('release');
    await deployment.result();
  });

  it('rolls back at 100 % without data when the plan says so', async () => {
    const { metrics } = testPlan();
    const deployment = await suite.harness.deploy({ approval: null, metrics: { ...metrics, on_no_data: 'rollback' } });
    deployment.script.judge = (input, now) =>
      input.stage === 'observation'
        ? { verdict: 'no_data', reason: 'no data for 60 s', evidence: emptyEvidence(now), state: watchState(now) }
        : null;
    expect(await deployment.result()).toMatchObject({ outcome: 'inconclusive', weights: { blue: 100, green: 0 } });
  });
});

describe('payloads', () => {
  it('survives payloads of any shape', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    for (const payload of [null, 7, [], 'in a hurry', { by: 5, reason: {} }, { by: 'x'.repeat(100_000) }]) {
      await deployment.signal('approve', payload);
    }
    expect((await deployment.status()).messages).toHaveLength(6);
    await deployment.signal('rollback', 'p99 is bad');
    expect(await deployment.result()).toMatchObject({ reason: 'rolled back by unknown: p99 is bad' });
  });
});
