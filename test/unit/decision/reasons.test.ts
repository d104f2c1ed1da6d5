import { describe, expect, it } from 'vitest';
import { formatMetric, isEnough } from '../../../src/decision/baseline.ts';
import type { Judgement } from '../../../src/decision/types.ts';
import { verdictOf } from '../../../src/decision/verdict.ts';
import { advance, initialState, type TickFacts, type WindowRules } from '../../../src/decision/window.ts';

const RULES: WindowRules = {
  started_at_ms: 0,
  ends_at_ms: 10_000,
  resolution_ms: 10_000,
  on_no_data: 'hold',
  no_data_limit_ms: 0,
  coverage_percent: 95,
  max_gap_ms: 10_000,
  consecutive: 1,
  settle_ms: 5_000,
};
const JUDGED: Judgement = {
  state: 'breached',
  quiet: false,
  value: 3.21,
  limit: 0.5,
  baseline: null,
  observations: 412,
  note: null,
};
const FACTS: TickFacts = { at_ms: 10_000, resumed: false, unreadable: null, triggers: [], metrics: [], checks: [] };

/** What people are told after one tick, at the window's end. */
function reasonOf(facts: Partial<TickFacts>, rules = RULES): string | null {
  const seen = { ...FACTS, ...facts };
  const verdict = verdictOf(rules, advance(rules, initialState(rules), seen), seen);
  return verdict !== null && 'reason' in verdict ? verdict.reason : null;
}

describe('the reason of a verdict', () => {
  it('names value, limit, baseline and observations, each with its unit', () => {
    const latency = { ...JUDGED, value: 71.26, limit: 65, baseline: { value: 55, source: 'frozen' as const } };
    expect(reasonOf({ triggers: [{ source: 'p99_latency > baseline + 10ms', judgement: latency }] })).toBe(
      'p99_latency > baseline + 10ms: 71.3 ms against 65 ms, baseline 55 ms (frozen), 412 observations, 1 time',
    );
    expect(reasonOf({ triggers: [{ source: 'error_rate > 0.5', judgement: JUDGED }] })).toBe(
      'error_rate > 0.5: 3.21 % against 0.5 %, 412 observations, 1 time',
    );
  });

  it('shows a drop in percent, and its baseline in the business metric itself', () => {
    const drop = { ...JUDGED, value: 4, limit: 2, baseline: { value: 0.123_45, source: 'concurrent' as const } };
    expect(reasonOf({ metrics: [{ source: 'business_metric_drop < 2', judgement: drop, salvageable: true }] })).toBe(
      'business_metric_drop < 2: 4 % against 2 %, baseline 0.123 (concurrent), 412 observations',
    );
  });

  it('says nothing for a figure that is not there', () => {
    const empty = { ...JUDGED, value: null, limit: null };
    expect(reasonOf({ metrics: [{ source: 'queue_depth < 5', judgement: empty, salvageable: true }] })).toContain(
      'nothing against nothing',
    );
  });

  it.each<[string, TickFacts['checks'][number], string]>([
    ['does not hold', { source: 'warm', seen: false, note: null }, 'warm does not hold at the end of the phase'],
    [
      'does not hold, with what was found',
      { source: 'warm', seen: false, note: 'cold' },
      'warm does not hold at the end of the phase: cold',
    ],
    [
      'has not settled',
      { source: 'warm', seen: true, note: null },
      'warm has held for 0 s only at the end of the phase',
    ],
    ['cannot be read', { source: 'warm', seen: null, note: null }, 'no data for 0 s: warm: no data'],
    ['cannot be read, with why', { source: 'warm', seen: null, note: 'hangs' }, 'no data for 0 s: warm: hangs'],
  ])('tells that a check %s', (_name, check, reason) => {
    expect(reasonOf({ checks: [check] })).toBe(reason);
  });

  it('tells what could not be read, also without a note', () => {
    const silent: Judgement = { ...JUDGED, state: 'no_data', value: null };
    const few: Judgement = { ...silent, quiet: true };
    expect(reasonOf({ unreadable: 'no instances', triggers: [{ source: 'a > 1', judgement: silent }] })).toBe(
      'no data for 0 s: no instances; a > 1: no data',
    );
    expect(reasonOf({ triggers: [{ source: 'a > 1', judgement: few }] })).toBe('no data for 0 s: a > 1: no data');
    expect(reasonOf({ triggers: [{ source: 'a > 1', judgement: { ...few, note: '3 of 20' } }] })).toBe(
      'no data for 0 s: a > 1: 3 of 20',
    );
  });
});

describe('a sample', () => {
  it.each([
    [{ kind: 'no_data', reason: 'no answer', observations: 100 } as const, false],
    [{ kind: 'value', value: Number.NaN, observations: 100 } as const, false],
    [{ kind: 'value', value: 1, observations: 19 } as const, false],
    [{ kind: 'value', value: 1, observations: 20 } as const, true],
    [{ kind: 'value', value: 1, observations: 1, per: 'readings' } as const, true],
  ])('%j is enough: %s', (sample, enough) => {
    expect(isEnough(sample, 20)).toBe(enough);
  });

  it.each([
    ['p99_latency', 12.345, '12.3 ms'],
    ['error_rate', 0.123_45, '0.123 %'],
    ['queue_depth', 7, '7'],
  ])('of %s reads with its unit', (metric, value, text) => {
    expect(formatMetric(metric, value)).toBe(text);
  });
});
