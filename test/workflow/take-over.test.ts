import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { deploymentWorkflowId, START_UPDATE, type StartReceipt, type StartRequest } from '../../src/workflows/api.ts';
import { testPlan } from '../support/plans.ts';
import type { Deployment } from '../support/world/harness.ts';
import { refusedWith } from '../support/world/refused.ts';
import { useHarness } from '../support/world/use-harness.ts';

const suite = useHarness();

function requestFor(deployment: Deployment, version: string, requestId: string): StartRequest {
  const plan = testPlan({ service: deployment.handle.workflowId.split('/').at(-1) ?? '', version, approval: null });
  return { plan, started_by: 'chen@example.com', request_id: requestId };
}

/** The update alone: update-with-start needs the server proper, see test/integration/cli. */
function start(request: StartRequest): Promise<StartReceipt> {
  const handle = suite.harness.env.client.workflow.getHandle(deploymentWorkflowId(request.plan));
  return handle.executeUpdate<StartReceipt, [StartRequest]>(START_UPDATE, { args: [request] });
}

describe('the next deployment of a service', () => {
  it('takes over from the lease: the same workflow, without letting go of its ID, on the old colour', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    const { run_id: first } = await deployment.until('lease');
    const request = requestFor(deployment, '3.0.0', 'take-over');
    expect(await start(request)).toEqual({ taken_over: true, run_id: first, version: '2.0.0' });
    const next = suite.harness.env.client.workflow.getHandle(deployment.handle.workflowId);
    await expect.poll(async () => (await next.describe()).runId).not.toBe(first);
    const closed = await suite.harness.env.client.workflow.getHandle(deployment.handle.workflowId, first).describe();
    expect(closed.status.name).toBe('CONTINUED_AS_NEW');
    await expect.poll(() => deployment.world.colours.blue).toMatchObject({ version: '3.0.0', desired: 4 });
    expect(deployment.world.violations).toEqual([]);
    const { memo, typedSearchAttributes } = await next.describe();
    expect(memo).toMatchObject({ version: '3.0.0', started_by: 'chen@example.com' });
    expect(JSON.stringify(typedSearchAttributes)).not.toContain('succeeded');
    const status = await next.query<{ version: string; previous_version: string; started_by: string }>('status');
    expect(status).toMatchObject({ version: '3.0.0', previous_version: '2.0.0', started_by: 'chen@example.com' });
    // The same start again, whose answer was lost: it is running already.
    expect(await start(request)).toMatchObject({ taken_over: false, version: '3.0.0' });
    await next.executeUpdate('rollback', { args: [{}] });
    expect(deployment.world.router.weights).toEqual({ blue: 0, green: 100 });
    expect(await next.result()).toMatchObject({ outcome: 'rolled_back', version: '3.0.0' });
  });

  it('is refused in every other phase, while paused, and for another service', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const request = requestFor(deployment, '3.0.0', 'too-early');
    const refused = await start(request).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'CUTOVER_ALREADY_RUNNING' });
    await deployment.update('promote');
    await deployment.until('lease');
    await deployment.update('pause', { by: 'ana@example.com' });
    expect(await refusedWith(start(request))).toContain('it is paused by ana@example.com');
    await deployment.update('resume');
    const other = { ...request, plan: { ...request.plan, service: 'other' } };
    const sent = deployment.handle.executeUpdate<StartReceipt, [StartRequest]>(START_UPDATE, { args: [other] });
    expect(await refusedWith(sent)).toContain('the plan is of cutover/production/other');
    const nonsense = deployment.handle.executeUpdate<unknown, [unknown]>(START_UPDATE, { args: [7] });
    expect(await refusedWith(nonsense)).toContain('a start carries');
    await deployment.update('rollback');
    expect(await refusedWith(start(request))).toContain('now in');
    await deployment.result();
  });
});
