/** The status of one deployment: the workflow's own answer in time, else what the server has recorded. */
import { QueryNotRegisteredError, type WorkflowHandle } from '@temporalio/client';
import type { DeploymentResult, DeploymentStatus } from '../workflows/api.ts';
import { liveActivities, liveEvidence } from './live.ts';
import type { LiveStatus } from './live-status.ts';
import { GRPC, grpcCode, rootMessage } from './rpc-errors.ts';
import { type FollowedRun, followRuns } from './runs.ts';
import { runUrl, type Session } from './session.ts';
import { type DeploymentSummary, statusFromSummary, summaryOf } from './summary.ts';

const QUERY_TIMEOUT_MS = 2_000;
const RESULT_TIMEOUT_MS = 2_000;
const STATUS_VERSION = 1;

type Answer = { status: DeploymentStatus } | { note: string };

/**
 * Of the newest run of the deployment that `runId` belongs to (default: of the newest deployment). Describe and query
 * name the same run, so that the two parts belong together. CUTOVER_NOT_FOUND when there is none,
 * CUTOVER_TEMPORAL_UNREACHABLE when the server does not answer.
 */
export async function readStatus(session: Session, workflowId: string, runId?: string): Promise<LiveStatus> {
  const followed = await followRuns(session, workflowId, runId);
  const summary = summaryOf(followed.description);
  const handle = session.workflows.getHandle(workflowId, summary.run_id, { followRuns: false });
  const answer = await askWorkflow(session, handle);
  const known =
    'status' in answer ? answer.status : statusFromSummary(summary, await resultOf(session, handle, summary));
  return { ...known, live: liveOf(session, followed, summary, answer) };
}

function liveOf(
  session: Session,
  { description, successorRunId }: FollowedRun,
  summary: DeploymentSummary,
  answer: Answer,
): LiveStatus['live'] {
  return {
    answered: 'status' in answer,
    note: 'note' in answer ? answer.note : null,
    execution: successorRunId === null ? summary.execution : 'taken_over',
    closed_at: summary.closed_at,
    history_events: description.historyLength,
    evidence: liveEvidence(description),
    activities: liveActivities(description),
    url: runUrl(session, summary.workflow_id, summary.run_id),
  };
}

async function askWorkflow(session: Session, handle: WorkflowHandle): Promise<Answer> {
  try {
    const status = await session.connection.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      handle.query<DeploymentStatus>('status'),
    );
    if (status.status_version === STATUS_VERSION) return { status };
    return {
      note: `it answers with a status of version ${String(status.status_version)}, which this client does not know`,
    };
  } catch (error) {
    return { note: whyNoAnswer(error) };
  }
}

/** A query without a worker runs into its deadline, or is refused when no worker polled for a while. */
function whyNoAnswer(error: unknown): string {
  if (error instanceof QueryNotRegisteredError) return `it does not know the query: ${error.message}`;
  const code = grpcCode(error);
  if (code === GRPC.deadline_exceeded || code === GRPC.cancelled) return 'no worker is answering';
  const message = rootMessage(error).replace(/\.$/, '');
  return /no poller/i.test(message) ? 'no worker is answering' : `the workflow does not answer: ${message}`;
}

/** A closed run's result stands in history; null: it has none, or it cannot be read now. */
async function resultOf(
  session: Session,
  handle: WorkflowHandle,
  summary: DeploymentSummary,
): Promise<DeploymentResult | null> {
  if (summary.execution !== 'completed') return null;
  try {
    return await session.connection.withDeadline(
      Date.now() + RESULT_TIMEOUT_MS,
      () => handle.result() as Promise<DeploymentResult>,
    );
  } catch {
    return null;
  }
}
