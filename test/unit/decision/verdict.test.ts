import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Judgement } from '../../../src/decision/types.ts';
import { type Verdict, verdictOf } from '../../../src/decision/verdict.ts';
import {
  advance,
  initialState,
  type TickFacts,
  type WindowRules,
  type WindowState,
} from '../../../src/decision/window.ts';

const RULES: WindowRules = {
  started_at_ms: 0,
  ends_at_ms: 30_000,
  resolution_ms: 1_000,
  on_no_data: 'hold',
  no_data_limit_ms: 20_000,
  coverage_percent: 95,
  max_gap_ms: 10_000,
  consecutive: 2,
  settle_ms: 5_000,
};

function judgement(state: Judgement['state'], quiet = false): Judgement {
  return {
    state,
    quiet,
    value: state === 'no_data' ? null : 1,
    limit: 1,
    baseline: null,
    observations: 50,
    note: null,
  };
}

function tick(at_ms: number, over: Partial<TickFacts> & { trigger?: Judgement; success?: Judgement } = {}): TickFacts {
  const { trigger = judgement('ok'), success, ...rest } = over;
  return {
    at_ms,
    resumed: false,
    unreadable: null,
    triggers: [{ source: 'error_rate > 0.5', judgement: trigger }],
    metrics: success === undefined ? [] : [{ source: 'availability > 99', judgement: success, salvageable: true }],
    checks: [],
    ...rest,
  };
}

/** Runs the ticks until there is a verdict. */
function run(
  rules: WindowRules,
  ticks: TickFacts[],
  from: WindowState = initialState(rules),
): { verdict: Verdict | null; at: number } {
  let state = from;
  for (const facts of ticks) {
    state = advance(rules, state, facts);
    const verdict = verdictOf(rules, state, facts);
    if (verdict !== null) return { verdict, at: facts.at_ms };
  }
  return { verdict: null, at: Number.NaN };
}

const every = (make: (at: number) => TickFacts, count = 60) =>
  Array.from({ length: count }, (_, index) => make((index + 1) * 1_000));

describe('a verdict', () => {
  it.each<[string, WindowRules, TickFacts[], string | undefined, number]>([
    ['passed at the end', RULES, every((at) => tick(at)), 'passed', 30_000],
    [
      'breached after two in a row',
      RULES,
      every((at) => tick(at, { trigger: judgement(at >= 5_000 ? 'breached' : 'ok') })),
      'breached',
      6_000,
    ],
    [
      'breached at once when one is enough',
      { ...RULES, consecutive: 1 },
      every((at) => tick(at, { trigger: judgement('breached') })),
      'breached',
      1_000,
    ],
    [
      'breached through a hole without data',
      RULES,
      every((at) => tick(at, { trigger: judgement(at === 4_000 || at > 6_000 ? 'breached' : 'no_data', true) })),
      'breached',
      7_000,
    ],
    ['no data at its limit', RULES, every((at) => tick(at, { trigger: judgement('no_data') })), 'no_data', 21_000],
    [
      'no data of a guard',
      { ...RULES, ends_at_ms: null },
      every((at) => tick(at, { trigger: judgement('no_data', true) })),
      'no_data',
      21_000,
    ],
    [
      'passed, when no data is ignored',
      { ...RULES, on_no_data: 'ignore' },
      every((at) => tick(at, { trigger: judgement('no_data') })),
      'passed',
      30_000,
    ],
    ['failed at the end', RULES, every((at) => tick(at, { success: judgement('breached') })), 'failed', 30_000],
    [
      'failed at once when it cannot be saved',
      RULES,
      every((at) => tick(at, { metrics: [{ source: 'x', judgement: judgement('breached'), salvageable: false }] })),
      'failed',
      1_000,
    ],
    [
      'no data past the end, without requests for a success criterion',
      RULES,
      every((at) => tick(at, { success: judgement('no_data', true) })),
      'no_data',
      50_000,
    ],
    [
      'passed past the end, once the requests are there',
      RULES,
      every((at) => tick(at, { success: at < 41_000 ? judgement('no_data', true) : judgement('ok') })),
      'passed',
      41_000,
    ],
    [
      'a gap when the ends of two ticks are too far apart',
      RULES,
      every((at) => tick(at + (at > 5_000 ? 11_000 : 0))),
      'gap',
      17_000,
    ],
    [
      'a gap at the end when too little was judged',
      RULES,
      every((at) => tick(at, { trigger: judgement(at % 5_000 === 0 && at < 30_000 ? 'no_data' : 'ok') })),
      'gap',
      30_000,
    ],
    [
      'none of a guard, however long nobody watched',
      { ...RULES, ends_at_ms: null },
      every((at) => tick(at * 60)),
      undefined,
      Number.NaN,
    ],
    [
      'failed when a check does not hold at the end',
      RULES,
      every((at) => tick(at, { checks: [{ source: 'c', seen: at < 29_500, note: null }] })),
      'failed',
      30_000,
    ],
    [
      'failed when a check has not settled',
      RULES,
      every((at) => tick(at, { checks: [{ source: 'c', seen: at > 26_000, note: null }] })),
      'failed',
      30_000,
    ],
    [
      'passed when it has',
      RULES,
      every((at) => tick(at, { checks: [{ source: 'c', seen: at > 24_000, note: null }] })),
      'passed',
      30_000,
    ],
    [
      'no data when a check cannot be read',
      RULES,
      every((at) => tick(at, { checks: [{ source: 'c', seen: null, note: 'hangs' }] })),
      'no_data',
      21_000,
    ],
  ])('%s', (_name, rules, ticks, expected, at) => {
    const { verdict, at: when } = run(rules, ticks);
    expect([verdict?.verdict, when]).toEqual([expected, at]);
  });

  it('of a coarse resolution is no gap by itself', () => {
    const rules = { ...RULES, resolution_ms: 15_000, ends_at_ms: 60_000 };
    const ticks = [15_000, 30_000, 45_000, 60_000].map((at) => tick(at));
    expect(run(rules, ticks).verdict?.verdict).toBe('passed');
  });
});

