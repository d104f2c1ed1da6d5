/**
 * The server's half of activities in virtual time: attempts, retries, timeouts, cancellation; and workers that die,
 * freeze, or have no slot free.
 */
import type { coresdk } from '@temporalio/proto';
import { coresdk as core } from '@temporalio/proto';
import type { ActivityTable, Attempt, Scheduled } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { Job } from './engine.ts';
import {
  activityFailure,
  CANCELLED,
  decode,
  durationMs,
  encode,
  type Failure,
  failureOf,
  timeoutFailure,
} from './payloads.ts';

const { ActivityCancellationType } = core.workflow_commands;
const DAY_MS = 86_400_000;

interface Running {
  number: number;
  dead: boolean;
  cancelled: (() => void)[];
}

interface Activity extends Scheduled {
  readonly command: coresdk.workflow_commands.IScheduleActivity;
  readonly scheduledAtMs: number;
  readonly startToCloseMs: number;
  readonly endsAtMs: number | null;
  readonly heartbeatMs: number | null;
  readonly waits: boolean;
  attempts: number;
  running: Running | null;
  resolved: boolean;
  cancelRequested: boolean;
  details: unknown;
  lastFailure: Failure | null;
}

export interface TableOptions {
  time: VirtualTime;
  execute(attempt: Attempt): void;
  /** A result for the workflow, to be delivered with its next task. */
  resolve(job: Job, activity: Scheduled): void;
  /** How long it takes until a running attempt learns that it is cancelled. */
  cancelDelayMs(): number;
}

