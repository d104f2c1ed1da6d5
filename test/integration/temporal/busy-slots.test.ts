import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MutationActivities } from '../../../src/activities/types.ts';
import { type RunningWorker, startWorker } from '../../../src/worker/run.ts';
import { type DeploymentStatus, deploymentWorkflowId, TASK_QUEUE, WORKFLOW_TYPE } from '../../../src/workflows/api.ts';
import { createLiveWorld } from '../../support/live-world.ts';
import { shortPlan } from '../../support/plans.ts';
import { type DevServer, startDevServer } from '../../support/temporal.ts';
import { createWorld } from '../../support/world/world.ts';

const WAITING = 40;
const ATTEMPT_MS = 500;
const DECIDES = { ...shortPlan().phases.decision_window, duration_ms: 120_000 };

/** What began, in order. */
const begun: string[] = [];
let server: DevServer;
let worker: RunningWorker;
let client: Client;

beforeAll(async () => {
  server = await startDevServer();
  const { activities } = createLiveWorld(createWorld());
  const mutations: MutationActivities = {
    ...activities.mutations,
    async claimEpoch(input) {
      if (input.target.service === 'checkout') return activities.mutations.claimEpoch(input);
      begun.push('claim');
      await sleep(ATTEMPT_MS);
      throw new Error('waits for its turn');
    },
    shiftTraffic(input) {
      begun.push(`${input.mode} shift`);
      return activities.mutations.shiftTraffic(input);
    },
  };
  worker = await startWorker({
    address: server.address,
    localUrl: 'http://127.0.0.1:1',
    activities: { ...activities, mutations },
    slots: 2,
  });
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
}, 120_000);

afterAll(async () => {
  await client?.connection.close();
  await worker?.shutdown();
  await server?.stop();
});

async function start(service: string) {
  const plan = shortPlan({ service, phases: { ...shortPlan().phases, decision_window: DECIDES } });
  return client.workflow.start(WORKFLOW_TYPE, {
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
