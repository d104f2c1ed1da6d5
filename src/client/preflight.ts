/** Whether a start would go now: what it needs of Temporal, of a worker, and of the service. Changes nothing. */
import { CutoverError } from '../errors.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Plan } from '../plan/types.ts';
import { deploymentWorkflowId, SEARCH_ATTRIBUTES, TASK_QUEUE, WATCH_TASK_QUEUE } from '../workflows/api.ts';
import { shortId } from './deployment-id.ts';
import { searchAttributeCommand } from './list.ts';
import { isClosed, type LiveStatus } from './live-status.ts';
import { isoOf } from './proto.ts';
import { GRPC, grpcCode } from './rpc-errors.ts';
import { bounded, CALL_TIMEOUT_MS, coded, type Session } from './session.ts';
import { readStatus } from './status.ts';
import { refusedBy, type TakenOver } from './take-over.ts';

/** A poll is held open for a minute: who has not asked for longer has gone. */
const POLLER_GONE_MS = 65_000;
/** `temporal.api.enums.v1.TaskQueueType`. */
const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;

export interface PreflightCheck {
  name: 'namespace' | 'search_attributes' | 'workers' | 'service';
  ok: boolean;
  message: string;
}

export interface Preflight {
  ready: boolean;
  checks: PreflightCheck[];
  /** The deployment whose lease the start would end; null: none. */
  would_take_over: TakenOver | null;
}

/** CUTOVER_TEMPORAL_UNREACHABLE when Temporal does not answer, refuses this client, or lacks the namespace. */
export async function preflight(session: Session, plan: Plan): Promise<Preflight> {
  const { namespace } = session;
  await bounded(session, () => session.connection.workflowService.describeNamespace({ namespace }));
  const [attributes, workers, service] = await Promise.all([
    checkSearchAttributes(session),
    checkWorkers(session),
    checkService(session, deploymentWorkflowId(plan)),
  ]);
  const found: PreflightCheck = { name: 'namespace', ok: true, message: `${namespace} at ${session.address}` };
  const checks = [found, attributes, workers, service.check];
  return { ready: checks.every(({ ok }) => ok), checks, would_take_over: service.takesOver };
}

/** A query that names an attribute is refused when there is none of that name and type; it needs no more than reading. */
async function checkSearchAttributes(session: Session): Promise<PreflightCheck> {
  const known = await Promise.all(SEARCH_ATTRIBUTES.map((name) => isQueryable(session, name)));
  const missing = SEARCH_ATTRIBUTES.filter((_, index) => known[index] === false);
  const message =
    missing.length === 0
      ? `${SEARCH_ATTRIBUTES.join(', ')} are registered`
      : `missing: ${missing.join(', ')}. Create them: ${searchAttributeCommand(missing)}`;
  return { name: 'search_attributes', ok: missing.length === 0, message };
}

async function isQueryable(session: Session, attribute: string): Promise<boolean> {
  const { connection, namespace } = session;
  try {
    await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      connection.workflowService.countWorkflowExecutions({ namespace, query: `${attribute} = 'none'` }),
    );
    return true;
  } catch (error) {
    if (grpcCode(error) === GRPC.invalid_argument) return false;
    throw coded(session, error);
  }
}

async function checkWorkers(session: Session): Promise<PreflightCheck> {
  const queues = [
    { name: TASK_QUEUE, type: 'workflow' },
    { name: TASK_QUEUE, type: 'activity' },
    { name: WATCH_TASK_QUEUE, type: 'activity' },
  ] as const;
  const polled = await Promise.all(queues.map(({ name, type }) => lastPollMs(session, name, type)));
  const nowMs = Date.now();
  const lost = queues.filter((_, index) => nowMs - (polled[index] ?? 0) > POLLER_GONE_MS);
  if (lost.length === 0)
    return { name: 'workers', ok: true, message: `task queues ${TASK_QUEUE} and ${WATCH_TASK_QUEUE} are polled` };
  const named = lost.map(({ name, type }) => `${name} (${type})`).join(', ');
  const within = formatDuration(POLLER_GONE_MS);
  return {
    name: 'workers',
    ok: false,
    message: `nobody has polled ${named} for ${within}: start one (cutover worker)`,
  };
}

/** Epoch milliseconds; 0: nobody has. */
async function lastPollMs(session: Session, name: string, type: keyof typeof QUEUE_TYPES): Promise<number> {
  const { connection, namespace } = session;
  const { pollers } = await bounded(session, () =>
    connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: QUEUE_TYPES[type] }),
  );
  return Math.max(0, ...(pollers ?? []).map(({ lastAccessTime }) => Date.parse(isoOf(lastAccessTime) ?? '') || 0));
}

async function checkService(
  session: Session,
  workflowId: string,
): Promise<{ check: PreflightCheck; takesOver: TakenOver | null }> {
  const status = await readStatus(session, workflowId).catch((error: unknown) => {
    if (error instanceof CutoverError && error.code === 'CUTOVER_NOT_FOUND') return null;
    throw error;
  });
  const check = (ok: boolean, message: string): PreflightCheck => ({ name: 'service', ok, message });
  if (status === null || isClosed(status))
    return { check: check(true, `${shortId(workflowId)} is free`), takesOver: null };
  if (!canBeTakenOver(status)) return { check: check(false, refusedBy(workflowId, status).message), takesOver: null };
  const message = `${shortId(workflowId)} is in the lease of ${status.version}, which ends when this is started`;
  return { check: check(true, message), takesOver: { run_id: status.run_id, version: status.version } };
}

function canBeTakenOver({ phase, paused, rollback, live }: LiveStatus): boolean {
  return phase === 'lease' && paused === null && rollback === null && live.answered;
}
