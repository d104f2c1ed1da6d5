/**
 * The real watcher, on a clock that jumps: it judges a window tick by tick by the scenario, up to its verdict or a
 * limit, in an instant. Nothing that it asks changes meanwhile: the future is taken to go on as it is now.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../activities/clock.ts';
import { watchWindow } from '../activities/watch.ts';
import type { WatchInput, WatchResult, WatchState } from '../activities/watch-types.ts';
import { type Scripted, scriptedChecks, scriptedProvider } from './metrics.ts';
import type { Model } from './model.ts';

export interface Foreseen {
  /** When the watcher has its verdict, or the limit. */
  at_ms: number;
  /** Null: there is none up to the limit. */
  result: WatchResult | null;
  /** What the watcher knows at the limit. */
  state: WatchState | null;
}

/** After so many ticks everything else has its turn: heartbeats, Ctrl-C. */
const TICKS_PER_TURN = 500;

/** Judges from the resumed state on, or from the window's start: as if the watcher had never been away. Throws `signal`'s reason. */
export async function lookAhead(
  scripted: Scripted,
  model: Model,
  input: WatchInput,
  limitMs: number,
  signal: AbortSignal,
): Promise<Foreseen> {
  let ticks = 0;
  let nowMs = input.resume?.last_tick_ms ?? input.started_at_ms;
  const stop = new AbortController();
  const clock: Clock = {
    now: () => nowMs,
    async sleep(ms) {
      ticks += 1;
      if (ticks % TICKS_PER_TURN === 0) await turn();
      signal.throwIfAborted();
      if (nowMs + ms > limitMs) stop.abort(new Error('the limit of a simulated look ahead'));
      stop.signal.throwIfAborted();
      nowMs += ms;
    },
  };
  const result = await watchWindow(input, {
    platform: model.platform,
    provider: scriptedProvider(scripted),
    checks: scriptedChecks(scripted, clock.now),
    clock,
    signal: stop.signal,
    heartbeat: () => undefined,
    earlier: null,
    isReplaced: () => true,
  });
  if (result.verdict === 'replaced') return { at_ms: limitMs, result: null, state: result.state };
  return { at_ms: nowMs, result, state: null };
}
