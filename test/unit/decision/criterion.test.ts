import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineMetrics, chooseBaseline } from '../../../src/decision/baseline.ts';
import { compare, judgeCriterion, limitOf, metricDrop } from '../../../src/decision/criterion.ts';
import type { Baseline, MetricCriterion, Observed } from '../../../src/decision/types.ts';
import { parseCriterion } from '../../../src/plan/criteria.ts';
import type { Expression } from '../../../src/plan/types.ts';

function criterion(source: string): MetricCriterion {
  const parsed = parseCriterion(source);
  if (parsed.kind !== 'metric') throw new Error(source);
  return parsed;
}

const value = (of: number, observations = 100): Observed => ({ kind: 'value', value: of, observations });
const frozen = (of: number): Baseline => ({ kind: 'value', value: of, source: 'frozen' });

describe('a criterion', () => {
  it.each<[string, 'success' | 'trigger', Observed, Baseline | null, string, number | null]>([
    ['http_success_rate > 99.5', 'success', value(99.6), null, 'ok', 99.5],
    ['http_success_rate > 99.5', 'success', value(99.5), null, 'breached', 99.5],
    ['error_rate > 0.5', 'trigger', value(0.5), null, 'ok', 0.5],
    ['error_rate > 0.5', 'trigger', value(0.51), null, 'breached', 0.5],
    ['error_rate > 0.5', 'trigger', value(50, 19), null, 'no_data', 0.5],
    ['error_rate > 0.5', 'trigger', value(50, 20), null, 'breached', 0.5],
    ['error_rate > 0.5', 'trigger', value(Number.NaN), null, 'no_data', null],
    ['p99_latency < baseline + 10ms', 'success', value(60), frozen(55), 'ok', 65],
    ['p99_latency < baseline + 10ms', 'success', value(65), frozen(55), 'breached', 65],
    ['p99_latency > baseline + 20%', 'trigger', value(121), frozen(100), 'breached', 120],
    ['p99_latency < baseline * 2', 'success', value(199), frozen(100), 'ok', 200],
    ['p99_latency < baseline', 'success', value(60), null, 'no_data', null],
    ['business_metric_drop > 2', 'trigger', value(0.97), frozen(1), 'breached', 2],
    ['business_metric_drop > 2', 'trigger', value(0.99), frozen(1), 'ok', 2],
    ['business_metric_drop > 2', 'trigger', value(0.99), frozen(0), 'no_data', 2],
    ['business_metric_drop > 2', 'trigger', value(0.99), null, 'no_data', 2],
    ['business_metric_drop > 2', 'trigger', value(Number.MAX_VALUE), frozen(Number.MIN_VALUE), 'no_data', 2],
  ])('%s as %s', (source, kind, sample, baseline, state, limit) => {
    const judgement = judgeCriterion(criterion(source), kind, sample, baseline, 20);
    expect(judgement.state).toBe(state);
    if (!Number.isNaN((sample as { value: number }).value)) expect(judgement.limit ?? null).toBe(limit);
  });

  it('is quiet about too few requests, and about an active colour with too few', () => {
    expect(judgeCriterion(criterion('error_rate > 1'), 'trigger', value(5, 3), null, 20)).toMatchObject({
      quiet: true,
      value: 5,
      note: '3 of at least 20 requests',
    });
    const starved = chooseBaseline(value(50, 3), undefined, 20);
    expect(judgeCriterion(criterion('p99_latency > baseline'), 'trigger', value(50), starved, 20)).toMatchObject({
      state: 'no_data',
      quiet: true,
    });
  });

  it('does not take an unreadable source for a quiet one', () => {
    const unread: Observed = { kind: 'no_data', reason: 'no answer', observations: 0 };
    expect(judgeCriterion(criterion('error_rate > 1'), 'trigger', unread, null, 20)).toMatchObject({
      quiet: false,
      note: 'no answer',
    });
  });

  it('on a gauge needs one reading, however many requests the plan asks for', () => {
    const reading: Observed = { kind: 'value', value: 80, observations: 1, per: 'readings' };
    expect(judgeCriterion(criterion('cpu_utilization < 75'), 'success', reading, null, 20).state).toBe('breached');
  });

  it('as success and as trigger says the opposite about the same numbers', () => {
    const ops = fc.constantFrom('<', '<=', '>', '>=');
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(ops, number, number, (op, measured, limit) => {
        const one: MetricCriterion = {
          kind: 'metric',
          source: 'x',
          metric: 'x',
          op,
          expr: { kind: 'constant', value: limit },
        };
        const success = judgeCriterion(one, 'success', value(measured), null, 20).state;
        const trigger = judgeCriterion(one, 'trigger', value(measured), null, 20).state;
        expect(new Set([success, trigger])).toEqual(new Set(['ok', 'breached']));
        expect(success === 'ok').toBe(compare(measured, op, limit));
      }),
    );
  });

  it('never judges fewer requests than the plan asks for', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.integer({ min: 1, max: 500 }),
        fc.double({ noNaN: true }),
        (observations, least, of) => {
          const { state } = judgeCriterion(
            criterion('error_rate > 0.5'),
            'trigger',
            value(of, observations),
            null,
            least,
          );
          if (observations < least) expect(state).toBe('no_data');
        },
      ),
    );
  });
});

