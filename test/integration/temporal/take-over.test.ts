import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DeploymentStatus,
  deploymentWorkflowId,
  START_UPDATE,
  type StartReceipt,
  type StartRequest,
  TASK_QUEUE,
  WORKFLOW_TYPE,
} from '../../../src/workflows/api.ts';
import { type LiveWorker, startLiveWorker } from '../../support/live-worker.ts';
import { shortPlan } from '../../support/plans.ts';
import type { World } from '../../support/world/world.ts';

let live: LiveWorker;
let client: Client;
let world: World;

beforeAll(async () => {
  live = await startLiveWorker();
  ({ client, world } = live);
}, 120_000);

afterAll(() => live?.stop());

function request(version: string): StartRequest {
  return { plan: shortPlan({ version }), started_by: 'dora@example.com', request_id: `start-${version}` };
}

/** What `cutover start` does for a service that has an open run. */
function start(what: StartRequest): Promise<StartReceipt> {
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
    workflowId: deploymentWorkflowId(what.plan),
    taskQueue: TASK_QUEUE,
    args: [what],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  return client.workflow.executeUpdateWithStart(START_UPDATE, { args: [what], startWorkflowOperation });
}

function status(): Promise<DeploymentStatus> {
  return client.workflow.getHandle(deploymentWorkflowId(request('1').plan)).query<DeploymentStatus>('status');
}

async function until(version: string, phase: DeploymentStatus['phase']): Promise<DeploymentStatus> {
  await expect
    .poll(async () => status().then((seen) => `${seen.version} ${seen.phase}`), { timeout: 30_000 })
    .toBe(`${version} ${phase}`);
  return status();
}

describe('start as an update with start', () => {
  it('starts what does not run, and takes over from a lease without letting go of the ID', async () => {
    const first = await start(request('2.0.0'));
    expect(first).toMatchObject({ taken_over: false, version: '2.0.0' });
    await until('2.0.0', 'lease');
    const second = await start(request('3.0.0'));
    expect(second).toEqual({ taken_over: true, run_id: first.run_id, version: '2.0.0' });
    const next = await until('3.0.0', 'lease');
    expect(next.run_id).not.toBe(first.run_id);
    expect(next).toMatchObject({ previous_version: '2.0.0', weights: { blue: 100, green: 0 } });
    expect(world.violations).toEqual([]);
    const old = await client.workflow.getHandle(next.workflow_id, first.run_id).describe();
    expect(old.status.name).toBe('CONTINUED_AS_NEW');
    const { typedSearchAttributes, memo } = await client.workflow.getHandle(next.workflow_id).describe();
    expect(memo).toMatchObject({ version: '3.0.0' });
    expect(Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]))).toMatchObject(
      {
        DeployPhase: 'lease',
        DeployOutcome: 'succeeded',
      },
    );
  });

  it('is answered by the run that it started when it comes again', async () => {
    expect(await start(request('3.0.0'))).toMatchObject({ taken_over: false, version: '3.0.0' });
  });

  it('is refused while the deployment is under way', async () => {
    await start(request('4.0.0'));
    const refused: unknown = await start(request('5.0.0')).catch((error: unknown) => error);
    expect(refused).toMatchObject({ cause: { type: 'CUTOVER_ALREADY_RUNNING' } });
    await until('4.0.0', 'lease');
  });
});
