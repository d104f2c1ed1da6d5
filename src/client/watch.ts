/** Following one run to its end, through losses of the worker and of Temporal itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../errors.ts';
import { formatDuration } from '../plan/duration.ts';
import { isClosed, type LiveStatus } from './live-status.ts';
import type { Session } from './session.ts';
import { readStatus } from './status.ts';

export interface WatchOptions {
  /** Time between two looks, milliseconds. Default: 1000. */
  intervalMs?: number;
  /** How long Temporal may be out of reach, milliseconds, before CUTOVER_TEMPORAL_UNREACHABLE. Default: 60000. */
  patienceMs?: number;
  signal?: AbortSignal;
  /** Default: the latest run. */
  runId?: string;
}

/**
 * One status at once and then about every second, the last one closed. Stays with the deployment that it finds first,
 * through the runs of its lease, and never goes on into the next one. Ends quietly when `signal` is aborted.
 */
export async function* watchDeployment(
  session: Session,
  workflowId: string,
  options: WatchOptions = {},
): AsyncGenerator<LiveStatus, void, void> {
  const { intervalMs = 1_000, patienceMs = 60_000, signal } = options;
  let last: LiveStatus | null = null;
  let lostAtMs: number | null = null;
  let { runId } = options;
  while (signal?.aborted !== true) {
    try {
      last = carryOver(last, await readStatus(session, workflowId, runId));
      lostAtMs = null;
      runId = last.run_id;
      yield last;
      if (isClosed(last)) return;
    } catch (error) {
      if (last === null || !isUnreachable(error)) throw error;
      lostAtMs ??= Date.now();
      if (Date.now() - lostAtMs > patienceMs) throw error;
      yield unreachableSince(last, lostAtMs);
    }
    await pause(intervalMs, signal);
  }
}

/**
 * Of two looks at one deployment: a status put together without the workflow's answer knows less than the last answer did: what that told stays, and
 * the server's own word on phase and outcome goes over it.
 */
export function carryOver(known: LiveStatus | null, next: LiveStatus): LiveStatus {
  if (next.live.answered || known === null || known.phases.length === 0) return next;
  return {
    ...known,
    run_id: next.run_id,
    phase: next.phase,
    outcome: next.outcome ?? known.outcome,
    reason: next.reason ?? known.reason,
    weights: next.weights ?? known.weights,
    live: next.live,
  };
}

/** The last known status, marked as not answered. */
function unreachableSince(last: LiveStatus, lostAtMs: number): LiveStatus {
  const forSeconds = Math.floor((Date.now() - lostAtMs) / 1_000) * 1_000;
  const note = `Temporal has not answered for ${formatDuration(forSeconds)}; trying on`;
  return { ...last, live: { ...last.live, answered: false, note, evidence: null, activities: [] } };
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CutoverError && error.code === 'CUTOVER_TEMPORAL_UNREACHABLE';
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
