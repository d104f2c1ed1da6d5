/**
 * Sending a message: as an update, whose answer is the workflow's own; when no worker accepts it in time also as the
 * signal of the same name, which the server keeps. Both carry the same request id, so it is acted on once.
 */
import { randomUUID } from 'node:crypto';
import {
  WorkflowClient,
  type WorkflowClientInterceptor,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { CutoverError } from '../errors.ts';
import { type AnyMessage, type MessageName, type Receipt, requestOf } from '../workflows/api.ts';
import { shortId } from './deployment-id.ts';
import { GRPC, grpcCode, notFound, rootMessage } from './rpc-errors.ts';
import { CALL_TIMEOUT_MS, coded, type Session } from './session.ts';
import { readStatus } from './status.ts';

const ACCEPT_TIMEOUT_MS = 1_000;
const RESULT_TIMEOUT_MS = 60_000;

/**
 * - `answered`: the workflow has dealt with it; `receipt` is its answer.
 * - `accepted`: the workflow acts on it; its answer did not come within the time given.
 * - `recorded`: no worker is answering. The server keeps the message; it is acted on when a worker is back.
 */
export type MessageAnswer =
  | { delivery: 'answered'; request_id: string; receipt: Receipt }
  | { delivery: 'accepted' | 'recorded'; request_id: string; receipt: null };

export interface SendOptions {
  /** How long an accepted message's answer is waited for, milliseconds. Default: 60000. */
  resultTimeoutMs?: number;
  /** Called when the workflow has accepted it and goes on working before it answers (a rollback). */
  onAccepted?: () => void;
}

/**
 * CUTOVER_MESSAGE_REFUSED with the workflow's own reason, CUTOVER_NOT_FOUND, CUTOVER_TEMPORAL_UNREACHABLE. After the
 * latter the message may have arrived: its request id is in `details`, and sending it again is harmless.
 */
export async function sendMessage(
  session: Session,
  workflowId: string,
  name: MessageName,
  message: AnyMessage,
  options: SendOptions = {},
): Promise<MessageAnswer> {
  const requestId = message.request_id ?? randomUUID();
  const payload: AnyMessage = { ...message, request_id: requestId };
  try {
    return await update(session, workflowId, name, payload, requestId, options);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await endedOrMissing(session, workflowId);
    if (error instanceof WorkflowUpdateFailedError) throw refused(error, requestId);
    if (!isWorthSignalling(error)) throw withRequestId(coded(session, error, workflowId), requestId);
  }
  return signal(session, workflowId, name, payload, requestId);
}

async function update(
  session: Session,
  workflowId: string,
  name: MessageName,
  payload: AnyMessage,
  requestId: string,
  options: SendOptions,
): Promise<MessageAnswer> {
  const observed = { settled: false };
  const workflows = observingClient(session, observed);
  const handle = await session.connection.withDeadline(Date.now() + ACCEPT_TIMEOUT_MS, () =>
    workflows.getHandle(workflowId).startUpdate<Receipt, [AnyMessage]>(name, {
      args: [payload],
      updateId: requestOf(name, payload),
      waitForStage: 'ACCEPTED',
    }),
  );
  if (!observed.settled) options.onAccepted?.();
  const { resultTimeoutMs = RESULT_TIMEOUT_MS } = options;
  try {
    const receipt = await session.connection.withDeadline(Date.now() + resultTimeoutMs, () => handle.result());
    return { delivery: 'answered', request_id: requestId, receipt };
  } catch (error) {
    if (observed.settled || (error instanceof WorkflowUpdateFailedError && !runEndedFirst(error))) throw error;
    return { delivery: 'accepted', request_id: requestId, receipt: null };
  }
}

/** The server's own failure for an accepted update whose run closed before it answered. */
function runEndedFirst(error: WorkflowUpdateFailedError): boolean {
  return error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow';
}

/** A client that notes whether the answer, or the validator's refusal, came together with the acceptance. */
function observingClient(session: Session, observed: { settled: boolean }): WorkflowClient {
  const interceptor: WorkflowClientInterceptor = {
    async startUpdate(input, next) {
      const output = await next(input);
      observed.settled = output.outcome !== undefined;
      return output;
    },
  };
  return new WorkflowClient({
    connection: session.connection,
    namespace: session.namespace,
    interceptors: [interceptor],
  });
}

/** Not accepted in time, too many updates in flight, or a workflow that cannot go on by now: a signal waits for better. */
function isWorthSignalling(error: unknown): boolean {
  const code = grpcCode(error);
  return (
    code === GRPC.deadline_exceeded ||
    code === GRPC.cancelled ||
    code === GRPC.resource_exhausted ||
    code === GRPC.failed_precondition ||
    code === GRPC.unavailable
  );
}

async function signal(
  session: Session,
  workflowId: string,
  name: MessageName,
  payload: AnyMessage,
  requestId: string,
): Promise<MessageAnswer> {
  try {
    await session.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      session.workflows.getHandle(workflowId).signal(name, payload),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw await endedOrMissing(session, workflowId);
    throw withRequestId(coded(session, error, workflowId), requestId);
  }
  return { delivery: 'recorded', request_id: requestId, receipt: null };
}

function refused(error: WorkflowUpdateFailedError, requestId: string): CutoverError {
  const { cause } = error;
  const known = cause instanceof ApplicationFailure && cause.type === 'CUTOVER_MESSAGE_REFUSED';
  const message = known ? cause.message : `the workflow could not answer: ${rootMessage(error)}`;
  return new CutoverError('CUTOVER_MESSAGE_REFUSED', message, { cause: error, details: { request_id: requestId } });
}

/** The server answers alike for a run that has ended and one that never was. */
async function endedOrMissing(session: Session, workflowId: string): Promise<CutoverError> {
  const status = await readStatus(session, workflowId).catch(() => null);
  if (status === null) return notFound(workflowId);
  const how = status.outcome === null ? status.live.execution : status.outcome.replace('_', ' ');
  return new CutoverError('CUTOVER_MESSAGE_REFUSED', `${shortId(workflowId)} has ended (${how.replace('_', ' ')}).`, {
    details: { workflow_id: workflowId, outcome: status.outcome },
  });
}

function withRequestId(error: CutoverError, requestId: string): CutoverError {
  return new CutoverError(error.code, error.message, {
    cause: error,
    details: { ...error.details, request_id: requestId },
  });
}
