/** One look that waits for the watcher's next word, instead of taking one that may be some seconds old. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClosed, type LiveStatus } from './live-status.ts';
import type { Session } from './session.ts';
import { readStatus } from './status.ts';

const WATCHER = 'watchWindow';
/** Heartbeats reach the server every 4 s at the slowest, since they are throttled. */
const PATIENCE_MS = 5_000;
const FRESH_MS = 2_000;
const LOOK_MS = 250;

export interface LiveReadings {
  /** When the server was asked last. */
  read_at: string;
  /** How old the watcher's newest judgement was then, milliseconds; null: nobody is watching. */
  evidence_age_ms: number | null;
}

/** At once when nobody is watching; else as soon as a judgement of the last 2 s is there, or after 5 s as it is. */
export async function readLive(
  session: Session,
  workflowId: string,
): Promise<{ status: LiveStatus; readings: LiveReadings }> {
  const untilMs = Date.now() + PATIENCE_MS;
  let runId: string | undefined;
  for (;;) {
    const status = await readStatus(session, workflowId, runId);
    const readings = readingsOf(status, Date.now());
    const { evidence_age_ms: ageMs } = readings;
    const isFresh = ageMs !== null && ageMs <= FRESH_MS;
    if (isFresh || !isWatched(status) || Date.now() >= untilMs) return { status, readings };
    runId = status.run_id;
    await sleep(LOOK_MS);
  }
}

/** A worker's clock may be ahead of this one's. */
export function readingsOf({ live }: LiveStatus, nowMs: number): LiveReadings {
  const age = live.evidence === null ? null : Math.max(0, nowMs - Date.parse(live.evidence.at));
  return { read_at: new Date(nowMs).toISOString(), evidence_age_ms: age };
}

function isWatched(status: LiveStatus): boolean {
  return !isClosed(status) && status.live.activities.some(({ name }) => name === WATCHER);
}
