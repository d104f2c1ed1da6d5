/**
 * How much of a window was really watched. Ticks lie at `started_at_ms + n × resolution_ms`; the last one is the
 * window's end. Everything is counted from absolute instants, so a restart, a frozen process or a jump of the clock
 * shows as ticks that are missing, never as ticks that were judged.
 */
export interface Span {
  started_at_ms: number;
  /** Null: no end. */
  ends_at_ms: number | null;
  resolution_ms: number;
}

export interface Watched {
  /** The last judged tick; the window's start when there is none. */
  last_tick_ms: number;
  judged: number;
  longest_gap_ms: number;
  made_up_ms?: number;
}

export interface CoverageFigures {
  judged: number;
  expected: number;
  percent: number;
  longest_gap_ms: number;
}

/** Which tick an instant belongs to; the window's end closes a last, shorter tick. */
export function tickIndex(span: Span, atMs: number): number {
  const index = Math.floor((atMs - span.started_at_ms) / span.resolution_ms);
  if (span.ends_at_ms === null || atMs < span.ends_at_ms) return Math.max(0, index);
  return Math.max(0, index, Math.ceil((span.ends_at_ms - span.started_at_ms) / span.resolution_ms));
}

/** When the next tick after `atMs` is due: the next multiple of the resolution, or the window's end before it. */
export function nextTick(span: Span, atMs: number): number {
  const index = Math.floor((atMs - span.started_at_ms) / span.resolution_ms) + 1;
  const due = span.started_at_ms + Math.max(1, index) * span.resolution_ms;
  return span.ends_at_ms !== null && atMs < span.ends_at_ms ? Math.min(due, span.ends_at_ms) : due;
}

/** Counts one judged tick. A tick that was judged before (the clock went back) is not counted again. */
export function countTick(
  span: Span,
  watched: Watched,
  atMs: number,
): Pick<Watched, 'last_tick_ms' | 'judged' | 'longest_gap_ms'> {
  const isNew = tickIndex(span, atMs) > tickIndex(span, watched.last_tick_ms);
  return {
    last_tick_ms: Math.max(watched.last_tick_ms, atMs),
    judged: watched.judged + (isNew ? 1 : 0),
    longest_gap_ms: Math.max(watched.longest_gap_ms, atMs - watched.last_tick_ms),
  };
}

/** Coverage up to `atMs`; the time since the last judged tick counts as a gap, made up time does not count at all. */
export function coverageAt(span: Span, watched: Watched, atMs: number): CoverageFigures {
  const madeUp = Math.round((watched.made_up_ms ?? 0) / span.resolution_ms);
  const expected = Math.max(0, tickIndex(span, atMs) - madeUp);
  const judged = Math.min(watched.judged, expected);
  return {
    judged,
    expected,
    percent: expected === 0 ? 100 : (100 * judged) / expected,
    longest_gap_ms: Math.max(watched.longest_gap_ms, atMs - watched.last_tick_ms, 0),
  };
}

/** Whether every tick from `atMs` to the end being judged would still reach `coveragePercent`. */
export function canStillCover(span: Span, watched: Watched, atMs: number, coveragePercent: number): boolean {
  if (span.ends_at_ms === null) return true;
  const now = coverageAt(span, watched, atMs);
  const end = coverageAt(span, watched, Math.max(atMs, span.ends_at_ms));
  return end.expected === 0 || 100 * (now.judged + end.expected - now.expected) >= coveragePercent * end.expected;
}

/**
 * What the window must grow by: all its unwatched time up to `atMs`, in whole ticks. After it the same number of ticks
 * has to be judged as the plan asked for; what was made up is not asked for twice.
 */
export function growthMs(span: Span, watched: Watched, atMs: number): number {
  const { judged, expected } = coverageAt(span, watched, atMs);
  return Math.max(1, expected - judged) * span.resolution_ms;
}

/** The state that a grown window goes on from. */
export function madeUp<T extends Watched>(watched: T, growMs: number, atMs: number): T {
  return {
    ...watched,
    made_up_ms: (watched.made_up_ms ?? 0) + growMs,
    longest_gap_ms: 0,
    last_tick_ms: Math.max(watched.last_tick_ms, atMs),
  };
}
