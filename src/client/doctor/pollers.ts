/** Who polls the task queues, and with which builds. */
import { formatDuration } from '../../plan/duration.ts';
import { TASK_QUEUE, WATCH_TASK_QUEUE } from '../../workflows/api.ts';
import { isoOf } from '../proto.ts';
import { rootMessage } from '../rpc-errors.ts';
import { bounded, type Session } from '../session.ts';
import { type Check, failed, ok, some, warning } from './check.ts';

export interface Poller {
  identity: string;
  last_poll_ms: number;
  /** Null: it is not versioned. */
  build: { deployment: string; build_id: string } | null;
}

/** A poll is held open for a minute: who has not asked for longer has gone. */
const GONE_MS = 65_000;
/** temporal.api.enums.v1.TaskQueueType */
const QUEUES = [
  { name: TASK_QUEUE, type: 1, does: 'workflows' },
  { name: TASK_QUEUE, type: 2, does: 'mutations' },
  { name: WATCH_TASK_QUEUE, type: 2, does: 'watchers' },
] as const;
/** temporal.api.enums.v1.WorkerVersioningMode */
const VERSIONED = 2;

/** `workflowPollers`: of the queue of workflow tasks; null: they could not be read. */
export async function checkPollers(session: Session): Promise<{ checks: Check[]; workflowPollers: Poller[] | null }> {
  const found = await Promise.all(
    QUEUES.map(async ({ name, type, does }) => {
      const title = `${name} (${does})`;
      try {
        const pollers = await pollersOf(session, name, type);
        return { check: judgePollers(title, pollers, Date.now()), pollers };
      } catch (error) {
        const fix = 'Run it again when Temporal answers.';
        return { check: warning(title, `cannot be seen: ${rootMessage(error)}`, fix), pollers: null };
      }
    }),
  );
  return { checks: found.map(({ check }) => check), workflowPollers: found[0]?.pollers ?? null };
}

/** Those who have not polled for a minute are named when there are no others. */
export function judgePollers(name: string, pollers: readonly Poller[], nowMs: number): Check {
  const alive = pollers.filter(({ last_poll_ms }) => nowMs - last_poll_ms <= GONE_MS);
  const [latest] = [...pollers].sort((one, other) => other.last_poll_ms - one.last_poll_ms);
  if (latest === undefined) return failed(name, 'nobody polls it', 'Start a worker: cutover worker');
  const ago = formatDuration(Math.max(0, Math.round((nowMs - latest.last_poll_ms) / 1_000)) * 1_000);
  if (alive.length === 0) {
    return failed(name, `nobody polls it: ${latest.identity} did ${ago} ago`, 'Start a worker: cutover worker');
  }
  const named = alive.map(({ identity, build }) => (build === null ? identity : `${identity} (${build.build_id})`));
  return ok(name, `${alive.length === 1 ? 'polled by' : `${alive.length} pollers:`} ${some(named)}, last ${ago} ago`);
}

async function pollersOf(session: Session, name: string, taskQueueType: number): Promise<Poller[]> {
  const { connection, namespace } = session;
  const { pollers } = await bounded(session, () =>
    connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }),
  );
  return (pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions }) => ({
    identity: identity || 'unknown',
    last_poll_ms: Date.parse(isoOf(lastAccessTime) ?? '') || 0,
    build:
      deploymentOptions?.workerVersioningMode === VERSIONED
        ? { deployment: deploymentOptions.deploymentName ?? '', build_id: deploymentOptions.buildId ?? '' }
        : null,
  }));
}
