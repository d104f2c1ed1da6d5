/** Watchers that say what the scenario has them say; without a word they pass their window, if they watched all of it. */
import { ApplicationFailure } from '@temporalio/common';
import type { WatchInput, WatchResult, WatchState } from '../../../src/activities/watch-types.ts';
import { sameWeights } from '../../../src/plan/weights.ts';
import { emptyEvidence, watchState } from '../world/scripted-activities.ts';
import type { Attempt } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { ModelWorld } from './model-world.ts';
import type { WatcherWord } from './scenario.ts';

const TICK_MS = 2_000;

export async function playWatcher(
  world: ModelWorld,
  time: VirtualTime,
  attempt: Attempt,
  word: WatcherWord | null,
): Promise<void> {
  const input = attempt.args[0] as WatchInput;
  if (word?.verdict === 'silent' && attempt.number <= word.attempts) return attempt.die();
  if (word?.verdict === 'broken') return attempt.fail(ApplicationFailure.nonRetryable('the provider is misconfigured'));
  const unwatchedMs = time.now() - lastTickMs(attempt, input);
  const startedAtMs = time.now();
  let said = false;
  const say = (result: WatchResult) => {
    if (!said) attempt.complete(result);
    said = true;
  };
  attempt.onCancel(() =>
    say({ verdict: 'replaced', evidence: emptyEvidence(time.now()), state: watchState(time.now()) }),
  );
  while (!said) {
    const nowMs = time.now();
    attempt.heartbeat(watchState(nowMs));
    const result =
      told(word, input, nowMs, nowMs - startedAtMs) ??
      drifted(world, input, nowMs) ??
      ended(word, input, nowMs, unwatchedMs);
    if (result !== null) return say(result);
    const dueMs = nextMs(word, input, nowMs, startedAtMs);
    // A guard that nothing befalls is only ever cancelled.
    if (dueMs === null) return;
    await attempt.sleep(Math.max(1, dueMs - nowMs));
  }
}

function lastTickMs(attempt: Attempt, input: WatchInput): number {
  const details = attempt.lastDetails as WatchState | undefined;
  return details?.last_tick_ms ?? input.resume?.last_tick_ms ?? input.started_at_ms;
}

function told(word: WatcherWord | null, input: WatchInput, nowMs: number, sinceMs: number): WatchResult | null {
  if (word === null || !('afterMs' in word) || sinceMs < word.afterMs || !canSay(word, input)) return null;
  const evidence = emptyEvidence(nowMs);
  switch (word.verdict) {
    case 'breached':
    case 'failed':
      return { verdict: word.verdict, criterion: 'error_rate > 1', reason: 'error_rate > 1', evidence };
    case 'no_data':
      return { verdict: 'no_data', reason: 'no data', evidence, state: watchState(nowMs) };
    case 'tripped':
      return { verdict: 'tripped', reason: 'an error burst', evidence, state: watchState(nowMs) };
  }
}

function canSay(word: WatcherWord, input: WatchInput): boolean {
  if (word.verdict === 'tripped') return input.circuit_break !== null;
  if (word.verdict === 'failed') return input.ends_at_ms !== null;
  return word.verdict === 'no_data' || input.rollback_triggers.length > 0;
}

function drifted(world: ModelWorld, input: WatchInput, nowMs: number): WatchResult | null {
  const { router, routerDown } = world.base;
  if (routerDown || input.weights === null || sameWeights(router.weights, input.weights)) return null;
  return {
    verdict: 'drift',
    router: structuredClone(router),
    evidence: emptyEvidence(nowMs),
    state: watchState(nowMs),
  };
}

function ended(word: WatcherWord | null, input: WatchInput, nowMs: number, unwatchedMs: number): WatchResult | null {
  if (input.ends_at_ms === null || nowMs < input.ends_at_ms) return null;
  const evidence = emptyEvidence(nowMs);
  const growMs = word?.verdict === 'gap' ? word.growMs : unwatchedMs;
  if (word?.verdict !== 'gap' && unwatchedMs <= input.settings.max_gap_ms) return { verdict: 'passed', evidence };
  return { verdict: 'gap', grow_ms: growMs, reason: 'nobody watched', evidence, state: watchState(nowMs) };
}

function nextMs(word: WatcherWord | null, input: WatchInput, nowMs: number, startedAtMs: number): number | null {
  const wordMs = word !== null && 'afterMs' in word && canSay(word, input) ? startedAtMs + word.afterMs : null;
  if (input.ends_at_ms === null) return wordMs;
  return Math.min(nowMs + TICK_MS, input.ends_at_ms, wordMs ?? Number.POSITIVE_INFINITY);
}
