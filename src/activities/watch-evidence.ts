/** What a tick saw, as people and scripts read it. */
import { isSettled } from '../decision/checks.ts';
import { coverageAt } from '../decision/coverage.ts';
import type { Judgement } from '../decision/types.ts';
import { isAtEnd, type TickFacts, type WindowRules, type WindowState } from '../decision/window.ts';
import type { CriterionReading, Evidence } from '../workflows/api.ts';
import type { WindowCriteria } from './watch-tick.ts';

/** Evidence of a window before its first tick. */
export function noEvidence(rules: WindowRules, state: WindowState, criteria: WindowCriteria, atMs: number): Evidence {
  const pending = (source: string, kind: CriterionReading['kind']): CriterionReading => ({
    source,
    kind,
    state: 'pending',
    value: null,
    limit: null,
    baseline: null,
    observations: 0,
    consecutive: state.breaches[source] ?? 0,
    note: null,
  });
  return {
    at: new Date(atMs).toISOString(),
    criteria: [
      ...[...criteria.metrics, ...criteria.checks].map(({ source }) => pending(source, 'success')),
      ...criteria.triggers.map(({ source }) => pending(source, 'trigger')),
    ],
    coverage: rounded(rules, state, atMs),
  };
}

export function evidenceOf(rules: WindowRules, state: WindowState, facts: TickFacts): Evidence {
  const atEnd = isAtEnd(rules, facts);
  return {
    at: new Date(facts.at_ms).toISOString(),
    criteria: [
      ...facts.metrics.map(({ source, judgement, salvageable }) => {
        // Before the end a criterion that is not met may still come to be; one with too few requests likewise.
        const open = judgement.state === 'breached' || (judgement.state === 'no_data' && judgement.quiet);
        const isOpen = !atEnd && salvageable && open;
        return reading(source, 'success', judgement, isOpen ? 'pending' : judgement.state, 0);
      }),
      ...facts.checks.map((check) => checkReading(rules, state, facts, check)),
      ...facts.triggers.map(({ source, judgement }) =>
        reading(source, 'trigger', judgement, judgement.state, state.breaches[source] ?? 0),
      ),
    ],
    coverage: rounded(rules, state, facts.at_ms),
  };
}

function reading(
  source: string,
  kind: CriterionReading['kind'],
  judgement: Judgement,
  state: CriterionReading['state'],
  consecutive: number,
): CriterionReading {
  const { value, limit, baseline, observations, note } = judgement;
  return { source, kind, state, value, limit, baseline, observations, consecutive, note };
}

function checkReading(
  rules: WindowRules,
  state: WindowState,
  facts: TickFacts,
  { source, seen, note }: TickFacts['checks'][number],
): CriterionReading {
  const since = state.holding_since[source];
  const settled = isSettled(since, facts.at_ms, rules.settle_ms);
  const missed = isAtEnd(rules, facts) ? 'breached' : 'pending';
  const held = since === undefined || settled ? null : `holds for ${Math.round((facts.at_ms - since) / 1000)} s`;
  return {
    source,
    kind: 'success',
    state: seen === null ? 'no_data' : settled ? 'ok' : missed,
    value: null,
    limit: null,
    baseline: null,
    observations: 0,
    consecutive: 0,
    note: note ?? held,
  };
}

function rounded(rules: WindowRules, state: WindowState, atMs: number): Evidence['coverage'] {
  const coverage = coverageAt(rules, state, atMs);
  return {
    ...coverage,
    percent: Number(coverage.percent.toFixed(2)),
    longest_gap_ms: Math.round(coverage.longest_gap_ms),
  };
}
