import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DeploymentStatus, deploymentWorkflowId, TASK_QUEUE, WORKFLOW_TYPE } from '../../../src/workflows/api.ts';
import { type LiveWorker, startLiveWorker } from '../../support/live-worker.ts';
import { shortPlan } from '../../support/plans.ts';

const WAITING = 40;
const ATTEMPT_MS = 500;
const DECIDES = { ...shortPlan().phases.decision_window, duration_ms: 120_000 };

/** What began, in order. */
const begun: string[] = [];
let live: LiveWorker;

beforeAll(async () => {
  live = await startLiveWorker({
    slots: 2,
    changed: (mutations) => ({
      async claimEpoch(input) {
        if (input.target.service === 'checkout') return mutations.claimEpoch(input);
        begun.push('claim');
        await sleep(ATTEMPT_MS);
        throw new Error('waits for its turn');
      },
      shiftTraffic(input) {
        begun.push(`${input.mode} shift`);
        return mutations.shiftTraffic(input);
      },
    }),
  });
}, 120_000);

afterAll(() => live?.stop());

async function start(service: string) {
  const plan = shortPlan({ service, phases: { ...shortPlan().phases, decision_window: DECIDES } });
  return live.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: deploymentWorkflowId(plan),
    taskQueue: TASK_QUEUE,
    args: [{ plan, started_by: 'dora@example.com' }],
  });
}

it('a rollback’s write goes before all that waits for a slot', async () => {
  const handle = await start('checkout');
  const phase = async () => (await handle.query<DeploymentStatus>('status')).phase;
  await expect.poll(phase, { timeout: 30_000 }).toBe('decision_window');
  await Promise.all(Array.from({ length: WAITING }, (_, nth) => start(`waiting-${nth}`)));
  await expect.poll(() => begun.filter((what) => what === 'claim').length, { timeout: 30_000 }).toBeGreaterThan(4);
  const before = begun.length;
  await handle.executeUpdate('rollback', { args: [{ by: 'ana@example.com' }] });
  const between = begun.slice(before, begun.indexOf('rollback shift', before));
  // The two that ran, and what was on its way to them.
  expect(between.length).toBeLessThan(10);
}, 120_000);
