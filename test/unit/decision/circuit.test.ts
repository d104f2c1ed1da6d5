import { describe, expect, it } from 'vitest';
import { checkOf } from '../../../src/decision/checks.ts';
import { burstOf } from '../../../src/decision/circuit.ts';
import type { Judgement, Observed } from '../../../src/decision/types.ts';
import { verdictOf } from '../../../src/decision/verdict.ts';
import { initialState, type TickFacts, type WindowRules } from '../../../src/decision/window.ts';

const value = (percent: number, observations: number): Observed => ({ kind: 'value', value: percent, observations });

describe('an error burst', () => {
  it.each([
    [20, 100, true],
    [19.9, 100, false],
    [100, 5, true],
    [100, 4, false],
    [Number.NaN, 100, false],
  ])('%d %% of %i requests, with a limit of 20 %%: %s', (percent, observations, expected) => {
    expect(burstOf(value(percent, observations), 20) !== null).toBe(expected);
  });

  it('is not concluded without data', () => {
    expect(burstOf({ kind: 'no_data', reason: 'no requests', observations: 0, quiet: true }, 20)).toBeNull();
  });

  it('tells what was found', () => {
    expect(burstOf(value(40, 25), 20)).toBe('40 % of 25 requests failed within one tick, the circuit breaks at 20 %');
  });
});

describe('a check on a metric', () => {
  const judgement = (over: Partial<Judgement>): Judgement => ({
    ...{ state: 'ok', quiet: false, value: 3, limit: 1, baseline: null, observations: 40, note: null },
    ...over,
  });

  it('holds while its criterion does', () => {
    expect(checkOf('error_rate', judgement({}))).toEqual({ seen: true, note: null });
    expect(checkOf('error_rate', judgement({ state: 'breached' }))).toEqual({
      seen: false,
      note: 'error_rate is 3 %, against 1 %',
    });
  });

  it('is not known without data, or with too little of it', () => {
    const none = judgement({ state: 'no_data', value: null, note: 'no requests' });
    expect(checkOf('error_rate', none)).toEqual({ seen: null, note: 'no requests' });
  });
});

describe('the order of verdicts', () => {
  const rules: WindowRules = {
    ...{ started_at_ms: 0, ends_at_ms: 1_000, resolution_ms: 1_000, on_no_data: 'hold', no_data_limit_ms: 60_000 },
    ...{ coverage_percent: 95, max_gap_ms: 10_000, consecutive: 1, settle_ms: 0 },
  };
  const state = { ...initialState(rules), judged: 1, last_tick_ms: 1_000, breaches: { 'error_rate > 1': 1 } };
  const breached: Judgement = {
    ...{ state: 'breached', quiet: false, value: 3, limit: 1, baseline: null, observations: 40, note: null },
  };
  const facts = (over: Partial<TickFacts>): TickFacts => ({
    ...{ at_ms: 1_000, resumed: false, unreadable: null, triggers: [], metrics: [], checks: [] },
    ...over,
  });
  const triggers = [{ source: 'error_rate > 1', judgement: breached }];

  it('is: burst, trigger, drift, end', () => {
    const verdict = (over: Partial<TickFacts>) => verdictOf(rules, state, facts(over))?.verdict;
    expect(verdict({})).toBe('passed');
    expect(verdict({ drifted: false })).toBe('passed');
    expect(verdict({ drifted: true })).toBe('drift');
    expect(verdict({ drifted: true, triggers })).toBe('breached');
    expect(verdict({ drifted: true, triggers, tripped: 'burst' })).toBe('tripped');
  });
});