export function createActivityTable({ time, execute, resolve, cancelDelayMs }: TableOptions): ActivityTable {
  let open = new Map<number, Activity>();
  let state: 'up' | 'killed' | 'frozen' | 'busy' = 'up';
  let waiting: (() => void)[] = [];

  function whenUp(act: () => void): void {
    if (state === 'up') act();
    else waiting.push(act);
  }

  function startable(activity: Activity): boolean {
    return state === 'up' || (state === 'busy' && activity.queue === 'cutover');
  }

  function dispatch(activity: Activity): void {
    if (activity.resolved) return;
    if (startable(activity)) start(activity);
    else waiting.push(() => dispatch(activity));
  }

  function start(activity: Activity): void {
    activity.attempts += 1;
    const running: Running = { number: activity.attempts, dead: false, cancelled: [] };
    activity.running = running;
    time.after(activity.startToCloseMs, () => timeOut(activity, running, 'startToClose'));
    execute(attemptOf(activity, running));
  }

  function attemptOf(activity: Activity, running: Running): Attempt {
    const answer = (act: () => void) => {
      if (running.dead) return;
      if (state === 'frozen') waiting.push(() => answer(act));
      else if (isCurrent(activity, running)) act();
    };
    return {
      key: activity.key,
      type: activity.type,
      args: activity.args,
      number: running.number,
      startedAtMs: time.now(),
      startToCloseMs: activity.startToCloseMs,
      lastDetails: activity.details,
      complete: (value) => answer(() => settle(activity, { completed: { result: encode(value) } })),
      fail: (error) => answer(() => retry(activity, failureOf(error))),
      die: () => lose(activity, running),
      heartbeat(details) {
        if (!running.dead && state !== 'frozen' && isCurrent(activity, running)) activity.details = details;
      },
      onCancel: (listener) => void running.cancelled.push(listener),
      async sleep(ms) {
        await time.sleep(ms);
        while (state === 'frozen' && !running.dead) await new Promise<void>((woken) => waiting.push(woken));
        if (running.dead) await new Promise(() => undefined);
      },
    };
  }

  function isCurrent(activity: Activity, running: Running): boolean {
    return !activity.resolved && activity.running === running;
  }

  function lose(activity: Activity, running: Running): void {
    running.dead = true;
    missHeartbeats(activity, running);
  }

  function missHeartbeats(activity: Activity, running: Running): void {
    if (activity.heartbeatMs === null) return;
    time.after(activity.heartbeatMs, () => {
      if (running.dead || state === 'frozen') timeOut(activity, running, 'heartbeat');
    });
  }

  function timeOut(activity: Activity, running: Running, kind: 'startToClose' | 'heartbeat'): void {
    if (isCurrent(activity, running)) retry(activity, timeoutFailure(kind, null));
  }

  function retry(activity: Activity, failure: Failure): void {
    activity.running = null;
    activity.lastFailure = failure;
    const policy = activity.command.retryPolicy;
    const initialMs = durationMs(policy?.initialInterval) ?? 1_000;
    const coefficient = policy?.backoffCoefficient || 2;
    const maximumMs = durationMs(policy?.maximumInterval) ?? 100 * initialMs;
    const waitMs = Math.min(maximumMs, initialMs * coefficient ** (activity.attempts - 1));
    const isLast = (policy?.maximumAttempts || Number.POSITIVE_INFINITY) <= activity.attempts;
    const isLate = activity.endsAtMs !== null && time.now() + waitMs >= activity.endsAtMs;
    const isFinal = failure.applicationFailureInfo?.nonRetryable === true;
    if (isLast || isLate || isFinal || activity.cancelRequested) failed(activity, failure);
    else time.after(waitMs, () => dispatch(activity));
  }

  function failed(activity: Activity, cause: Failure): void {
    settle(activity, { failed: { failure: activityFailure(activity.type, activity.key, cause) } });
  }

  function settle(activity: Activity, result: coresdk.activity_result.IActivityResolution): void {
    if (activity.resolved) return;
    activity.resolved = true;
    open.delete(activity.seq);
    resolve({ resolveActivity: { seq: activity.seq, result } }, activity);
  }

  function cancelledJob(activity: Activity): Job {
    activity.resolved = true;
    open.delete(activity.seq);
    const failure = activityFailure(activity.type, activity.key, CANCELLED);
    return { resolveActivity: { seq: activity.seq, result: { cancelled: { failure } } } };
  }

  return {
    schedule(command, runId) {
      const scheduleToCloseMs = durationMs(command.scheduleToCloseTimeout);
      const seq = command.seq ?? 0;
      const activity: Activity = {
        command,
        seq,
        key: `${runId}/${command.activityId}`,
        type: command.activityType ?? '',
        queue: command.taskQueue ?? '',
        args: (command.arguments ?? []).map(decode),
        scheduledAtMs: time.now(),
        startToCloseMs: durationMs(command.startToCloseTimeout) ?? scheduleToCloseMs ?? DAY_MS,
        endsAtMs: scheduleToCloseMs === null ? null : time.now() + scheduleToCloseMs,
        heartbeatMs: durationMs(command.heartbeatTimeout),
        waits: command.cancellationType === ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        attempts: 0,
        running: null,
        resolved: false,
        cancelRequested: false,
        details: undefined,
        lastFailure: null,
      };
      open.set(seq, activity);
      time.after(0, () => dispatch(activity));
      if (activity.endsAtMs !== null) {
        time.at(activity.endsAtMs, () => failed(activity, timeoutFailure('scheduleToClose', activity.lastFailure)));
      }
      return activity;
    },
    cancel(seq, sameTask) {
      const activity = open.get(seq);
      if (activity === undefined) return null;
      activity.cancelRequested = true;
      const { running } = activity;
      if (sameTask || !activity.waits || running === null) {
        const job = cancelledJob(activity);
        if (sameTask || !activity.waits) return job;
        // The server has it cancelled by itself, and tells of it with the next task.
        resolve(job, activity);
        return null;
      }
      time.after(cancelDelayMs(), () => {
        if (running.dead || !isCurrent(activity, running)) return;
        whenUp(() => {
          for (const listener of running.cancelled) listener();
        });
      });
      return null;
    },
    closeRun() {
      for (const activity of open.values()) activity.resolved = true;
      open = new Map();
    },
    outage(kind) {
      state = kind;
      for (const activity of open.values()) {
        const { running } = activity;
        if (running === null || kind === 'busy') continue;
        if (kind === 'killed') lose(activity, running);
        else missHeartbeats(activity, running);
      }
    },
    recover() {
      state = 'up';
      const acts = waiting;
      waiting = [];
      for (const act of acts) act();
    },
  };
}
