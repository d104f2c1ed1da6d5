/**
 * Watchers for the time-skipping server, whose clock stands still while an activity runs: they look ahead to their
 * verdict, and fail with a delayed retry until its moment has come.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WatchInput, WatchResult, WatchState } from '../activities/watch-types.ts';
import { later } from './later.ts';
import { type Foreseen, lookAhead } from './look-ahead.ts';
import type { Stage } from './stage.ts';

/**
 * Odd on purpose. A window's end cancels the guard, and the time-skipping server never skips again once an activity
 * that is just executing is cancelled and then fails for a retry; at a round figure both would wake together.
 */
const GUARD_POLL_MS = 61_007;
/** After the running phase's end: what comes next may change what the guard sees. */
const AFTER_PHASE_MS = 1_007;
/** Real time. A look over days takes longer than the server waits for a heartbeat: it is waited for again and again. */
const LOOK_MS = 2_000;
/** After a window's end for the verdict of a watcher that waits for data, beyond the limit of that. */
const SPARE_MS = 60_000;

export interface Watchers {
  watchWindow(input: WatchInput): Promise<WatchResult>;
}

export function createWatchers(stage: Stage): Watchers {
  const foreseen = new Map<string, Promise<Foreseen>>();
  const guards = new Map<number, WatchState | null>();
  return {
    async watchWindow(input) {
      const { nextEndMs } = await stage.refresh();
      const nowMs = await stage.now();
      if (input.ends_at_ms === null) return guard(stage, guards, input, nowMs, nextEndMs);
      const key = JSON.stringify([input.stage, input.started_at_ms, input.ends_at_ms, input.resume, stage.version()]);
      const limitMs = input.ends_at_ms + input.settings.no_data_limit_ms + SPARE_MS;
      const looking = foreseen.get(key) ?? lookAhead(stage.scripted, stage.model, input, limitMs, stage.signal);
      foreseen.set(key, looking);
      // Given up between two attempts, nobody waits for it.
      looking.catch(() => undefined);
      const verdict = await Promise.race([looking, delay(LOOK_MS, null)]);
      if (verdict === null) return later(1);
      if (verdict.at_ms > nowMs || verdict.result === null) return later(Math.max(1, verdict.at_ms - nowMs));
      return verdict.result;
    },
  };
}

/** Up to now with all that happened, then on to the next look. */
async function guard(
  stage: Stage,
  guards: Map<number, WatchState | null>,
  input: WatchInput,
  nowMs: number,
  nextEndMs: number | null,
): Promise<WatchResult> {
  const id = input.started_at_ms;
  const known = guards.get(id) ?? input.resume;
  const past = await lookAhead(stage.scripted, stage.model, { ...input, resume: known }, nowMs, stage.signal);
  if (past.result !== null) {
    guards.delete(id);
    return past.result;
  }
  guards.set(id, past.state);
  const nextMs = Math.min(nowMs + GUARD_POLL_MS, nextEndMs === null ? Infinity : nextEndMs + AFTER_PHASE_MS);
  const next = await lookAhead(stage.scripted, stage.model, { ...input, resume: past.state }, nextMs, stage.signal);
  return later(Math.max(1, next.at_ms - nowMs));
}
