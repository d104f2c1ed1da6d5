import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fence, RouterState } from '../../src/adapters/types.ts';
import { burstOf } from '../../src/decision/circuit.ts';
import { canStillCover, coverageAt, growthMs, madeUp, type Span, type Watched } from '../../src/decision/coverage.ts';
import { judgeCriterion } from '../../src/decision/criterion.ts';
import { canStillBeMet, MOST_GROWTH } from '../../src/decision/salvage.ts';
import { countBreaches } from '../../src/decision/triggers.ts';
import type { Baseline, Judgement, MetricCriterion, Observed } from '../../src/decision/types.ts';
import { verdictOf } from '../../src/decision/verdict.ts';
import { advance, initialState, type TickFacts, type WindowRules } from '../../src/decision/window.ts';
import { decideWrite } from '../../src/local/fence.ts';
import { createShares } from '../../src/local/shares.ts';
import { colourOfKey } from '../../src/local/sticky.ts';
import { parseCriterion, printCriterion } from '../../src/plan/criteria.ts';
import { formatDuration, parseDuration } from '../../src/plan/duration.ts';
import type { Comparison, Expression } from '../../src/plan/types.ts';
import { digestOf, namesDigest } from '../../src/workflows/digest.ts';
import type { Run } from '../../src/workflows/run.ts';
import { checkProperty } from '../support/model/check-property.ts';

const comparison = fc.constantFrom<Comparison>('<', '<=', '>', '>=');
const limit = fc.double({ min: 0.001, max: 99.999, noNaN: true });
const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ kind: fc.constant('constant'), value: limit }),
  fc.record({
    kind: fc.constant('baseline'),
    adjust: fc.constantFrom('add', 'subtract', 'multiply', 'add_percent'),
    value: limit,
  }),
  fc.constant<Expression>({ kind: 'baseline', adjust: 'none', value: 0 }),
);
const criterion: fc.Arbitrary<MetricCriterion> = fc.record({
  kind: fc.constant('metric'),
  source: fc.constant('error_rate'),
  metric: fc.constantFrom('error_rate', 'p99_latency', 'orders'),
  op: comparison,
  expr: expression,
});
const baseline: fc.Arbitrary<Baseline> = fc.record({
  kind: fc.constant('value'),
  value: fc.double({ min: 0, max: 1e6, noNaN: true }),
  source: fc.constantFrom('concurrent', 'frozen'),
});
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const enough = (value: number): Observed => ({ kind: 'value', value, observations: 100 });

describe('a criterion', () => {
  it('never passes a worse value where a better one fails', () => {
    checkProperty(
      fc.property(criterion, baseline, number, number, (of, base, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const [better, worse] = of.op.startsWith('<') ? [low, high] : [high, low];
        const passes = (value: number) => judgeCriterion(of, 'success', enough(value), base, 20).state === 'ok';
        expect(passes(worse) && !passes(better)).toBe(false);
      }),
    );
  });

  it('is fired as a trigger by exactly the values that meet it as a success criterion', () => {
    checkProperty(
      fc.property(criterion, baseline, number, (of, base, value) => {
        const success = judgeCriterion(of, 'success', enough(value), base, 20).state;
        const trigger = judgeCriterion(of, 'trigger', enough(value), base, 20).state;
        expect(trigger).toBe(success === 'ok' ? 'breached' : 'ok');
      }),
    );
  });

  it('neither passes nor fails on what is no number, on too few requests, or without its baseline', () => {
    const nothing: fc.Arbitrary<Observed> = fc.oneof(
      fc.record({
        kind: fc.constant('value'),
        value: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        observations: fc.nat(1_000),
      }),
      fc.record({ kind: fc.constant('value'), value: number, observations: fc.nat(19) }),
      fc.record({ kind: fc.constant('no_data'), reason: fc.string(), observations: fc.nat(1_000) }),
    );
    checkProperty(
      fc.property(criterion, nothing, baseline, fc.constantFrom('success', 'trigger'), (of, sample, base, kind) => {
        expect(judgeCriterion(of, kind, sample, base, 20).state).toBe('no_data');
      }),
    );
    checkProperty(
      fc.property(criterion, number, fc.constantFrom('success', 'trigger'), (of, value, kind) => {
        const { state } = judgeCriterion(of, kind, enough(value), null, 20);
        if (of.expr.kind === 'baseline') expect(state).toBe('no_data');
      }),
    );
  });

  it('reads back what it prints', () => {
    checkProperty(
      fc.property(criterion, (of) => {
        const printed = printCriterion(of);
        const again = parseCriterion(printed);
        if (again.kind === 'problem') expect(again.message).toMatch(/always true|never be true/);
        else expect({ ...again, source: '' }).toEqual({ ...of, source: '' });
      }),
    );
  });

  it('answers every text, and never throws', () => {
    checkProperty(
      fc.property(fc.string(), (text) => {
        expect(['metric', 'check', 'problem']).toContain(parseCriterion(text).kind);
      }),
    );
  });
});

