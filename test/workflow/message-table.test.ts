import { WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types.ts';
import { type DeployPhase, MESSAGES, type MessageName } from '../../src/workflows/api.ts';
import { testPlan } from '../support/plans.ts';
import type { Deployment } from '../support/world/harness.ts';
import { refusedWith } from '../support/world/refused.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld } from '../support/world/world.ts';

const suite = useHarness();

/** Half a minute each, so that every phase is reached soon. */
const { phases, switch: switchPlan, observation } = testPlan();
const SHORT: Partial<Plan> = {
  phases: {
    warmup: phases.warmup && { ...phases.warmup, duration_ms: 30_000 },
    health_check: phases.health_check && { ...phases.health_check, duration_ms: 30_000 },
    performance_validation: phases.performance_validation && { ...phases.performance_validation, duration_ms: 30_000 },
    decision_window: { ...phases.decision_window, duration_ms: 30_000 },
  },
  observation: { ...observation, duration_ms: 30_000 },
  switch: {
    ...switchPlan,
    strategy: 'gradual',
    steps: [50, 100].map((share) => ({ share, duration_ms: 30_000, success_criteria: [] })),
  },
};
const UNAPPROVED: Partial<Plan> = { ...SHORT, approval: null };

async function reach(phase: DeployPhase): Promise<Deployment> {
  const world = createWorld();
  if (phase === 'claim') world.routerDown = true;
  if (phase === 'provision') world.readyLimit = 0;
  const deployment = await suite.harness.deploy(phase === 'approval' ? SHORT : UNAPPROVED, world);
  switch (phase) {
    case 'claim':
      break;
    case 'switch':
      await deployment.until('switch');
      // Within the watched step, not in a shift.
      await suite.harness.env.sleep(1_000);
      break;
    case 'clean_up':
      await deployment.until('lease');
      world.routerDown = true;
      await deployment.update('release');
      break;
    case 'rolling_back':
      await deployment.until('health_check');
      world.routerDown = true;
      await deployment.signal('rollback');
      break;
    case 'stuck':
      await deployment.until('observation');
      world.colours.blue.ready = 1;
      world.readyLimit = 1;
      await deployment.signal('rollback');
      break;
    case 'keep_failed':
      await deployment.until('health_check');
      await deployment.update('rollback');
      break;
    default:
      break;
  }
  await deployment.until(phase);
  return deployment;
}

/** What each message needs to be honoured at all. */
function payloadOf(name: MessageName): object {
  return { by: 'ana@example.com', ...(name === 'extend_observation' && { duration: '5m' }) };
}

const ALWAYS: MessageName[] = ['rollback', 'pause'];
const ACCEPTED: Record<Exclude<DeployPhase, 'parity' | 'closed'>, MessageName[]> = {
  claim: ALWAYS,
  provision: ALWAYS,
  warmup: [...ALWAYS, 'promote'],
  health_check: [...ALWAYS, 'promote'],
  performance_validation: [...ALWAYS, 'promote'],
  approval: [...ALWAYS, 'approve', 'reject'],
  switch: [...ALWAYS, 'promote'],
  decision_window: [...ALWAYS, 'promote'],
  observation: [...ALWAYS, 'promote', 'extend_observation'],
  lease: [...ALWAYS, 'release'],
  clean_up: ALWAYS,
  rolling_back: ['rollback'],
  stuck: ['rollback'],
  keep_failed: ['rollback', 'pause', 'release'],
};
const PHASES = Object.keys(ACCEPTED) as (keyof typeof ACCEPTED)[];

describe('every message in every phase', () => {
  // Before any run is terminated: the time-skipping server may not skip again after that.
  it('a deployment that has ended takes none', async () => {
    const deployment = await reach('lease');
    await deployment.update('release');
    await deployment.result();
    for (const name of MESSAGES) {
      const refused: unknown = await deployment.update(name, payloadOf(name)).catch((error: unknown) => error);
      expect(refused, name).toBeInstanceOf(WorkflowNotFoundError);
    }
  });

  it.each(PHASES)('%s refuses what it cannot honour; a signal of it is recorded and changes nothing', async (phase) => {
    const deployment = await reach(phase);
    for (const name of MESSAGES.filter((one) => !ACCEPTED[phase].includes(one))) {
      expect(await refusedWith(deployment.update(name, payloadOf(name))), name).not.toBe('');
      await deployment.signal(name, payloadOf(name));
      const status = await deployment.status();
      expect(status.phase, name).toBe(phase);
      expect(status.messages.at(-1), name).toMatchObject({ name, via: 'signal', accepted: false });
    }
    await deployment.handle.terminate();
  });

  it.each(PHASES.flatMap((phase) => ACCEPTED[phase].map((name) => [phase, name] as const)))(
    '%s takes %s',
    async (phase, name) => {
      const deployment = await reach(phase);
      await deployment.signal(name, payloadOf(name));
      const { messages } = await deployment.status();
      expect(messages.at(-1)).toMatchObject({ name, via: 'signal', by: 'ana@example.com', accepted: true });
      // The time-skipping server stands still for good when a run is terminated while one of its activities executes.
      await suite.harness.env.sleep(1_000);
      const { status } = await deployment.handle.describe();
      if (status.name === 'RUNNING') await deployment.handle.terminate();
    },
  );
});
