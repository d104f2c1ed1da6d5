/** What the client tells of a deployment: the workflow's own status, and what only the server knows. */
import type { DeploymentStatus, Evidence } from '../workflows/api.ts';

export type ExecutionState =
  | 'running'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'terminated'
  | 'continued_as_new'
  /** Ended in its lease by the next deployment of the service. */
  | 'taken_over'
  | 'timed_out'
  | 'unknown';

/** An activity under way, as its heartbeat and its last failure tell. */
export interface LiveActivity {
  name: string;
  /** What it waits for, in its own words. */
  detail: string | null;
  /** From 1 on; more than 1: an earlier attempt failed, or its worker was lost. */
  attempt: number;
  /** The earlier attempt's failure. */
  failure: string | null;
  heartbeat_at: string | null;
}

export interface Live {
  /** Whether the workflow answered; false: the status is put together from what the server has recorded. */
  answered: boolean;
  /** Why not, for people. */
  note: string | null;
  execution: ExecutionState;
  closed_at: string | null;
  /** Events in history; null: unknown. */
  history_events: number | null;
  /** The watcher's newest judgement, from its heartbeat; null: nobody is watching at this moment. */
  evidence: Evidence | null;
  activities: LiveActivity[];
  /** The run's page in the Web UI; null: the UI's address is unknown. */
  url: string | null;
}

export type LiveStatus = DeploymentStatus & { live: Live };

/** Nothing changes any more. */
export function isClosed(status: LiveStatus): boolean {
  return status.live.execution !== 'running';
}

/**
 * Its outcome is known, though it may go on: a lease runs, a failed candidate is kept. `stuck` counts: it goes on only
 * when a person acts.
 */
export function isSettled(status: LiveStatus): boolean {
  return isClosed(status) || status.outcome !== null || status.phase === 'stuck';
}
