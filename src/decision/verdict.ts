/** What a tick means for its window. */
import { formatMetric, measuredMetric } from './baseline.ts';
import { isSettled } from './checks.ts';
import { canStillCover, coverageAt, growthMs, madeUp } from './coverage.ts';
import type { Judgement } from './types.ts';
import { isAtEnd, isJudged, lacking, type TickFacts, type WindowRules, type WindowState } from './window.ts';

export type Verdict =
  | { verdict: 'passed' }
  | { verdict: 'breached' | 'failed'; criterion: string; reason: string }
  | { verdict: 'no_data' | 'tripped'; reason: string; state: WindowState }
  | { verdict: 'drift'; state: WindowState }
  | { verdict: 'gap'; grow_ms: number; reason: string; state: WindowState };

/**
 * The verdict after a tick; null: go on. `state` is the one `advance` returned for the same facts. In this order: an
 * error burst; a trigger that fired; a success criterion that cannot be met any more; drift; unwatched time; the end;
 * missing data at its limit. Going back needs no proof of the weights, so drift comes after what asks for it. At the end a criterion without data leaves the window open, for `no_data_limit_ms` at most.
 * A guard (no end) never passes and never has a gap.
 */
export function verdictOf(rules: WindowRules, state: WindowState, facts: TickFacts): Verdict | null {
  return (
    burst(state, facts) ??
    fired(rules, state, facts) ??
    lost(facts) ??
    drift(state, facts) ??
    unwatched(rules, state, facts) ??
    ended(rules, state, facts) ??
    withoutData(rules, state, facts)
  );
}

function burst(state: WindowState, { tripped }: TickFacts): Verdict | null {
  return tripped === undefined ? null : { verdict: 'tripped', reason: tripped, state };
}

function drift(state: WindowState, { drifted }: TickFacts): Verdict | null {
  return drifted === true ? { verdict: 'drift', state } : null;
}

function fired(rules: WindowRules, state: WindowState, facts: TickFacts): Verdict | null {
  for (const { source, judgement } of facts.triggers) {
    const inARow = state.breaches[source] ?? 0;
    if (judgement.state !== 'breached' || inARow < rules.consecutive) continue;
    const reason = `${source}: ${describe(source, judgement)}, ${inARow} ${inARow === 1 ? 'time' : 'times in a row'}`;
    return { verdict: 'breached', criterion: source, reason };
  }
  return null;
}

function lost(facts: TickFacts): Verdict | null {
  const hopeless = facts.metrics.find(({ salvageable }) => !salvageable);
  if (hopeless === undefined) return null;
  const { source, judgement } = hopeless;
  const reason = `${source}: ${describe(source, judgement)}, which the rest of the phase cannot make good`;
  return { verdict: 'failed', criterion: source, reason };
}

function unwatched(rules: WindowRules, state: WindowState, facts: TickFacts): Verdict | null {
  // Told only once watching works again: until then nobody knows how much there is to make up.
  if (rules.ends_at_ms === null || !isJudged(rules, facts)) return null;
  const coverage = coverageAt(rules, state, facts.at_ms);
  const isTooLong = state.longest_gap_ms > Math.max(rules.max_gap_ms, 2 * rules.resolution_ms);
  const isUnreachable = facts.resumed && !canStillCover(rules, state, facts.at_ms, rules.coverage_percent);
  const isUncovered = isAtEnd(rules, facts) && coverage.percent < rules.coverage_percent;
  if (!isTooLong && !isUnreachable && !isUncovered) return null;
  const growMs = growthMs(rules, state, facts.at_ms);
  const reason = isTooLong
    ? `nobody watched for ${seconds(state.longest_gap_ms)}`
    : `${coverage.judged} of ${coverage.expected} ticks were judged, ${rules.coverage_percent} % are needed`;
  return { verdict: 'gap', grow_ms: growMs, reason, state: madeUp(state, growMs, facts.at_ms) };
}

function ended(rules: WindowRules, state: WindowState, facts: TickFacts): Verdict | null {
  if (!isAtEnd(rules, facts)) return null;
  for (const { source, judgement } of facts.metrics) {
    if (judgement.state !== 'breached') continue;
    return { verdict: 'failed', criterion: source, reason: `${source}: ${describe(source, judgement)}` };
  }
  for (const { source, seen, note } of facts.checks) {
    const since = state.holding_since[source];
    if (seen === null || isSettled(since, facts.at_ms, rules.settle_ms)) continue;
    const held = since === undefined ? 'does not hold' : `has held for ${seconds(facts.at_ms - since)} only`;
    const reason = `${source} ${held} at the end of the phase${note === null ? '' : `: ${note}`}`;
    return { verdict: 'failed', criterion: source, reason };
  }
  return lacking(rules, facts).length === 0 ? { verdict: 'passed' } : null;
}

function withoutData(rules: WindowRules, state: WindowState, facts: TickFacts): Verdict | null {
  const since = state.no_data_since_ms;
  if (since === null || facts.at_ms - since < rules.no_data_limit_ms) return null;
  const reason = `no data for ${seconds(facts.at_ms - since)}: ${lacking(rules, facts).join('; ')}`;
  return { verdict: 'no_data', reason, state: { ...state, no_data_since_ms: facts.at_ms } };
}

/** `3.2 % against 0.5 %, baseline 0.1 % (concurrent), 412 observations`. */
function describe(source: string, judgement: Judgement): string {
  const metric = source.split(/[\s<>]/, 1)[0] ?? source;
  const shown = (value: number | null, name = metric) => (value === null ? 'nothing' : formatMetric(name, value));
  const baseline =
    judgement.baseline === null
      ? ''
      : `, baseline ${shown(judgement.baseline.value, measuredMetric(metric))} (${judgement.baseline.source})`;
  return `${shown(judgement.value)} against ${shown(judgement.limit)}${baseline}, ${judgement.observations} observations`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}