const anyState = fc.constantFrom<Judgement>(
  judgement('ok'),
  judgement('breached'),
  judgement('no_data'),
  judgement('no_data', true),
);
const anyTicks = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 6_000 }), trigger: anyState, success: anyState }), {
    minLength: 1,
    maxLength: 120,
  })
  .map((steps) => {
    let at = 0;
    return steps.map(({ step, trigger, success }) => {
      at += step;
      return tick(at, { trigger, success });
    });
  });

describe('over any run of ticks', () => {
  it('a window passes only at its end, covered, with every criterion met on the last tick', () => {
    fc.assert(
      fc.property(anyTicks, (ticks) => {
        const { verdict, at } = run(RULES, ticks);
        if (verdict?.verdict !== 'passed') return;
        const last = ticks.find((one) => one.at_ms === at);
        expect(at).toBeGreaterThanOrEqual(30_000);
        expect(last?.metrics[0]?.judgement.state).toBe('ok');
        expect(last?.triggers[0]?.judgement.state).not.toBe('no_data');
        const judged = ticks.filter((one) => one.at_ms <= at && isRead(one)).length;
        expect(judged).toBeGreaterThanOrEqual(Math.floor(0.95 * 30));
      }),
      { numRuns: 500 },
    );
  });

  it('a guard neither passes nor has a gap, and fires only on real breaches', () => {
    fc.assert(
      fc.property(anyTicks, (ticks) => {
        const { verdict, at } = run({ ...RULES, ends_at_ms: null }, ticks);
        expect(['breached', 'no_data', undefined]).toContain(verdict?.verdict);
        if (verdict?.verdict !== 'breached') return;
        const breaches = ticks.filter(
          (one) => one.at_ms <= at && one.triggers[0]?.judgement.state === 'breached',
        ).length;
        expect(breaches).toBeGreaterThanOrEqual(2);
      }),
    );
  });

  it('a state survives JSON, and the run goes on from it to the same verdict', () => {
    fc.assert(
      fc.property(anyTicks, fc.nat(119), (ticks, cut) => {
        const whole = run(RULES, ticks);
        const first = ticks.slice(0, cut);
        if (run(RULES, first).verdict !== null) return;
        const state = first.reduce((before, facts) => advance(RULES, before, facts), initialState(RULES));
        const resumed = run(RULES, ticks.slice(cut), JSON.parse(JSON.stringify(state)) as WindowState);
        expect(resumed).toEqual(whole);
      }),
    );
  });
});

function isRead(facts: TickFacts): boolean {
  return [...facts.triggers, ...facts.metrics].every(({ judgement: one }) => one.state !== 'no_data' || one.quiet);
}
