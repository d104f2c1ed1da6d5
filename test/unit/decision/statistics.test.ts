import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdingSince, isSettled } from '../../../src/decision/checks.ts';
import { alignedIncreases, counterIncrease, pageIncreases } from '../../../src/decision/counters.ts';
import { type Bucket, histogramQuantile } from '../../../src/decision/histogram.ts';
import { canStillBeMet, MOST_GROWTH } from '../../../src/decision/salvage.ts';
import { countBreaches, triggerSpans } from '../../../src/decision/triggers.ts';

const INF = Number.POSITIVE_INFINITY;
const buckets = (...pairs: [number, number][]): Bucket[] => pairs.map(([le, count]) => ({ le, count }));

describe('a histogram quantile', () => {
  // The expected values are those of Prometheus' histogram_quantile for the same buckets.
  it.each<[number, Bucket[], number | null]>([
    [0.5, buckets([1, 10], [2, 10], [INF, 0]), 1],
    [0.75, buckets([1, 10], [2, 10], [INF, 0]), 1.5],
    [0.25, buckets([1, 10], [2, 10], [INF, 0]), 0.5],
    [0.99, buckets([1, 0], [2, 0], [INF, 5]), 2],
    [0.9, buckets([0.1, 50], [0.2, 30], [0.5, 20], [INF, 0]), 0.35],
    [1, buckets([0.1, 50], [0.2, 30], [0.5, 20], [INF, 0]), 0.5],
    [0.5, buckets([-1, 10], [1, 0], [INF, 0]), -1],
    [0.5, buckets([1, 0], [INF, 0]), null],
    [0.5, buckets([1, 5], [2, 5]), null],
    [0.5, buckets([INF, 5]), null],
    [0.5, [], null],
    [1.5, buckets([1, 5], [INF, 0]), null],
  ])('%d of %j is %s', (q, of, expected) => {
    const found = histogramQuantile(q, of);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 10);
  });

  it('rises with q and stays within the bounds', () => {
    const counts = fc
      .array(fc.nat(50), { minLength: 3, maxLength: 20 })
      .filter((all) => all.some((count) => count > 0));
    fc.assert(
      fc.property(
        counts,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, a, b) => {
          const of = all.map((count, index) => ({ le: index === all.length - 1 ? INF : index + 1, count }));
          const [low, high] = [histogramQuantile(Math.min(a, b), of) ?? 0, histogramQuantile(Math.max(a, b), of) ?? 0];
          expect(low).toBeLessThanOrEqual(high + 1e-9);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(all.length - 1);
        },
      ),
    );
  });
});

