/** Runs that people steer, and those with what a plan adds: hooks, a circuit break, a lease that keeps less. */
import { expect, it } from 'vitest';
import { CutoverError } from '../../src/errors.ts';
import { START_UPDATE, type StartReceipt, type StartRequest } from '../../src/workflows/api.ts';
import { behindGateway, testHook, testPlan } from '../support/plans.ts';
import { breach, emptyEvidence, watchState } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, directRollback } from '../support/world/world.ts';
import { record, save } from './recorder.ts';

const suite = useHarness();
const ANA = { by: 'ana@example.com' };

it('paused and resumed in a window, before a shift and beyond its lease', async () => {
  const deployment = await suite.harness.deploy({ lease: { duration_ms: 600_000, shrink_to_percent: 50 } });
  await deployment.until('performance_validation');
  await deployment.update('pause', ANA);
  await suite.harness.env.sleep(600_000);
  await deployment.update('resume', ANA);
  await deployment.until('approval');
  await deployment.update('pause', ANA);
  await deployment.update('approve', ANA);
  await suite.harness.env.sleep(60_000);
  await deployment.update('resume', ANA);
  await deployment.until('lease');
  await suite.harness.env.sleep(60_000);
  await deployment.update('pause', ANA);
  await suite.harness.env.sleep(1_200_000);
  await deployment.update('resume', ANA);
  await record('paused', deployment, 'succeeded');
});

it('promoted through every window', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  for (const phase of ['warmup', 'health_check', 'performance_validation', 'decision_window', 'observation'] as const) {
    await deployment.until(phase);
    await suite.harness.env.sleep(1_000);
    await deployment.update('promote', ANA);
  }
  await deployment.until('lease');
  await deployment.update('release', ANA);
  await record('promoted', deployment, 'succeeded');
});

it('ran its hooks, one held and promoted past', async () => {
  const deployment = await suite.harness.deploy({
    approval: null,
    hooks: {
      before_switch: [testHook({ name: 'expand' })],
      after_switch: [testHook({ name: 'purge', on_failure: 'continue' })],
      on_rollback: [],
      before_cleanup: [testHook({ name: 'contract', on_failure: 'hold' })],
    },
  });
  deployment.script.hook = ({ event }) => {
    if (event.point === 'before_cleanup') throw new Error('status 500');
    return 'done';
  };
  await deployment.until('lease');
  await deployment.update('release', ANA);
  await deployment.until('clean_up');
  await suite.harness.env.sleep(5_000);
  await deployment.update('promote', ANA);
  await record('hooked', deployment, 'succeeded');
});

it('moved work that only one colour runs to the candidate, held until it could be, and back', async () => {
  const world = createWorld();
  let refusals = 1;
  world.work.beforePass = () => {
    if (world.router.weights.green < 100 || refusals-- <= 0) return;
    throw new CutoverError('CUTOVER_KUBERNETES_FORBIDDEN', 'cronjobs cannot be patched');
  };
  const platform = { kind: 'kubernetes', active_only: 'app=checkout,cutover.dev/active-only=true' };
  const deployment = await suite.harness.deploy({ approval: null, platform }, world);
  deployment.script.judge = (input, now) => (input.stage === 'observation' ? breach('error_rate > 1', now) : null);
  await record('moved-scheduled-work', deployment, 'rolled_back');
});

it('rolled back by a hook that failed, with a hook of its own', async () => {
  const deployment = await suite.harness.deploy({
    approval: null,
    hooks: {
      before_switch: [testHook()],
      after_switch: [],
      on_rollback: [testHook({ name: 'flags-off', on_failure: 'continue' })],
      before_cleanup: [],
    },
  });
  deployment.script.hook = ({ event }) => {
    if (event.point === 'before_switch') throw new Error('status 500');
    return 'off';
  };
  await record('rolled-back-by-a-hook', deployment, 'rolled_back');
});

