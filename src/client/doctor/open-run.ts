/** What the server knows of one open run. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isoOf } from '../proto.ts';
import { bounded, type Session } from '../session.ts';
import { readStatus } from '../status.ts';

export interface OpenRun {
  workflow_id: string;
  run_id: string;
  /** The build that alone can go on with it; null: any. */
  pinned_to: { deployment: string; build_id: string } | null;
  /** Since when its workflow task waits for a worker; null: none does. */
  task_waits_since_ms: number | null;
  /** Attempts at its workflow task; above 1 the earlier ones failed, or their worker was lost. 0: there is none. */
  task_attempt: number;
  /** Watchers under way: whether a worker has taken it, and when it was last heard of. */
  watchers: { is_running: boolean; seen_ms: number }[];
  /** An approval that is not given yet; `is_exact` false: only the run's start is known. */
  approval: { since_ms: number; waits_for: string; is_exact: boolean } | null;
}

export interface Listed {
  workflowId: string;
  runId: string;
  startMs: number;
  phase: string | null;
}

type Raw = WorkflowExecutionDescription['raw'];

/** temporal.api.enums.v1: VersioningBehavior, PendingWorkflowTaskState, PendingActivityState */
const PINNED = 1;
const TASK_SCHEDULED = 1;
const ACTIVITY_STARTED = 2;
const WATCHERS = ['watchWindow', 'watchKept'];

/** Throws what the client throws. */
export async function readRun(session: Session, { workflowId, runId, startMs, phase }: Listed): Promise<OpenRun> {
  const handle = session.workflows.getHandle(workflowId, runId);
  const { raw } = await bounded(session, () => handle.describe(), { workflowId });
  return {
    workflow_id: workflowId,
    run_id: runId,
    pinned_to: pinnedTo(raw),
    task_waits_since_ms: waitingTask(raw),
    task_attempt: raw.pendingWorkflowTask?.attempt ?? 0,
    watchers: watchersOf(raw),
    approval: phase === 'approval' ? await approvalOf(session, workflowId, runId, startMs) : null,
  };
}

export function pinnedTo(raw: Pick<Raw, 'workflowExecutionInfo'>): OpenRun['pinned_to'] {
  const info = raw.workflowExecutionInfo?.versioningInfo;
  // An override goes before what the code says; one to auto-upgrade has no pinned version.
  const override = info?.versioningOverride;
  if (override?.autoUpgrade === true) return null;
  const version = override?.pinned?.version ?? (info?.behavior === PINNED ? info.deploymentVersion : null);
  if (version == null) return null;
  return { deployment: version.deploymentName ?? '', build_id: version.buildId ?? '' };
}

export function waitingTask({ pendingWorkflowTask }: Pick<Raw, 'pendingWorkflowTask'>): number | null {
  if (pendingWorkflowTask == null || pendingWorkflowTask.state !== TASK_SCHEDULED) return null;
  return msOf(pendingWorkflowTask.originalScheduledTime) ?? msOf(pendingWorkflowTask.scheduledTime);
}

export function watchersOf({ pendingActivities }: Pick<Raw, 'pendingActivities'>): OpenRun['watchers'] {
  return (pendingActivities ?? [])
    .filter(({ activityType }) => WATCHERS.includes(activityType?.name ?? ''))
    .map(({ state, lastHeartbeatTime, lastStartedTime, scheduledTime }) => {
      const isRunning = state === ACTIVITY_STARTED;
      const seen = isRunning ? [lastHeartbeatTime, lastStartedTime] : [scheduledTime];
      return { is_running: isRunning, seen_ms: Math.max(0, ...seen.map((time) => msOf(time) ?? 0)) };
    });
}

async function approvalOf(
  session: Session,
  workflowId: string,
  runId: string,
  startMs: number,
): Promise<OpenRun['approval']> {
  const unknown = { since_ms: startMs, waits_for: 'an answer', is_exact: false };
  const status = await readStatus(session, workflowId, runId).catch(() => null);
  if (status === null || !status.live.answered) return unknown;
  const { approval, phases } = status;
  if (approval?.state !== 'pending') return null;
  const open = approval.approvers.filter((person) => !approval.approved_by.includes(person));
  const begun = phases.find(({ name }) => name === 'approval')?.started_at;
  if (begun == null) return unknown;
  const missing = approval.required - approval.approved_by.length;
  return { since_ms: Date.parse(begun), waits_for: `${missing} of ${open.join(', ')}`, is_exact: true };
}

function msOf(timestamp: Parameters<typeof isoOf>[0]): number | null {
  const iso = isoOf(timestamp);
  return iso === null ? null : Date.parse(iso);
}
