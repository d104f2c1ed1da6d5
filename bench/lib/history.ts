/** What a run's history tells. */
import type { WorkflowHandle } from '@temporalio/client';
import type { DeploymentHandle } from '../../src/client/cutover-client.ts';
import type { Context } from './context.ts';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

export async function eventsOf(context: Context, { workflow_id, run_id }: DeploymentHandle): Promise<HistoryEvent[]> {
  const { events } = await context.workflows.getHandle(workflow_id, run_id).fetchHistory();
  return events ?? [];
}

/** When the server recorded that the workflow accepted the last update, epoch milliseconds. */
export function acceptedMs(events: readonly HistoryEvent[]): number {
  const accepted = events.findLast((event) => event.workflowExecutionUpdateAcceptedEventAttributes != null);
  const time = accepted?.eventTime;
  if (time == null) throw new Error('no update was accepted');
  return Number(time.seconds) * 1_000 + (time.nanos ?? 0) / 1e6;
}

/** Process id of the worker that ran the last workflow task, and so has the workflow in its cache. */
export function cachingPid(events: readonly HistoryEvent[]): number {
  const started = events.findLast((event) => event.workflowTaskStartedEventAttributes != null);
  // The SDK's default identity is PID@HOST.
  const pid = Number(started?.workflowTaskStartedEventAttributes?.identity?.split('@')[0]);
  if (!Number.isInteger(pid)) throw new Error('the worker of the last workflow task is unknown');
  return pid;
}

/**
 * The time-skipping server schedules workflow tasks for which nothing has happened; the server proper does not. They
 * are left out: triples that follow another task's completion directly.
 */
export function countEvents(events: readonly HistoryEvent[]): number {
  const empty = events.filter(
    (event, index) =>
      event.workflowTaskScheduledEventAttributes != null &&
      events[index - 1]?.workflowTaskCompletedEventAttributes != null,
  );
  return events.length - 3 * empty.length;
}
