/** One line of a deployment's history, and what is kept while its events are read. */
import type { WorkflowHandle } from '@temporalio/client';
import type { Evidence } from '../../workflows/api.ts';

export type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

export interface HistoryEntry {
  at: string;
  run_id: string;
  /** The event that tells it; null: the deployment's own status does. */
  event_id: number | null;
  /**
   * `watch`: a watcher's verdict, with its evidence. `message`: what a person sent. `people`: who was called or told.
   * `step`: an activity or a timer. `worker`: a worker was lost, or could not go on.
   */
  kind:
    | 'start'
    | 'phase'
    | 'traffic'
    | 'watch'
    | 'message'
    | 'hook'
    | 'people'
    | 'step'
    | 'rollback'
    | 'outcome'
    | 'worker'
    | 'end';
  text: string;
  /** A person, as a rule; null: nobody in particular. */
  by: string | null;
  evidence: Evidence | null;
  /** Null: it is none. */
  message: { name: string; via: 'signal' | 'update' | 'cancel' } | null;
}

export interface ScheduledActivity {
  name: string;
  /** As the Web UI shows it; null: none. */
  summary: string | null;
  input: unknown;
  atMs: number;
  attempt: number;
  /** The earlier attempt's failure. */
  failure: string | null;
}

export interface Walk {
  runId: string;
  entries: HistoryEntry[];
  /** Event id → activity. */
  activities: Map<string, ScheduledActivity>;
  /** Timer id → summary. */
  timers: Map<string, string>;
  /** Event id of the acceptance → its entry. */
  updates: Map<string, HistoryEntry>;
}

export function newWalk(runId: string): Walk {
  return { runId, entries: [], activities: new Map(), timers: new Map(), updates: new Map() };
}

type Told = Pick<HistoryEntry, 'kind' | 'text'> & Partial<Pick<HistoryEntry, 'by' | 'evidence' | 'message'>>;

export function addEntry(walk: Walk, event: HistoryEvent, at: string, told: Told): HistoryEntry {
  const entry: HistoryEntry = {
    at,
    run_id: walk.runId,
    event_id: Number(event.eventId ?? 0),
    kind: told.kind,
    text: told.text,
    by: told.by ?? null,
    evidence: told.evidence ?? null,
    message: told.message ?? null,
  };
  walk.entries.push(entry);
  return entry;
}

/** Null: it is no text, or an empty one. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
