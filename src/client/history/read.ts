/** A deployment's history: from the server's events, so that it needs no worker, and from its own status when one answers. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { LEASE_WORKFLOW_TYPE } from '../../workflows/api.ts';
import type { LiveStatus } from '../live-status.ts';
import { followRuns } from '../runs.ts';
import { bounded, type Session } from '../session.ts';
import { readStatus } from '../status.ts';
import { entriesOf } from './entries.ts';
import type { HistoryEntry, HistoryEvent } from './entry.ts';
import { answerSignals } from './messages.ts';

export type { HistoryEntry } from './entry.ts';

const FETCH_TIMEOUT_MS = 15_000;
const MAX_RUNS = 20;

export interface DeploymentHistory {
  history_version: 1;
  /** From the first to the last run of the deployment. */
  run_ids: string[];
  /** False: its first run is no longer kept by the server. */
  complete: boolean;
  /** Oldest first. */
  entries: HistoryEntry[];
  /** As `status` gives it. */
  status: LiveStatus;
}

interface Fetched {
  runId: string;
  events: HistoryEvent[];
}

/** Of the deployment that `runId` belongs to; default: of the newest one. CUTOVER_NOT_FOUND when there is none. */
export async function readHistory(session: Session, workflowId: string, runId?: string): Promise<DeploymentHistory> {
  const { description } = await followRuns(session, workflowId, runId);
  const [runs, status] = await Promise.all([
    fetchRuns(session, workflowId, description.runId),
    readStatus(session, workflowId, description.runId),
  ]);
  const entries = runs.flatMap((run) => entriesOf(run.events, run.runId));
  answerSignals(entries, status.messages);
  return {
    history_version: 1,
    run_ids: runs.map((run) => run.runId),
    complete: runs[0] !== undefined && earlierRun(runs[0]) === null,
    entries: withRollback(entries, status),
    status,
  };
}

/** Back from the last run to the one that the deployment began with. */
async function fetchRuns(session: Session, workflowId: string, lastRunId: string): Promise<Fetched[]> {
  const runs: Fetched[] = [];
  let runId: string | null = lastRunId;
  while (runId !== null && runs.length < MAX_RUNS) {
    const events = await fetchEvents(session, workflowId, runId);
    if (events === null) break;
    const run: Fetched = { runId, events };
    runs.unshift(run);
    runId = earlierRun(run);
  }
  return runs;
}

/** Null: the server does not keep it any more. */
function fetchEvents(session: Session, workflowId: string, runId: string): Promise<HistoryEvent[] | null> {
  const handle = session.workflows.getHandle(workflowId, runId);
  const call = () =>
    handle.fetchHistory().then(
      ({ events }) => events ?? [],
      (error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      },
    );
  return bounded(session, call, { timeoutMs: FETCH_TIMEOUT_MS, workflowId });
}

/** The run of the same deployment that this one continues; null: it is the first. */
function earlierRun({ events }: Fetched): string | null {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started?.workflowType?.name !== LEASE_WORKFLOW_TYPE) return null;
  return started.continuedExecutionRunId === '' ? null : (started.continuedExecutionRunId ?? null);
}

/** Why it went back and how long that took is the deployment's own to tell. */
function withRollback(entries: HistoryEntry[], { rollback, run_id }: LiveStatus): HistoryEntry[] {
  if (rollback === null) return entries;
  const took =
    rollback.restored_after_ms === null ? rollback.state : `traffic back after ${rollback.restored_after_ms} ms`;
  const note = rollback.note === null ? '' : `; ${rollback.note}`;
  const entry: HistoryEntry = {
    at: rollback.requested_at,
    run_id,
    event_id: null,
    kind: 'rollback',
    text: `rollback from ${rollback.from_phase.replaceAll('_', ' ')}: ${rollback.reason}; ${took}${note}`,
    by: rollback.by,
    evidence: null,
    message: null,
  };
  const index = entries.findIndex(({ at, kind }) => at > entry.at || (kind === 'phase' && at >= entry.at));
  return index < 0 ? [...entries, entry] : [...entries.slice(0, index), entry, ...entries.slice(index)];
}
