import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnitMissing, parseCriterion, printCriterion } from '../../../src/plan/criteria.ts';
import { BUILT_IN_METRICS, builtInMetric } from '../../../src/plan/metrics.ts';
import type { Comparison, Criterion, Expression } from '../../../src/plan/types.ts';

function metric(name: string, op: Comparison, expr: Expression) {
  return { kind: 'metric', metric: name, op, expr };
}

describe('criteria', () => {
  it.each<[string, object]>([
    ['http_success_rate > 99.5', metric('http_success_rate', '>', { kind: 'constant', value: 99.5 })],
    ['error_rate>=0.5%', metric('error_rate', '>=', { kind: 'constant', value: 0.5 })],
    ['p99_latency < 250ms', metric('p99_latency', '<', { kind: 'constant', value: 250 })],
    ['p99_latency <= 2.3s', metric('p99_latency', '<=', { kind: 'constant', value: 2300 })],
    ['p50_latency < 250', metric('p50_latency', '<', { kind: 'constant', value: 250 })],
    ['p99_latency < baseline', metric('p99_latency', '<', { kind: 'baseline', adjust: 'none', value: 0 })],
    ['p99_latency < baseline+10ms', metric('p99_latency', '<', { kind: 'baseline', adjust: 'add', value: 10 })],
    ['p99_latency < baseline + 10', metric('p99_latency', '<', { kind: 'baseline', adjust: 'add', value: 10 })],
    ['p95_latency < baseline - 1s', metric('p95_latency', '<', { kind: 'baseline', adjust: 'subtract', value: 1000 })],
    ['p99_latency > baseline * 1.5', metric('p99_latency', '>', { kind: 'baseline', adjust: 'multiply', value: 1.5 })],
    ['error_rate > baseline + 10%', metric('error_rate', '>', { kind: 'baseline', adjust: 'add_percent', value: 10 })],
    ['business_metric_drop > 2', metric('business_metric_drop', '>', { kind: 'constant', value: 2 })],
    ['business_metric_drop > -2', metric('business_metric_drop', '>', { kind: 'constant', value: -2 })],
    ['queue_depth < 12', metric('queue_depth', '<', { kind: 'constant', value: 12 })],
    ['cache_preloaded', { kind: 'check', check: 'cache_preloaded' }],
    ['postgres:responseTime', { kind: 'check', check: 'postgres:responseTime' }],
  ])('%s is understood', (source, expected) => {
    expect(parseCriterion(`  ${source} `)).toEqual({ source, ...expected });
  });

  it.each([
    ['', 'empty', 0],
    ['x'.repeat(201), 'longer', 200],
    ['error_rate', 'compared with nothing', 10],
    ['error_rate > ', 'Nothing stands', 12],
    ['error_rate = 1', 'no comparison', 11],
    ['error_rate == 1', 'no comparison', 11],
    ['error_rate != 1', 'no comparison', 11],
    ['> 5', 'no comparison', 0],
    ['two words', 'Neither', 0],
    ['cache_preloaded > 1', 'named check', 0],
    ['error_rate > 5ms', 'does not fit', 14],
    ['p99_latency < 5%', 'does not fit', 15],
    ['p99_latency < 5min', 'no unit', 15],
    ['request_rate > 5ms', 'does not fit', 16],
    ['http_success_rate > 100', 'never be true', 20],
    ['error_rate >= 0', 'always true', 14],
    ['error_rate < 0', 'never be true', 13],
    ['error_rate > -1', 'always true', 13],
    ['p99_latency < baseline - 10%', 'not subtracted', 27],
    ['p99_latency < baseline * 2ms', 'no unit', 26],
    ['p99_latency < baseline * 0', 'factor of 0', 26],
    ['p99_latency < baseline + 1e999', 'too large', 30],
    ['p99_latency < 1e999ms', 'too large', 19],
    ['p99_latency < base', 'neither a number', 14],
    ['business_metric_drop > baseline', 'already a comparison', 23],
  ])('%j is refused', (source, reason, offset) => {
    expect(parseCriterion(source)).toMatchObject({ kind: 'problem', message: expect.stringContaining(reason), offset });
  });

  it.each([
    ['error_rate > 5ms', 'in percent'],
    ['p99_latency < 5%', 'is a latency'],
    ['request_rate > 5ms', 'has no unit'],
    ['queue_depth > 5min', 'units are'],
    ['error_rate > 100', 'from 0 to 100'],
    ['p99_latency < 0', 'from 0 up'],
  ])('%j is refused with what would be right', (source, hint) => {
    expect(parseCriterion(source)).toMatchObject({ kind: 'problem', hint: expect.stringContaining(hint) });
  });

  it('tells a latency without a unit from one with', () => {
    const missing = (text: string) => isUnitMissing(parseCriterion(text) as Criterion);
    expect(missing('p99_latency < 2')).toBe(true);
    expect(missing('p99_latency < 2s')).toBe(false);
    expect(missing('p99_latency < baseline + 10')).toBe(false);
    expect(missing('error_rate < 2')).toBe(false);
  });

  it('prints what it reads back to the same criterion', () => {
    fc.assert(
      fc.property(criteria(), (criterion) => {
        const text = printCriterion({ ...criterion, source: '' });
        const read = parseCriterion(text);
        // What every value answers alike is refused, and nothing else.
        if (read.kind === 'problem') expect(read.message).toMatch(/always|never/);
        else expect(read).toEqual({ ...criterion, source: text });
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void parseCriterion(text)));
  });
});

function criteria(): fc.Arbitrary<Criterion> {
  const names = fc.constantFrom(...Object.keys(BUILT_IN_METRICS), 'queue_depth', 'toString');
  const amount = fc.double({ min: 0.001, max: 1e6, noNaN: true }).map((value) => Number(value.toPrecision(12)));
  const constant = amount.map((value): Expression => ({ kind: 'constant', value }));
  const baseline = fc.oneof(
    fc.constant<Expression>({ kind: 'baseline', adjust: 'none', value: 0 }),
    fc
      .tuple(fc.constantFrom('add', 'subtract', 'multiply', 'add_percent'), amount)
      .map(([adjust, value]): Expression => ({ kind: 'baseline', adjust, value })),
  );
  const comparison = fc
    .tuple(names, fc.constantFrom<Comparison>('<', '<=', '>', '>='), constant, baseline, fc.boolean())
    .map(([name, op, one, other, first]): Criterion => {
      const expr = first || builtInMetric(name)?.has_baseline === false ? one : other;
      return { kind: 'metric', source: '', metric: name, op, expr };
    });
  const check = fc
    .constantFrom('cache_preloaded', 'db', 'a.b:c-d')
    .map((name): Criterion => ({ kind: 'check', source: '', check: name }));
  return fc.oneof(comparison, check);
}
