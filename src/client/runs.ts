/**
 * The runs of one deployment. Its lease may be a run of its own, continued from the first; the next deployment of the
 * service may continue from it too, and is another one.
 */
import {
  WorkflowContinuedAsNewError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { LEASE_WORKFLOW_TYPE } from '../workflows/api.ts';
import { bounded, type Session } from './session.ts';

/** A lease continues as new once; whatever goes on longer is no chain of this program's. */
const MAX_RUNS = 20;

export interface FollowedRun {
  description: WorkflowExecutionDescription;
  /** The run that took over at its end, of the next deployment; null: it has not ended so. */
  successorRunId: string | null;
}

/** The newest run of the deployment that `runId` belongs to. Default: of the newest deployment. */
export async function followRuns(session: Session, workflowId: string, runId?: string): Promise<FollowedRun> {
  let description = await describeRun(session, workflowId, runId);
  for (let hops = 0; hops < MAX_RUNS; hops++) {
    const next = await continuationOf(session, description);
    if (next === null) break;
    if (next.type !== LEASE_WORKFLOW_TYPE) return { description, successorRunId: next.runId };
    description = next;
  }
  return { description, successorRunId: null };
}

export function describeRun(
  session: Session,
  workflowId: string,
  runId?: string,
): Promise<WorkflowExecutionDescription> {
  return bounded(session, () => session.workflows.getHandle(workflowId, runId).describe(), { workflowId });
}

/** The run that a run continued as; null: it has not, or that one is no longer kept. */
async function continuationOf(
  session: Session,
  description: WorkflowExecutionDescription,
): Promise<WorkflowExecutionDescription | null> {
  if (description.status.name !== 'CONTINUED_AS_NEW') return null;
  const { workflowId, runId } = description;
  const handle = session.workflows.getHandle(workflowId, runId, { followRuns: false });
  const newRunId = await bounded(session, () => handle.result().then(() => null, continuedRunId), { workflowId });
  if (newRunId === null) return null;
  return bounded(
    session,
    () =>
      session.workflows
        .getHandle(workflowId, newRunId)
        .describe()
        .catch((error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return null;
          throw error;
        }),
    { workflowId },
  );
}

function continuedRunId(error: unknown): string | null {
  if (error instanceof WorkflowContinuedAsNewError) return error.newExecutionRunId;
  if (error instanceof WorkflowFailedError) return null;
  throw error;
}
