/** What one tick does to a window's state. */
import type { OnNoData } from '../plan/types.ts';
import { type CheckSeen, holdingSince } from './checks.ts';
import { countTick, type Span, type Watched } from './coverage.ts';
import { countBreaches } from './triggers.ts';
import type { Judgement } from './types.ts';

export interface WindowRules extends Span {
  on_no_data: OnNoData;
  no_data_limit_ms: number;
  coverage_percent: number;
  max_gap_ms: number;
  consecutive: number;
  settle_ms: number;
}

export interface WindowState extends Watched {
  breaches: Record<string, number>;
  holding_since: Record<string, number>;
  no_data_since_ms: number | null;
}

/** All that one tick saw. */
export interface TickFacts {
  at_ms: number;
  /** The first tick of a watcher that goes on from an earlier one's state. */
  resumed: boolean;
  /** Why the candidate's state could not be read at all; null: it could. */
  unreadable: string | null;
  triggers: { source: string; judgement: Judgement }[];
  /** Success criteria on metrics, over the whole window so far. */
  metrics: { source: string; judgement: Judgement; salvageable: boolean }[];
  checks: { source: string; seen: CheckSeen; note: string | null }[];
  /** The error burst that breaks the circuit, for people; absent: there was none, or it was not looked for. */
  tripped?: string;
  /** The router was found to hold other weights than this run wrote, twice in a row. */
  drifted?: boolean;
}

export function initialState(span: Span): WindowState {
  return {
    last_tick_ms: span.started_at_ms,
    judged: 0,
    longest_gap_ms: 0,
    breaches: {},
    holding_since: {},
    no_data_since_ms: null,
  };
}

/**
 * The state after a tick. A tick is judged when everything it needed could be read, or the plan ignores missing data.
 * Too few requests are not an unread source: that tick was watched, so it counts for coverage, but for a trigger the
 * clock of `no_data_limit_ms` runs meanwhile. A success criterion needs its requests only at the window's end.
 */
export function advance(rules: WindowRules, before: WindowState, facts: TickFacts): WindowState {
  const breaches: Record<string, number> = {};
  for (const { source, judgement } of facts.triggers) {
    breaches[source] = countBreaches(before.breaches[source] ?? 0, judgement.state);
  }
  const holding: Record<string, number> = {};
  for (const { source, seen } of facts.checks) {
    const since = holdingSince(before.holding_since[source], seen, facts.at_ms);
    if (since !== undefined) holding[source] = since;
  }
  return {
    ...before,
    ...(isJudged(rules, facts) && countTick(rules, before, facts.at_ms)),
    breaches,
    holding_since: holding,
    no_data_since_ms:
      lacking(rules, facts).length === 0 ? null : Math.min(before.no_data_since_ms ?? facts.at_ms, facts.at_ms),
  };
}

export function isJudged(rules: WindowRules, facts: TickFacts): boolean {
  return rules.on_no_data === 'ignore' || unread(facts).length === 0;
}

/** What could not be read, for people. */
function unread(facts: TickFacts): string[] {
  const silent = [...facts.triggers, ...facts.metrics].filter(
    ({ judgement }) => judgement.state === 'no_data' && !judgement.quiet,
  );
  return [
    ...(facts.unreadable === null ? [] : [facts.unreadable]),
    ...silent.map(({ source, judgement }) => `${source}: ${judgement.note ?? 'no data'}`),
    ...facts.checks.filter(({ seen }) => seen === null).map(({ source, note }) => `${source}: ${note ?? 'no data'}`),
  ];
}

/** What keeps this tick from being conclusive, for people; empty when nothing does, or the plan ignores it. */
export function lacking(rules: WindowRules, facts: TickFacts): string[] {
  if (rules.on_no_data === 'ignore') return [];
  const quiet = [...facts.triggers, ...(isAtEnd(rules, facts) ? facts.metrics : [])].filter(
    ({ judgement }) => judgement.state === 'no_data' && judgement.quiet,
  );
  return [...unread(facts), ...quiet.map(({ source, judgement }) => `${source}: ${judgement.note ?? 'no data'}`)];
}

export function isAtEnd(rules: WindowRules, facts: Pick<TickFacts, 'at_ms'>): boolean {
  return rules.ends_at_ms !== null && facts.at_ms >= rules.ends_at_ms;
}
