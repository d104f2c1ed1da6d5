/** How a deployment ended: waited for over the runs of its lease, never into the next deployment. */
import { WorkflowContinuedAsNewError, WorkflowFailedError } from '@temporalio/client';
import { CutoverError } from '../errors.ts';
import { type DeploymentResult, LEASE_WORKFLOW_TYPE } from '../workflows/api.ts';
import { rootMessage } from './rpc-errors.ts';
import { describeRun, followRuns } from './runs.ts';
import { coded, type Session } from './session.ts';
import { readStatus } from './status.ts';

/**
 * Default run: the newest. CUTOVER_INTERNAL when it was terminated, or has failed. A cancelled run, and one whose lease
 * the next deployment took over, have no result of their own; their status tells it.
 */
export async function awaitResult(session: Session, workflowId: string, runId?: string): Promise<DeploymentResult> {
  let current = runId ?? (await followRuns(session, workflowId)).description.runId;
  for (;;) {
    try {
      const handle = session.workflows.getHandle(workflowId, current, { followRuns: false });
      return (await handle.result()) as DeploymentResult;
    } catch (error) {
      if (error instanceof WorkflowContinuedAsNewError) {
        const next = await describeRun(session, workflowId, error.newExecutionRunId);
        if (next.type !== LEASE_WORKFLOW_TYPE) return fromStatus(session, workflowId, current, error);
        current = next.runId;
      } else if (error instanceof WorkflowFailedError) return fromStatus(session, workflowId, current, error);
      else throw coded(session, error, workflowId);
    }
  }
}

async function fromStatus(
  session: Session,
  workflowId: string,
  runId: string,
  cause: WorkflowFailedError | WorkflowContinuedAsNewError,
): Promise<DeploymentResult> {
  const { outcome, version, weights, reason, live } = await readStatus(session, workflowId, runId);
  if (live.execution === 'taken_over') {
    return { outcome: outcome ?? 'succeeded', reason: reason ?? 'the next deployment took over', version, weights };
  }
  if (live.execution === 'cancelled' && outcome !== null)
    return { outcome, reason: reason ?? rootMessage(cause), version, weights };
  throw new CutoverError('CUTOVER_INTERNAL', `The run has ${live.execution}: ${rootMessage(cause)}`, { cause });
}
