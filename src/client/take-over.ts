/** Starting where another run has the lock: accepted in its lease, refused with who holds it everywhere else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, type WorkflowStartOptions, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import { CutoverError } from '../errors.ts';
import { formatDuration } from '../plan/duration.ts';
import { type DeploymentInput, START_UPDATE, type StartReceipt, WORKFLOW_TYPE } from '../workflows/api.ts';
import { shortId } from './deployment-id.ts';
import { isClosed, type LiveStatus } from './live-status.ts';
import { GRPC, grpcCode, rootMessage } from './rpc-errors.ts';
import { describeRun } from './runs.ts';
import { coded, type Session } from './session.ts';
import { readStatus } from './status.ts';

const ANSWER_TIMEOUT_MS = 10_000;
/** How long an accepted lease may take to give way to the new run. */
const HANDOVER_TIMEOUT_MS = 10_000;
const HANDOVER_LOOK_MS = 100;

/** How a run of the deployment is started, by itself or together with the update `start`. */
export type DeploymentStart = WorkflowStartOptions & { workflowId: string; args: [DeploymentInput] };

/** The deployment whose lease ended for this one. */
export interface TakenOver {
  run_id: string;
  version: string;
}

/** The run that holds the lock now, and the deployment whose lease ended for it; null: there was none, or it has closed. */
export interface Holder {
  runId: string;
  tookOver: TakenOver | null;
}

/**
 * Asks the open run by update-with-start, so that one that closes in between is simply followed by a new one. `status`:
 * as it was a moment ago; null: it could not be read. `again`: the request may have been sent before, and its run is
 * then the answer. CUTOVER_ALREADY_RUNNING when it is refused, or
 * when nobody answers.
 */
export async function takeOver(
  session: Session,
  start: DeploymentStart,
  input: DeploymentInput,
  known: { status: LiveStatus | null; again: boolean },
): Promise<Holder> {
  const { workflowId } = start;
  const { status, again } = known;
  // Without a worker the update would wait in vain, and might be acted on long after nobody expects it any more.
  if (status !== null && !isClosed(status) && (!status.live.answered || (status.phase !== 'lease' && !again)))
    throw refusedBy(workflowId, status);
  const receipt = await askToStart(session, start, input, status);
  if (!receipt.taken_over) return { runId: receipt.run_id, tookOver: null };
  const runId = await successorOf(session, workflowId, receipt.run_id);
  return { runId, tookOver: { run_id: receipt.run_id, version: receipt.version } };
}

async function askToStart(
  session: Session,
  start: DeploymentStart,
  input: DeploymentInput,
  status: LiveStatus | null,
): Promise<StartReceipt> {
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
    ...start,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await session.connection.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      session.workflows.executeUpdateWithStart<Workflow, StartReceipt, [DeploymentInput]>(START_UPDATE, {
        args: [input],
        ...(input.request_id === undefined ? {} : { updateId: input.request_id }),
        startWorkflowOperation,
      }),
    );
  } catch (error) {
    const refused = error instanceof WorkflowUpdateFailedError;
    if (refused && isKnownRefusal(error)) throw await refusedNow(session, start.workflowId, error);
    if (refused) throw new CutoverError('CUTOVER_INTERNAL', rootMessage(error), { cause: error });
    if (isUnanswered(error)) throw unanswered(start.workflowId, status, input);
    throw coded(session, error, start.workflowId);
  }
}

function isKnownRefusal({ cause }: WorkflowUpdateFailedError): boolean {
  return cause instanceof ApplicationFailure && cause.type === 'CUTOVER_ALREADY_RUNNING';
}

function isUnanswered(error: unknown): boolean {
  const code = grpcCode(error);
  return code === GRPC.deadline_exceeded || code === GRPC.cancelled;
}

/** The same workflow continues as new; until then the run whose lease ends is still the newest. */
async function successorOf(session: Session, workflowId: string, runId: string): Promise<string> {
  const untilMs = Date.now() + HANDOVER_TIMEOUT_MS;
  for (;;) {
    const newest = await describeRun(session, workflowId);
    if (newest.runId !== runId) return newest.runId;
    if (Date.now() > untilMs) {
      const message = `${shortId(workflowId)}: its lease was ended for this deployment, which has not begun within ${formatDuration(HANDOVER_TIMEOUT_MS)}. It begins when a worker runs; see it: cutover status ${shortId(workflowId)}`;
      throw new CutoverError('CUTOVER_ALREADY_RUNNING', message, { details: { workflow_id: workflowId } });
    }
    await sleep(HANDOVER_LOOK_MS);
  }
}

/** The status from before may be the one that was true a moment too early. */
async function refusedNow(session: Session, workflowId: string, cause: unknown): Promise<CutoverError> {
  const status = await readStatus(session, workflowId).catch(() => null);
  if (status !== null) return refusedBy(workflowId, status, cause);
  return new CutoverError('CUTOVER_ALREADY_RUNNING', `A deployment of ${shortId(workflowId)} is running.`, { cause });
}

/** Who holds the service, where it is, and what frees it. */
export function refusedBy(workflowId: string, status: LiveStatus, cause?: unknown): CutoverError {
  const id = shortId(workflowId);
  const sinceMs = Math.max(0, Date.now() - Date.parse(status.started_at));
  const since = formatDuration(Math.floor(sinceMs / 1_000) * 1_000);
  const phase = status.phase.replaceAll('_', ' ');
  const who = `${id} is being deployed: ${status.version} by ${status.started_by}, ${since} ago, now in ${phase}.`;
  return new CutoverError('CUTOVER_ALREADY_RUNNING', `${who} ${wayOut(id, status)}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { workflow_id: workflowId, run_id: status.run_id, version: status.version, phase: status.phase },
  });
}

function wayOut(id: string, { phase, paused, live }: LiveStatus): string {
  if (phase === 'lease' && paused !== null)
    return `It is paused by ${paused.by}: cutover resume ${id}, then start this again.`;
  if (phase === 'lease' && !live.answered)
    return 'A lease can be taken over, but no worker is answering: start one (cutover worker), then start this again.';
  if (phase === 'keep_failed') return `It only keeps the failed candidate; \`cutover release ${id}\` frees it now.`;
  return `See it: cutover status ${id}`;
}

/** Asked, and perhaps acted on later: the same request id then finds the run that it led to. */
function unanswered(workflowId: string, status: LiveStatus | null, input: DeploymentInput): CutoverError {
  const id = shortId(workflowId);
  const version = status === null ? '' : ` (${status.version})`;
  const message = `The open deployment of ${id}${version} has not answered within ${formatDuration(ANSWER_TIMEOUT_MS)}. It may still give way; \`--request-id ${input.request_id}\` asks the same again.`;
  return new CutoverError('CUTOVER_ALREADY_RUNNING', message, {
    details: { workflow_id: workflowId, request_id: input.request_id },
  });
}
