/**
 * Pause: share, scale-down and clean-up do not advance, and the open window keeps what is left of it. Watching goes on,
 * approval and lease clocks run, and a shift in flight keeps its deadline. A rollback ends it.
 */
import { condition } from '@temporalio/workflow';
import { proceed } from './interruption.ts';
import type { Run } from './run.ts';

/** Returns when the run is not paused. Called before every step forward. */
export async function unpaused(run: Run): Promise<void> {
  while (run.pause !== null) await condition(() => run.pause === null);
  proceed(run);
}

export function pause(run: Run, by: string, reason: string | null): void {
  const record = run.window === null ? null : run.phases[run.window];
  const remainingMs = record?.endsAtMs == null ? null : Math.max(0, record.endsAtMs - Date.now());
  run.pause = { sinceMs: Date.now(), by, reason, remainingMs };
  if (record !== null) record.endsAtMs = null;
}

export function resume(run: Run): void {
  const remainingMs = run.pause?.remainingMs ?? null;
  run.pause = null;
  if (run.window !== null && remainingMs !== null) run.phases[run.window].endsAtMs = Date.now() + remainingMs;
}

/** What is left of the open window, ms; 0 when none is open. */
export function leftMs({ pause, window, phases }: Run): number {
  if (pause !== null) return pause.remainingMs ?? 0;
  const endsAtMs = window === null ? null : phases[window].endsAtMs;
  return endsAtMs === null ? 0 : endsAtMs - Date.now();
}

/** Moves the open window's end; while the run is paused, what is left of it. */
export function lengthen(run: Run, byMs: number): void {
  if (run.window === null) return;
  const lengthenedMs = leftMs(run) + byMs;
  if (run.pause !== null) run.pause.remainingMs = Math.max(0, lengthenedMs);
  else run.phases[run.window].endsAtMs = Date.now() + lengthenedMs;
}