it('stopped by an error burst in a window and while it waited for approval', async () => {
  const circuit_break = { error_rate: 5, pause_ms: 30_000, attempts: 5 };
  const deployment = await suite.harness.deploy({ circuit_break });
  const left = new Set(['performance_validation', 'circuit']);
  deployment.script.judge = (input, now) => {
    if (input.circuit_break === null || !left.delete(input.stage)) return null;
    return { verdict: 'tripped', reason: 'burst', evidence: emptyEvidence(now), state: watchState(now) };
  };
  await deployment.until('approval');
  await suite.harness.env.sleep(180_000);
  await deployment.update('approve', ANA);
  await deployment.until('lease');
  await deployment.update('release', ANA);
  await record('circuit-broken', deployment, 'succeeded');
});

it('validated at its share before 100 %', async () => {
  const { switch: plan } = testPlan();
  const steps = [
    { share: 1, duration_ms: 300_000, success_criteria: [] },
    { share: 100, duration_ms: 0, success_criteria: [] },
  ];
  const deployment = await suite.harness.deploy({ approval: null, switch: { ...plan, strategy: 'validation', steps } });
  await record('succeeded-validation', deployment, 'succeeded');
});

it('rolled back from a lease that had shrunk', async () => {
  const lease = { duration_ms: 3_600_000, shrink_to_percent: 25 };
  const deployment = await suite.harness.deploy({ approval: null, lease });
  await deployment.until('lease');
  await suite.harness.env.sleep(60_000);
  await deployment.update('rollback', ANA);
  await record('rolled-back-from-a-shrunk-lease', deployment, 'rolled_back');
});

it('held, because data made the rollback unsafe, and forced', async () => {
  const rollback_safe_until = { kind: 'after_switch', duration_ms: 60_000 } as const;
  const deployment = await suite.harness.deploy({ approval: null, rollback_safe_until });
  deployment.script.judge = (input, now) =>
    input.stage === 'observation' && now > input.started_at_ms + 600_000 ? breach('error_rate > 1', now) : null;
  await deployment.until('stuck');
  await deployment.update('rollback', { ...ANA, force: true });
  await record('unsafe-then-forced', deployment, 'rolled_back');
});

it('rolled back past Temporal, and adopted', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  await deployment.until('observation');
  const { world } = deployment;
  directRollback(world);
  deployment.script.judge = (input, now) => {
    if (input.stage !== 'observation') return null;
    const router = structuredClone(world.router);
    return { verdict: 'drift', router, evidence: emptyEvidence(now), state: watchState(now) };
  };
  await record('rolled-back-directly', deployment, 'rolled_back');
});

it('refused, because the colours differ', async () => {
  const world = createWorld();
  world.differences = [{ path: 'env.CACHE', active: '10', standby: '20' }];
  await record('refused-for-parity', await suite.harness.deploy({ require_parity: true }, world), 'rejected');
});

it('taken over by the next deployment', async () => {
  const deployment = await suite.harness.deploy({ approval: null });
  const { run_id: first } = await deployment.until('lease');
  const service = deployment.handle.workflowId.split('/').at(-1) ?? '';
  const request: StartRequest = {
    plan: testPlan({ service, version: '3.0.0', approval: null }),
    started_by: 'chen@example.com',
    request_id: 'take-over',
  };
  await deployment.handle.executeUpdate<StartReceipt, [StartRequest]>(START_UPDATE, { args: [request] });
  const { workflow } = suite.harness.env.client;
  const next = workflow.getHandle(deployment.handle.workflowId);
  await expect.poll(async () => (await next.describe()).runId, { timeout: 10_000 }).not.toBe(first);
  await save('taken-over', await workflow.getHandle(deployment.handle.workflowId, first).fetchHistory());
  await next.terminate();
});

it('exposed its candidate by header and mirror, then by header beside a share', async () => {
  const { phases } = testPlan();
  const header = { name: 'X-Cutover', value: 'candidate' };
  const exposing = {
    ...phases,
    warmup: phases.warmup && { ...phases.warmup, expose: { header, mirror_percent: 10 } },
    performance_validation: phases.performance_validation && {
      ...phases.performance_validation,
      expose: { header, mirror_percent: null },
    },
  };
  const deployment = await suite.harness.deploy({ ...behindGateway(), phases: exposing });
  await deployment.until('approval');
  await deployment.update('approve', ANA);
  await deployment.until('observation');
  await deployment.update('rollback', ANA);
  await record('exposed', deployment, 'rolled_back');
});
