/** The activities as the workflow calls them, in groups by what a second run of them would mean. */
import type { Priority } from '@temporalio/common';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { MutationActivities, WatchActivities } from '../activities/types.ts';
import { WATCH_TASK_QUEUE } from './api.ts';

/**
 * Short writes, fenced or idempotent, so that a second attempt after a half-happened one is harmless. They run on the
 * workflow's own queue, where they are dispatched eagerly, and are tried for as long as their caller wants them: a
 * router or platform that does not answer now is asked again every second at the slowest.
 */
export const mutations = proxyActivities<MutationActivities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/** Of what a rollback waits for: before all that waits for one of the workers' slots. */
export const FIRST: Priority = { priorityKey: 1 };

/**
 * Watchers. A flat, short retry: after its worker died a watcher is needed again at once, and the default backoff
 * would leave 1, 2, 4, … seconds unwatched. Cancelled ones answer with their state, for the window's next watcher;
 * a rollback does not wait for that answer.
 */
export const watchers = proxyActivities<Pick<WatchActivities, 'watchWindow' | 'watchKept'>>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Read-only waits: they heartbeat what they wait for, and are given up at once when nobody needs the answer. */
export const waits = proxyActivities<
  Pick<WatchActivities, 'awaitReady' | 'awaitConverged' | 'awaitDrained' | 'proveNoTraffic' | 'measureBaseline'>
>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 1 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** A smoke suite may write (a test order), so a failed attempt is tried only twice more; its verdict is a result. */
export const checks = proxyActivities<Pick<WatchActivities, 'runSmoke'>>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/**
 * What a plan has run around the switch. Time limit and attempts are the plan's; it heartbeats, so that a lost worker is
 * noticed long before a long time limit.
 */
export const hooks = proxyActivities<Pick<WatchActivities, 'runHook'>>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/**
 * Fenced, conditional writes, many perhaps, and so not on the workflow's own queue: none of them is waited for by a
 * rollback's traffic write. Tried for as long as their caller wants them.
 */
export const scheduledWork = proxyActivities<Pick<WatchActivities, 'moveScheduledWork'>>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '40s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Telling people never holds anything up: no caller awaits it, and it gives up after a while. */
export const notifiers = proxyActivities<Pick<WatchActivities, 'notify'>>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '10m',
  retry: { initialInterval: '1s', backoffCoefficient: 2 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});
