/** Debounce of rollback triggers, and the spans that a trigger is judged over. */
import type { Judgement } from './types.ts';

/** How far a window may be lengthened backwards, as a multiple of itself, until it holds enough requests. */
export const LENGTHENED = [2, 4, 6] as const;

/**
 * Breaches in a row after one more tick. A tick without data says nothing: it neither counts nor resets, so that two
 * breaches with a hole between them still fire.
 */
export function countBreaches(before: number, state: Judgement['state']): number {
  switch (state) {
    case 'breached':
      return before + 1;
    case 'ok':
      return 0;
    case 'no_data':
      return before;
  }
}

/**
 * The spans to judge a trigger over at `atMs`, shortest first: the plan's window, and for services so quiet that the
 * window holds fewer than `min_observations` requests, longer ones. None starts before the phase did, so requests of
 * an earlier share never count. Spans that come out alike are named once.
 */
export function triggerSpans(
  atMs: number,
  startedAtMs: number,
  windowMs: number,
): { from_ms: number; to_ms: number }[] {
  const starts = [1, ...LENGTHENED].map((times) => Math.max(startedAtMs, atMs - times * windowMs));
  return [...new Set(starts)].map((from_ms) => ({ from_ms, to_ms: atMs }));
}
