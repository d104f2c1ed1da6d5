/** Pending activities as a describe call shows them. Everything in them comes from elsewhere: nothing is trusted. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { CriterionReading, Evidence } from '../workflows/api.ts';
import type { LiveActivity } from './live-status.ts';
import { firstValue, innermostMessage, isoOf, isRecord } from './proto.ts';

const WATCHER = 'watchWindow';

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

export function liveActivities(description: WorkflowExecutionDescription): LiveActivity[] {
  return (description.raw.pendingActivities ?? []).map((pending) => {
    const detail = heartbeatOf(pending);
    return {
      name: pending.activityType?.name ?? 'unknown',
      detail: typeof detail === 'string' ? detail : null,
      attempt: pending.attempt ?? 1,
      failure: innermostMessage(pending.lastFailure),
      heartbeat_at: isoOf(pending.lastHeartbeatTime),
    };
  });
}

/** The newest evidence among the watchers under way: for a moment the one that is being replaced is there too. */
export function liveEvidence(description: WorkflowExecutionDescription): Evidence | null {
  const found = (description.raw.pendingActivities ?? [])
    .filter((pending) => pending.activityType?.name === WATCHER)
    .map((pending) => evidenceIn(heartbeatOf(pending)))
    .filter((evidence) => evidence !== null);
  return found.reduce<Evidence | null>(
    (newest, next) => (newest === null || next.at > newest.at ? next : newest),
    null,
  );
}

/** The evidence of a watcher's heartbeat details; null: they are none. */
export function evidenceIn(details: unknown): Evidence | null {
  return isRecord(details) ? evidenceOf(details.live) : null;
}

/** Null: the value is none. */
export function evidenceOf(value: unknown): Evidence | null {
  if (!isRecord(value)) return null;
  const { at, criteria, coverage } = value;
  if (typeof at !== 'string' || !Array.isArray(criteria) || !isRecord(coverage)) return null;
  const { judged, expected, percent, longest_gap_ms } = coverage;
  if (![judged, expected, percent, longest_gap_ms].every((part) => typeof part === 'number')) return null;
  if (!criteria.every(isReading)) return null;
  return value as unknown as Evidence;
}

function isReading(value: unknown): value is CriterionReading {
  if (!isRecord(value)) return false;
  const { source, kind, state, value: measured, limit, baseline, observations } = value;
  const numbers = [measured, limit].every((part) => part === null || typeof part === 'number');
  const compared = baseline === null || (isRecord(baseline) && typeof baseline.value === 'number');
  return (
    typeof source === 'string' &&
    (kind === 'success' || kind === 'trigger') &&
    typeof state === 'string' &&
    numbers &&
    compared &&
    typeof observations === 'number'
  );
}

function heartbeatOf(pending: PendingActivity): unknown {
  return firstValue(pending.heartbeatDetails);
}