describe('a counter', () => {
  it('that went down was restarted, and counts from 0', () => {
    expect([counterIncrease(5, 9), counterIncrease(5, 5), counterIncrease(5, 3)]).toEqual([4, 0, 3]);
  });

  it('restarts with all others of its page, also when it has outgrown its old value', () => {
    const before = new Map([
      ['a', 100],
      ['b', 5],
    ]);
    const after = new Map([
      ['a', 40],
      ['b', 9],
    ]);
    expect([...pageIncreases(before, after)]).toEqual([
      ['a', 40],
      ['b', 9],
    ]);
  });

  it('that is gone means a restart, and one that is new began at 0', () => {
    expect([
      ...pageIncreases(
        new Map([
          ['a', 5],
          ['b', 7],
        ]),
        new Map([['a', 6]]),
      ),
    ]).toEqual([['a', 6]]);
    expect([
      ...pageIncreases(
        new Map([['a', 5]]),
        new Map([
          ['a', 6],
          ['b', 2],
        ]),
      ),
    ]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('in a row of others is told apart by its place, and restarts with them', () => {
    const increases = (before: number[], after: number[]) => [
      ...alignedIncreases(Float64Array.from(before), Float64Array.from(after)),
    ];
    expect(increases([5, 7], [6, 9])).toEqual([1, 2]);
    expect(increases([5, 7], [6, 3])).toEqual([6, 3]);
    expect(increases([5], [6, 3])).toEqual([1, 3]);
  });

  it('adds up to what was really counted when every restart is seen', () => {
    const steps = fc.array(fc.record({ add: fc.integer({ min: 1, max: 100 }), restart: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (all) => {
        let [shown, counted, summed, last] = [
          0,
          0,
          0,
          new Map([
            ['a', 0],
            ['b', 1_000_000],
          ]),
        ];
        let other = 1_000_000;
        for (const { add, restart } of all) {
          // A second counter of the page shows the restart when the first has outgrown its old value already.
          other += 1;
          if (restart && other > 1) [shown, other] = [0, 0];
          shown += add;
          counted += add;
          const page = new Map([
            ['a', shown],
            ['b', other],
          ]);
          summed += pageIncreases(last, page).get('a') ?? 0;
          last = page;
        }
        expect(summed).toBe(counted);
      }),
    );
  });
});

describe('two readings of the same counters', () => {
  it('increase alike, whether they are told by name or by place', () => {
    const values = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, (pairs) => {
        const named = (place: 0 | 1) => new Map(pairs.map((pair, index) => [String(index), pair[place]]));
        const placed = (place: 0 | 1) => Float64Array.from(pairs, (pair) => pair[place]);
        expect([...alignedIncreases(placed(0), placed(1))]).toEqual([...pageIncreases(named(0), named(1)).values()]);
      }),
    );
  });
});

describe('a trigger', () => {
  it.each([
    [['breached', 'breached'], 2],
    [['breached', 'ok', 'breached'], 1],
    [['breached', 'no_data', 'breached'], 2],
    [['no_data', 'no_data'], 0],
    [['breached', 'no_data', 'ok'], 0],
  ] as const)('after %j counts %d', (states, count) => {
    expect(states.reduce((before, state) => countBreaches(before, state), 0)).toBe(count);
  });

  it('is judged over its window, then over longer ones, none from before the phase', () => {
    expect(triggerSpans(100_000, 0, 10_000).map(({ from_ms }) => from_ms)).toEqual([90_000, 80_000, 60_000, 40_000]);
    expect(triggerSpans(25_000, 0, 10_000).map(({ from_ms }) => from_ms)).toEqual([15_000, 5_000, 0]);
    expect(triggerSpans(3_000, 0, 10_000)).toEqual([{ from_ms: 0, to_ms: 3_000 }]);
  });
});

describe('a success criterion', () => {
  const soFar = {
    metric: 'http_success_rate',
    op: '>',
    limit: 99.5,
    observations: 1_000,
    elapsed_ms: 10_000,
    remaining_ms: 90_000,
  } as const;

  it.each([
    [{ ...soFar, value: 99.9 }, true],
    [{ ...soFar, value: 90 }, true],
    [{ ...soFar, value: 80 }, false],
    [{ ...soFar, value: 80, observations: 0 }, true],
    [{ ...soFar, value: 80, elapsed_ms: 0 }, true],
    [{ ...soFar, value: 90, remaining_ms: 1_000 }, false],
    [{ ...soFar, metric: 'error_rate', op: '<', limit: 0.5, value: 20 } as const, false],
    [{ ...soFar, metric: 'error_rate', op: '<', limit: 0.5, value: 10 } as const, true],
    [{ ...soFar, metric: 'p99_latency', op: '<', limit: 50, value: 900, remaining_ms: 1 } as const, true],
    [{ ...soFar, metric: 'constructor', value: 0 }, true],
  ])('%j can still be met: %s', (of, can) => {
    expect(canStillBeMet(of)).toBe(can);
  });

  it('is never given up when good requests at up to three times the rate would have saved it', () => {
    fc.assert(
      fc.property(
        fc.record({ good: fc.nat(10_000), bad: fc.integer({ min: 1, max: 1_000 }) }),
        fc.record({ elapsed: fc.integer({ min: 1, max: 1_000 }), remaining: fc.nat(1_000) }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 1, max: 99.99, noNaN: true }),
        ({ good, bad }, { elapsed, remaining }, part, limit) => {
          const all = good + bad;
          const further = MOST_GROWTH * part * all * (remaining / elapsed);
          const end = (100 * (good + further)) / (all + further);
          const of = {
            metric: 'http_success_rate',
            op: '>',
            limit,
            value: (100 * good) / all,
            observations: all,
          } as const;
          if (end > limit + 1e-6)
            expect(canStillBeMet({ ...of, elapsed_ms: elapsed, remaining_ms: remaining })).toBe(true);
        },
      ),
    );
  });
});

describe('a named check', () => {
  it('holds from the first tick it was seen to, through ticks that could not read it', () => {
    let since: number | undefined;
    for (const [at, seen] of [
      [1, false],
      [2, true],
      [3, null],
      [4, true],
    ] as const)
      since = holdingSince(since, seen, at);
    expect(since).toBe(2);
    expect([isSettled(since, 6, 5), isSettled(since, 7, 5), isSettled(undefined, 7, 0)]).toEqual([false, true, false]);
    expect(holdingSince(since, false, 8)).toBeUndefined();
  });
});
