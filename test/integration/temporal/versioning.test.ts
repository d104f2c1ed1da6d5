import { Client, Connection, type WorkflowExecutionDescription } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningWorker, startWorker } from '../../../src/worker/run.ts';
import {
  type DeploymentStatus,
  deploymentWorkflowId,
  LEASE_WORKFLOW_TYPE,
  type Receipt,
  TASK_QUEUE,
  WORKFLOW_TYPE,
} from '../../../src/workflows/api.ts';
import { createLiveWorld } from '../../support/live-world.ts';
import { shortPlan } from '../../support/plans.ts';
import { type DevServer, startDevServer } from '../../support/temporal.ts';
import { createWorld, type World } from '../../support/world/world.ts';

const DEPLOYMENT = 'cutover-test';

let server: DevServer;
let client: Client;
let world: World;
const workers: Record<string, RunningWorker> = {};

beforeAll(async () => {
  server = await startDevServer();
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
  world = createWorld();
}, 120_000);

afterAll(async () => {
  await client?.connection.close();
  for (const worker of Object.values(workers)) await worker.shutdown();
  await server?.stop();
});

async function startBuild(buildId: string): Promise<void> {
  const { activities } = createLiveWorld(world);
  const version = { deploymentName: DEPLOYMENT, buildId };
  workers[buildId] = await startWorker({
    address: server.address,
    localUrl: 'http://127.0.0.1:1',
    activities,
    version,
  });
}

/** The server knows a version once its workers have polled. */
async function makeCurrent(buildId: string): Promise<void> {
  const request = { namespace: 'default', deploymentName: DEPLOYMENT, buildId, identity: 'test' };
  await expect
    .poll(() => client.workflowService.setWorkerDeploymentCurrentVersion(request).then(() => true, String), {
      timeout: 20_000,
    })
    .toBe(true);
}

const plan = shortPlan({
  observation: { duration_ms: 8_000, rollback_triggers: [] },
});
const handle = () => client.workflow.getHandle(deploymentWorkflowId(plan));

async function untilPhase(phase: string): Promise<void> {
  const read = () =>
    handle()
      .query<DeploymentStatus>('status')
      .then((status) => status.phase, String);
  await expect.poll(read, { timeout: 40_000, interval: 250 }).toBe(phase);
}

function buildOf({ raw }: WorkflowExecutionDescription): string | null | undefined {
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
}

describe('worker versioning', () => {
  it('keeps a deployment on its build, and lets its lease follow the current one', { timeout: 120_000 }, async () => {
    await startBuild('one');
    await makeCurrent('one');
    await client.workflow.start(WORKFLOW_TYPE, {
      workflowId: deploymentWorkflowId(plan),
      taskQueue: TASK_QUEUE,
      args: [{ plan, started_by: 'dora@example.com' }],
    });
    await untilPhase('observation');
    await startBuild('two');
    await makeCurrent('two');
    const observed = await handle().describe();
    expect(observed.type).toBe(WORKFLOW_TYPE);
    expect(buildOf(observed)).toBe('one');
    await untilPhase('lease');
    await expect.poll(async () => buildOf(await handle().describe()), { timeout: 20_000 }).toBe('two');
    const leased = await handle().describe();
    expect(leased.type).toBe(LEASE_WORKFLOW_TYPE);
    const status = await handle().query<DeploymentStatus>('status');
    expect(status).toMatchObject({
      outcome: 'succeeded',
      started_by: 'dora@example.com',
      weights: { blue: 0, green: 100 },
    });
    expect(status.phases.find(({ name }) => name === 'observation')?.state).toBe('passed');
    const attributes = Object.fromEntries(
      leased.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
    );
    expect(attributes).toMatchObject({ DeployService: plan.service, DeployPhase: 'lease', DeployOutcome: 'succeeded' });
    // The old build is not needed any more: the lease rolls back without it.
    await workers.one?.shutdown();
    delete workers.one;
    const receipt = await handle().executeUpdate<Receipt, [object]>('rollback', { args: [{ by: 'ana@example.com' }] });
    expect(receipt.message).toContain('all traffic is on blue');
    expect(world.router.weights).toEqual({ blue: 100, green: 0 });
    expect(world.violations).toEqual([]);
  });
});
