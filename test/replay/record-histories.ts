/**
 * Records one run of each shape into test/histories. Record anew only with a change of workflow code that runs under
 * way cannot take over, and then keep the old files as long as such runs may be open.
 */
import { expect, it } from 'vitest';
import type { SwitchPlan } from '../../src/plan/types.ts';
import type { DeployPhase } from '../../src/workflows/api.ts';
import { startCluster } from '../support/cluster.ts';
import { criterion } from '../support/plans.ts';
import { isWrite, startProxy } from '../support/proxy.ts';
import { breach, emptyEvidence, watchState } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, foreignWrite } from '../support/world/world.ts';
import { record, save } from './recorder.ts';

const ANA = { by: 'ana@example.com' };

const suite = useHarness();

const GRADUAL: SwitchPlan = {
  strategy: 'gradual',
  steps: [25, 50, 100].map((share) => ({
    share,
    duration_ms: 60_000,
    success_criteria: [criterion('error_rate < 1')],
  })),
  deadline_ms: 30_000,
  drain_ms: 30_000,
};

it('succeeded, instant', async () => {
  const deployment = await suite.harness.deploy();
  await deployment.until('approval');
  await deployment.update('approve', ANA);
  await deployment.until('lease');
  await deployment.update('release', ANA);
  await record('succeeded-instant', deployment, 'succeeded');
});

it('succeeded, gradual, from a reduced size', async () => {
  const capacity = { validation_percent: 50, switch_percent: 100 };
  await record(
    'succeeded-gradual',
    await suite.harness.deploy({ approval: null, switch: GRADUAL, capacity }),
    'succeeded',
  );
});

it('observed for four hours, lengthened, shortened, and grown by a gap', async () => {
  const observation = { duration_ms: 4 * 3_600_000, rollback_triggers: [criterion('error_rate > 1')] };
  const deployment = await suite.harness.deploy({ approval: null, observation });
  let told = false;
  deployment.script.judge = (input, now) => {
    if (input.stage !== 'observation' || told || now < input.started_at_ms + 600_000) return null;
    told = true;
    return {
      verdict: 'gap',
      grow_ms: 600_000,
      reason: 'no worker',
      evidence: emptyEvidence(now),
      state: watchState(now),
    };
  };
  await deployment.until('observation');
  await deployment.update('extend_observation', { ...ANA, duration: '30m' });
  await suite.harness.env.sleep(3_600_000);
  await deployment.update('extend_observation', { ...ANA, duration: '-30m' });
  await record('observed-4h', deployment, 'succeeded');
});

it.each(['health_check', 'performance_validation', 'decision_window', 'observation'])(
  'rolled back by a trigger in %s',
  async (stage) => {
    const deployment = await suite.harness.deploy({ approval: null });
    deployment.script.judge = (input, now) => (input.stage === stage ? breach('error_rate > 1', now) : null);
    await record(`rolled-back-from-${stage.replace('_', '-')}`, deployment, 'rolled_back');
  },
);

it.each(['provision', 'warmup', 'approval', 'lease'] as DeployPhase[])(
  'rolled back by a person in %s',
  async (phase) => {
    const world = createWorld();
    if (phase === 'provision') world.readyLimit = 0;
    const deployment = await suite.harness.deploy(phase === 'lease' ? { approval: null } : {}, world);
    await deployment.until(phase);
    await deployment.update('rollback', ANA);
    await record(`rolled-back-from-${phase}`, deployment, 'rolled_back');
  },
);

it('rejected by an approver', async () => {
  const deployment = await suite.harness.deploy();
  await deployment.until('approval');
  await deployment.update('reject', ANA);
  await record('rejected', deployment, 'rejected');
});

it('refused, because the router splits traffic', async () => {
  const world = createWorld();
  world.router.weights = { blue: 75, green: 25 };
  await record('refused', await suite.harness.deploy({}, world), 'rejected');
});

it('cancelled', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  await deployment.until('observation');
  await deployment.handle.cancel();
  await expect(deployment.result()).rejects.toThrow();
  await save('cancelled', await deployment.handle.fetchHistory());
});

it('met by a foreign write', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  await deployment.until('performance_validation');
  foreignWrite(deployment.world, { blue: 50, green: 50 });
  await record('drift', deployment, 'rolled_back');
});

it('stuck, then forced', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  await deployment.until('observation');
  Object.assign(deployment.world.colours.blue, { ready: 1 });
  deployment.world.readyLimit = 1;
  await deployment.signal('rollback', ANA);
  await deployment.until('stuck');
  await deployment.update('rollback', { ...ANA, force: true });
  await record('stuck-then-forced', deployment, 'rolled_back');
});

it('inconclusive, because nobody watched', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  deployment.script.judge = ({ stage }) => (stage === 'health_check' ? 'silent' : null);
  await record('inconclusive', deployment, 'inconclusive');
});

it('a guard whose clock began before the candidate had traffic', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  let told = false;
  deployment.script.judge = ({ stage }, now) => {
    if (stage !== 'guard' || told) return null;
    told = true;
    return { verdict: 'no_data', reason: 'no data for 60 s', evidence: emptyEvidence(now), state: watchState(now) };
  };
  await record('guarded-anew', deployment, 'succeeded');
});

it('rolled back by a signal that has the request id of the approval', async () => {
  const job = { ...ANA, request_id: 'job-7' };
  const deployment = await suite.harness.deploy();
  await deployment.until('approval');
  await deployment.update('approve', job);
  await deployment.until('observation');
  await deployment.signal('rollback', job);
  await record('rolled-back-under-a-known-request-id', deployment, 'rolled_back');
});

it('claimed the router at the second try', async () => {
  const world = createWorld();
  world.beforeWrite = async () => {
    world.beforeWrite = null;
    foreignWrite(world, { blue: 100, green: 0 });
  };
  await record('claimed-at-the-second-try', await suite.harness.deploy({ approval: null }, world), 'succeeded');
});

it('went on with another worker after the first was killed in a shift', async () => {
  const cluster = await startCluster();
  const proxy = await startProxy(cluster.localUrl);
  try {
    const shop = await cluster.shop('killed');
    const first = await cluster.worker({ localUrl: proxy.url });
    const written = proxy.trap(isWrite, 'answer');
    const deployment = await shop.start(shop.plan());
    await written.caught;
    first.kill('SIGKILL');
    await cluster.worker();
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    await save('worker-killed', await shop.history());
  } finally {
    await proxy.stop();
    await cluster.stop();
  }
});