describe('a value of which only bounds are known', () => {
  const within = (lower: number, upper: number) => ({ ...value(120), within: { lower, upper } });

  it.each([
    ['the limit lies between them', 'p99_latency > 130ms', 100, 250, 'no_data'],
    ['the limit is the upper one', 'p99_latency > 250ms', 100, 250, 'ok'],
    ['the limit is the lower one', 'p99_latency > 100ms', 100, 250, 'breached'],
    ['the limit is elsewhere', 'p99_latency > 300ms', 100, 250, 'ok'],
    ['there is no upper one', 'p99_latency > 130ms', 100, Number.POSITIVE_INFINITY, 'no_data'],
  ] as const)('when %s: %s within %i and %d is %s', (_title, source, lower, upper, state) => {
    expect(judgeCriterion(criterion(source), 'trigger', within(lower, upper), null, 1).state).toBe(state);
  });

  it('says which edge would tell', () => {
    const judged = judgeCriterion(criterion('p99_latency > 130ms'), 'trigger', within(100, 250), null, 1);
    expect(judged).toMatchObject({
      quiet: false,
      note: 'it lies between 100 and 250, and its histogram cannot tell where: an edge at 130 would be needed',
    });
    const beyond = judgeCriterion(
      criterion('p99_latency > 130ms'),
      'trigger',
      within(100, Number.POSITIVE_INFINITY),
      null,
      1,
    );
    expect(beyond.note).toContain('it lies above 100,');
  });
});

describe('the baseline', () => {
  it.each([
    [
      'concurrent while the active colour has enough',
      value(50, 20),
      { value: 40 },
      { kind: 'value', value: 50, source: 'concurrent' },
    ],
    ['frozen when it has too few', value(50, 19), { value: 40 }, { kind: 'value', value: 40, source: 'frozen' }],
    [
      'frozen when it cannot be read',
      { kind: 'no_data', reason: 'x', observations: 0 } as Observed,
      { value: 40 },
      { source: 'frozen' },
    ],
    [
      'none, quietly, when it has too few and nothing was frozen',
      value(50, 19),
      undefined,
      { kind: 'none', quiet: true },
    ],
    [
      'none when it cannot be read and nothing was frozen',
      { kind: 'no_data', reason: 'x', observations: 0 } as Observed,
      undefined,
      { kind: 'none', quiet: false },
    ],
    ['none when nobody measured it', null, undefined, { kind: 'none', quiet: false }],
  ])('is %s', (_name, concurrent, kept, expected) => {
    expect(chooseBaseline(concurrent, kept, 20)).toMatchObject(expected);
  });

  it('is asked for by comparisons with it and by drops', () => {
    const sources = [
      'error_rate > 1',
      'p99_latency > baseline',
      'p99_latency < baseline + 5ms',
      'business_metric_drop > 2',
      'cache_preloaded',
    ];
    const parsed = sources.map((source) => parseCriterion(source)).filter((one) => one.kind !== 'problem');
    expect(baselineMetrics(parsed)).toEqual(['p99_latency', 'business_metric']);
  });

  it.each<[Expression, number]>([
    [{ kind: 'baseline', adjust: 'none', value: 0 }, 100],
    [{ kind: 'baseline', adjust: 'add', value: 5 }, 105],
    [{ kind: 'baseline', adjust: 'subtract', value: 5 }, 95],
    [{ kind: 'baseline', adjust: 'multiply', value: 1.5 }, 150],
    [{ kind: 'baseline', adjust: 'add_percent', value: 10 }, 110.00000000000001],
  ])('adjusted by %j', (expr, limit) => {
    expect(limitOf(expr, 100)).toBe(limit);
    expect(limitOf(expr, null)).toBeNull();
  });

  it('drop is 0 for equals, positive for less, nothing for a baseline of 0', () => {
    expect(
      [metricDrop(5, 5), metricDrop(4, 5), metricDrop(6, 5), metricDrop(1, 0)].map(
        (one) => one && Number(one.toFixed(6)),
      ),
    ).toEqual([0, 20, -20, null]);
  });
});
