/** One connection to Temporal, with bounded calls and coded errors. */
import { Connection, WorkflowClient } from '@temporalio/client';
import { CutoverError } from '../errors.ts';
import { type ConnectOptions, loadTemporalConfig, webUiUrl } from './config.ts';
import { grpcCode, rootMessage, toCutoverError } from './rpc-errors.ts';

/** Bound of every short call, milliseconds. */
export const CALL_TIMEOUT_MS = 5_000;

export interface Session {
  readonly connection: Connection;
  readonly workflows: WorkflowClient;
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
}

/** CUTOVER_TEMPORAL_UNREACHABLE when nothing answers in `connectTimeoutMs`. */
export async function openSession(options: ConnectOptions = {}): Promise<Session> {
  const config = await loadTemporalConfig(options);
  const { address } = config.connection;
  const connection = Connection.lazy(config.connection);
  try {
    await connection.ensureConnected();
  } catch (error) {
    await connection.close();
    throw unreachable(error, address, config.namespace);
  }
  const workflows = new WorkflowClient({ connection, namespace: config.namespace });
  return { connection, workflows, address, namespace: config.namespace, uiUrl: webUiUrl(address, options.uiUrl) };
}

/** Runs `call` with a deadline; whatever goes wrong comes out with a code. */
export async function bounded<T>(
  session: Session,
  call: () => Promise<T>,
  options: { timeoutMs?: number; workflowId?: string } = {},
): Promise<T> {
  const { timeoutMs = CALL_TIMEOUT_MS, workflowId } = options;
  try {
    return await session.connection.withDeadline(Date.now() + timeoutMs, call);
  } catch (error) {
    throw coded(session, error, workflowId);
  }
}

export function coded(session: Session, error: unknown, workflowId?: string): CutoverError {
  const { address, namespace } = session;
  return toCutoverError(error, { address, namespace, ...(workflowId === undefined ? {} : { workflowId }) });
}

/** The Web UI's page of a run; null: its address is not known. */
export function runUrl(session: Session, workflowId: string, runId: string): string | null {
  if (session.uiUrl === null) return null;
  const path = [session.namespace, 'workflows', workflowId, runId].map(encodeURIComponent);
  return `${session.uiUrl}/namespaces/${path.join('/')}/history`;
}

/** Before the first answer every failure means that Temporal cannot be reached, and its words say why. */
function unreachable(error: unknown, address: string, namespace: string): CutoverError {
  if (grpcCode(error) !== null) return toCutoverError(error, { address, namespace });
  return new CutoverError('CUTOVER_TEMPORAL_UNREACHABLE', `Temporal does not answer at ${address}.`, {
    cause: error,
    details: { address, namespace, why: rootMessage(error) },
  });
}
