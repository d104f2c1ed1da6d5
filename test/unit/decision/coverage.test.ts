import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canStillCover,
  countTick,
  coverageAt,
  growthMs,
  madeUp,
  nextTick,
  type Span,
  tickIndex,
  type Watched,
} from '../../../src/decision/coverage.ts';

const SPAN: Span = { started_at_ms: 1_000_000, ends_at_ms: 1_030_000, resolution_ms: 1_000 };
const NEW: Watched = { last_tick_ms: SPAN.started_at_ms, judged: 0, longest_gap_ms: 0 };

/** Judges the ticks at these instants after the start. */
function judged(span: Span, instants: number[], from: Watched = NEW): Watched {
  let watched = from;
  for (const at of instants) watched = { ...watched, ...countTick(span, watched, span.started_at_ms + at) };
  return watched;
}

const seconds = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => (from + index) * 1_000);

describe('ticks', () => {
  it.each([
    [0, 1_000],
    [1, 1_000],
    [999, 1_000],
    [1_000, 2_000],
    [1_003, 2_000],
    [29_999, 30_000],
    [30_000, 31_000],
    [-5_000, 1_000],
  ])('after %d ms the next is at %d ms', (after, next) => {
    expect(nextTick(SPAN, SPAN.started_at_ms + after) - SPAN.started_at_ms).toBe(next);
  });

  it('the last one is the end, also between two multiples of the resolution', () => {
    const span = { ...SPAN, ends_at_ms: SPAN.started_at_ms + 2_400 };
    expect(nextTick(span, SPAN.started_at_ms + 2_000) - SPAN.started_at_ms).toBe(2_400);
    expect(tickIndex(span, SPAN.started_at_ms + 2_400)).toBe(3);
  });

  it('always lie ahead, and no further than the resolution once the window has begun', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 1, max: 5_000 }),
        fc.option(fc.nat(50_000)),
        (after, resolution_ms, length) => {
          const span = { started_at_ms: 5_000, ends_at_ms: length === null ? null : 5_000 + length, resolution_ms };
          const next = nextTick(span, 5_000 + after);
          expect(next).toBeGreaterThan(5_000 + after);
          expect(next - (5_000 + after)).toBeLessThanOrEqual(resolution_ms);
        },
      ),
    );
  });
});

describe('coverage', () => {
  it('of a window watched every second is whole', () => {
    expect(coverageAt(SPAN, judged(SPAN, seconds(1, 30)), SPAN.started_at_ms + 30_000)).toEqual({
      judged: 30,
      expected: 30,
      percent: 100,
      longest_gap_ms: 1_000,
    });
  });

  it('counts what was missed from instants, and the open gap up to now', () => {
    const watched = judged(SPAN, [...seconds(1, 10), ...seconds(15, 20)]);
    expect(coverageAt(SPAN, watched, SPAN.started_at_ms + 28_000)).toEqual({
      judged: 16,
      expected: 28,
      percent: (100 * 16) / 28,
      longest_gap_ms: 8_000,
    });
  });

  it('is 100 % of nothing before the first tick', () => {
    expect(coverageAt(SPAN, NEW, SPAN.started_at_ms + 500)).toMatchObject({ expected: 0, percent: 100 });
  });

  it('does not count a tick twice when the clock goes back', () => {
    expect(judged(SPAN, [...seconds(1, 10), ...seconds(5, 12)])).toMatchObject({ judged: 12, longest_gap_ms: 1_000 });
  });

  it('never has more judged than expected, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 60_000 }), { maxLength: 80 }), (instants) => {
        const watched = judged(SPAN, instants);
        const now = SPAN.started_at_ms + Math.max(0, ...instants);
        const { judged: count, expected, percent } = coverageAt(SPAN, watched, now);
        expect(count).toBeLessThanOrEqual(expected);
        expect(percent).toBeLessThanOrEqual(100);
        expect(watched.judged).toBeLessThanOrEqual(
          new Set(instants.map((at) => tickIndex(SPAN, SPAN.started_at_ms + at))).size,
        );
      }),
    );
  });

  it('can still be reached as long as the rest suffices', () => {
    const watched = judged(SPAN, seconds(1, 10));
    expect(canStillCover(SPAN, watched, SPAN.started_at_ms + 11_000, 95)).toBe(true);
    expect(canStillCover(SPAN, watched, SPAN.started_at_ms + 12_000, 95)).toBe(false);
    expect(canStillCover({ ...SPAN, ends_at_ms: null }, watched, SPAN.started_at_ms + 12_000, 95)).toBe(true);
  });
});

describe('a window that grows by its unwatched time', () => {
  it('has to be judged for as many ticks as the plan asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 29 }), fc.integer({ min: 1, max: 120 }), (before, away) => {
        const back = before + away;
        const hole = judged(SPAN, [...seconds(1, before), back * 1_000]);
        const at = SPAN.started_at_ms + back * 1_000;
        const growMs = growthMs(SPAN, hole, at);
        expect(growMs).toBeGreaterThanOrEqual((away - 1) * 1_000);
        const grown: Span = { ...SPAN, ends_at_ms: (SPAN.ends_at_ms ?? 0) + growMs };
        const rest = seconds(back + 1, ((grown.ends_at_ms ?? 0) - SPAN.started_at_ms) / 1_000);
        const end = judged(grown, rest, madeUp(hole, growMs, at));
        const coverage = coverageAt(grown, end, grown.ends_at_ms ?? 0);
        if (away > 1) expect(coverage).toMatchObject({ judged: 30, expected: 30, percent: 100 });
        expect(coverage.longest_gap_ms).toBeLessThanOrEqual(1_000);
        expect(rest.length).toBeGreaterThanOrEqual(30 - before - 1);
      }),
    );
  });
});