describe('a duration', () => {
  it('reads back what it prints', () => {
    checkProperty(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('a trigger', () => {
  it('counts the breaches in a row, and a tick without data neither counts nor resets', () => {
    const states = fc.array(fc.constantFrom<Judgement['state']>('ok', 'breached', 'no_data'));
    checkProperty(
      fc.property(states, (ticks) => {
        const known = ticks.filter((state) => state !== 'no_data');
        const sinceOk = known.length - 1 - known.lastIndexOf('ok');
        expect(ticks.reduce(countBreaches, 0)).toBe(sinceOk);
      }),
    );
  });

  it('is no burst below the limit, on few requests, or on what is no number', () => {
    const value = fc.oneof(number, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY));
    checkProperty(
      fc.property(value, fc.nat(10), limit, (of, observations, at) => {
        const isBurst = burstOf({ kind: 'value', value: of, observations }, at) !== null;
        expect(isBurst).toBe(observations >= 5 && of >= at);
      }),
    );
  });
});

describe('giving up early', () => {
  it('is sound: no continuation at up to three times the rate could still have passed', () => {
    const world = fc.record({
      metric: fc.constantFrom('http_success_rate', 'availability', 'error_rate', 'p99_latency'),
      op: comparison,
      limit: fc.double({ min: 0, max: 100, noNaN: true }),
      good: fc.nat(500),
      bad: fc.nat(500),
      elapsed_ms: fc.integer({ min: 1, max: 600_000 }),
      remaining_ms: fc.nat(600_000),
      more: fc.double({ min: 0, max: 1, noNaN: true }),
      moreBad: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    checkProperty(
      fc.property(world, ({ good, bad, more, moreBad, ...of }) => {
        const observations = good + bad;
        fc.pre(observations > 0);
        const isBadShare = of.metric === 'error_rate';
        const percent = (badOnes: number, all: number) => (100 * (isBadShare ? badOnes : all - badOnes)) / all;
        const further = more * ((MOST_GROWTH * observations * of.remaining_ms) / of.elapsed_ms);
        // Only a limit that good requests help to reach can be out of their reach.
        fc.pre(of.metric === 'p99_latency' || isBadShare === of.op.startsWith('<'));
        const value = percent(bad, observations);
        if (canStillBeMet({ ...of, value, observations })) return;
        const end = percent(bad + moreBad * further, observations + further);
        const passes = {
          '<': end < of.limit - 1e-6,
          '<=': end <= of.limit - 1e-6,
          '>': end > of.limit + 1e-6,
          '>=': end >= of.limit + 1e-6,
        };
        expect(passes[of.op]).toBe(false);
      }),
    );
  });
});

const span: fc.Arbitrary<Span> = fc.record({
  started_at_ms: fc.constant(1_000_000),
  ends_at_ms: fc.integer({ min: 1_000_001, max: 1_300_000 }),
  resolution_ms: fc.constantFrom(250, 1_000, 3_000),
});
const watched = (of: Span, lastMs: number, judged: number, gapMs: number): Watched => ({
  last_tick_ms: of.started_at_ms + lastMs,
  judged,
  longest_gap_ms: gapMs,
});

describe('coverage', () => {
  const facts = [span, fc.nat(300_000), fc.nat(400), fc.nat(60_000), fc.nat(400_000)] as const;

  it('stays between 0 and 100 percent, and never falls when a tick more is judged', () => {
    checkProperty(
      fc.property(...facts, (of, lastMs, judged, gapMs, atMs) => {
        const at = of.started_at_ms + atMs;
        const now = coverageAt(of, watched(of, lastMs, judged, gapMs), at);
        const more = coverageAt(of, watched(of, lastMs, judged + 1, gapMs), at);
        expect(now.percent).toBeGreaterThanOrEqual(0);
        expect(now.percent).toBeLessThanOrEqual(100);
        expect(more.percent).toBeGreaterThanOrEqual(now.percent);
        expect(now.longest_gap_ms).toBeGreaterThanOrEqual(gapMs);
      }),
    );
  });

  it('can be reached again once the window has grown by what is missing', () => {
    checkProperty(
      fc.property(...facts, (of, lastMs, judged, gapMs, atMs) => {
        const at = Math.min(of.started_at_ms + atMs, of.ends_at_ms ?? 0);
        const state = watched(of, lastMs, judged, gapMs);
        const growMs = growthMs(of, state, at);
        const grown = { ...of, ends_at_ms: (of.ends_at_ms ?? 0) + growMs };
        expect(growMs).toBeGreaterThanOrEqual(of.resolution_ms);
        expect(canStillCover(grown, madeUp(state, growMs, at), at, 100)).toBe(true);
      }),
    );
  });
});

const quietly: Judgement = {
  state: 'ok',
  quiet: false,
  value: 1,
  limit: 2,
  baseline: null,
  observations: 50,
  note: null,
};
const judgement = (state: Judgement['state'], quiet: boolean): Judgement => ({ ...quietly, state, quiet });
const anyJudgement = fc.record({
  state: fc.constantFrom<Judgement['state']>('ok', 'breached', 'no_data'),
  quiet: fc.boolean(),
});
const anyFacts: fc.Arbitrary<TickFacts> = fc
  .record({
    at_ms: fc.integer({ min: 1_000_000, max: 1_080_000 }),
    resumed: fc.boolean(),
    unreadable: fc.constantFrom(null, 'no answer'),
    trigger: anyJudgement,
    metric: anyJudgement,
    salvageable: fc.boolean(),
    seen: fc.constantFrom(true, false, null),
    tripped: fc.boolean(),
    drifted: fc.boolean(),
  })
  .map(({ trigger, metric, salvageable, seen, tripped, ...facts }) => ({
    ...facts,
    triggers: [{ source: 'error_rate > 1', judgement: judgement(trigger.state, trigger.quiet) }],
    metrics: [{ source: 'p99_latency < 9', judgement: judgement(metric.state, metric.quiet), salvageable }],
    checks: [{ source: 'ready', seen, note: null }],
    ...(tripped && { tripped: 'a burst' }),
  }));
const RULES: WindowRules = {
  started_at_ms: 1_000_000,
  ends_at_ms: 1_060_000,
  resolution_ms: 1_000,
  on_no_data: 'hold',
  no_data_limit_ms: 30_000,
  coverage_percent: 95,
  max_gap_ms: 10_000,
  consecutive: 2,
  settle_ms: 5_000,
};

describe('a verdict', () => {
  it('is passed only at the end, covered, with every criterion met, nothing missing, nothing burst and nothing moved', () => {
    checkProperty(
      fc.property(fc.array(anyFacts, { minLength: 1, maxLength: 8 }), fc.boolean(), (ticks, isGuard) => {
        const rules = isGuard ? { ...RULES, ends_at_ms: null } : RULES;
        let state = { ...initialState(rules), judged: 55, last_tick_ms: 1_055_000 };
        for (const facts of ticks) {
          state = advance(rules, state, facts);
          if (verdictOf(rules, state, facts)?.verdict !== 'passed') continue;
          expect(isGuard).toBe(false);
          expect(facts.at_ms).toBeGreaterThanOrEqual(1_060_000);
          expect(coverageAt(rules, state, facts.at_ms).percent).toBeGreaterThanOrEqual(95);
          expect(facts).toMatchObject({
            unreadable: null,
            drifted: false,
            checks: [{ seen: true }],
            metrics: [{ judgement: { state: 'ok' } }],
          });
          expect(facts.tripped).toBeUndefined();
          expect(facts.triggers[0]?.judgement.state).not.toBe('no_data');
        }
      }),
    );
  });

  it('goes back before it asks for anything that going back does not need', () => {
    checkProperty(
      fc.property(anyFacts, (facts) => {
        const before = { ...initialState(RULES), breaches: { 'error_rate > 1': 1 } };
        const verdict = verdictOf(RULES, advance(RULES, before, facts), facts)?.verdict;
        if (facts.tripped !== undefined) expect(verdict).toBe('tripped');
        else if (facts.triggers[0]?.judgement.state === 'breached') expect(verdict).toBe('breached');
        else if (facts.metrics[0]?.salvageable === false) expect(verdict).toBe('failed');
        else if (facts.drifted === true) expect(verdict).toBe('drift');
      }),
    );
  });
});

const fence: fc.Arbitrary<Fence> = fc.record({
  run: fc.constantFrom('a', 'b'),
  epoch: fc.integer({ min: 1, max: 3 }),
  step: fc.nat(4),
});

describe('the fence', () => {
  it('rises strictly with every write that is accepted, one run owns an epoch, and what is refused changes nothing', () => {
    const offers = fc.array(fc.record({ fence, isFresh: fc.boolean() }), { maxLength: 30 });
    checkProperty(
      fc.property(offers, (offered) => {
        let stored: RouterState = {
          weights: { blue: 100, green: 0 },
          revision: '0',
          fence: null,
          fenced_revision: null,
          before: null,
        };
        const owners = new Map<number, string>();
        for (const [index, { fence: by, isFresh }] of offered.entries()) {
          const decision = decideWrite(stored, {
            weights: { blue: 0, green: 100 },
            fence: by,
            expectedRevision: isFresh ? stored.revision : 'stale',
            newRevision: String(index + 1),
          });
          if (decision.kind !== 'write') continue;
          const { epoch = 0, step = 0 } = stored.fence ?? {};
          expect(isFresh).toBe(true);
          expect(by.epoch > epoch || (by.epoch === epoch && by.step > step)).toBe(true);
          expect(owners.get(by.epoch) ?? by.run).toBe(by.run);
          owners.set(by.epoch, by.run);
          stored = decision.next;
        }
      }),
    );
  });

  it('answers an attempt that is made again with `already`, whatever revision it expects', () => {
    checkProperty(
      fc.property(fence, fc.string(), (by, expectedRevision) => {
        const stored: RouterState = {
          weights: { blue: 1, green: 99 },
          revision: 'r',
          fence: by,
          fenced_revision: 'r',
          before: null,
        };
        const offer = { weights: { blue: 0, green: 100 }, fence: by, expectedRevision, newRevision: 'n' };
        expect(decideWrite(stored, offer)).toEqual({ kind: 'already' });
      }),
    );
  });
});

describe('shares', () => {
  const share = fc.integer({ min: 0, max: 100_000 }).map((units) => units / 1_000);

  it('never give the smaller colour more than its share, nor the whole less than a request below it', () => {
    checkProperty(
      fc.property(share, fc.integer({ min: 1, max: 2_000 }), (green, requests) => {
        const minor = green < 50 ? 'green' : 'blue';
        const next = createShares({ blue: 100 - green, green });
        let seen = 0;
        for (let index = 0; index < requests; index += 1) if (next() === minor) seen += 1;
        const fair = (Math.min(green, 100 - green) / 100) * requests;
        expect(seen).toBeLessThanOrEqual(fair + 1e-6);
        expect(seen).toBeGreaterThan(fair - 1 - 1e-6);
      }),
    );
  });

  it('keep a sticky client on its colour while that colour only gains', () => {
    checkProperty(
      fc.property(share, share, fc.nat(99_999), (one, other, key) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        if (colourOfKey(key, { blue: 100 - less, green: less }) !== 'green') return;
        expect(colourOfKey(key, { blue: 100 - more, green: more })).toBe('green');
      }),
    );
  });
});

describe('a digest', () => {
  it('is the same for the same version, plan and evidence, and another one when any of them differs', () => {
    const evidence = fc.record({ version: fc.string(), windowMs: fc.nat(), value: fc.nat(), note: fc.string() });
    const of = ({
      version,
      windowMs,
      value,
      note,
    }: {
      version: string;
      windowMs: number;
      value: number;
      note: string;
    }) =>
      digestOf({
        plan: { version, keep_failed_ms: windowMs },
        parity: null,
        baselines: { p99_latency: { value, observations: 1, at: '' } },
        phases: { warmup: { name: 'warmup', state: 'passed', evidence: null, note } },
      } as unknown as Run);
    checkProperty(
      fc.property(evidence, evidence, (one, other) => {
        expect(of(structuredClone(one))).toBe(of(one));
        expect(of(one) === of(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('is named by any long enough beginning of it, and by no other text', () => {
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
    checkProperty(
      fc.property(hex, fc.integer({ min: 0, max: 64 }), fc.boolean(), (digits, length, hasScheme) => {
        const text = (hasScheme ? 'sha256:' : '') + digits.slice(0, length);
        expect(namesDigest(text, `sha256:${digits}`)).toBe(length >= 8);
      }),
    );
  });
});
