/**
 * The contract between a workflow and its watcher, the activity that judges a window tick by tick.
 * Plain JSON; types only, so that workflow code can import it.
 */
import type { RouterState } from '../adapters/types.ts';
import type { CheckPlan, Colour, Criterion, Exposure, MetricsPlan, Plan, Weights } from '../plan/types.ts';
import type { Baselines, Evidence } from '../workflows/api.ts';

/** What adapters are built from; carried by every activity input. */
export type Target = Pick<Plan, 'service' | 'environment' | 'target' | 'platform' | 'router' | 'metrics' | 'notifiers'>;

export interface WatchInput {
  target: Target;
  /** The phase, for logs. */
  stage: string;
  candidate: Colour;
  active: Colour;
  started_at_ms: number;
  /** The window's end; null: a guard, which never passes and ends by cancellation or a breach. */
  ends_at_ms: number | null;
  success_criteria: Criterion[];
  rollback_triggers: Criterion[];
  /** Path of the health document that named checks are looked up in. */
  health_path: string;
  /** Named checks that the plan defines. */
  checks: Record<string, CheckPlan>;
  /** An error rate of the candidate, percent of one tick's requests, that ends the watch as `tripped`; null: none does. */
  circuit_break: { error_rate: number } | null;
  /** What the router must hold; a foreign change ends the watch as `drift`. Null: not compared (a guard). */
  weights: Weights | null;
  /** What the candidate must run where the weights are compared; absent: its version is not looked at. */
  version?: string;
  /** What the router must expose beside the weights; absent: not compared. */
  exposed?: Exposure;
  baselines: Baselines;
  settings: Omit<MetricsPlan, 'kind' | 'config' | 'queries'>;
  /** State of an earlier watcher of the same window; null at first. */
  resume: WatchState | null;
}

/** Rides in heartbeat details, beside the live evidence; small and plain. */
export interface WatchState {
  last_tick_ms: number;
  judged: number;
  /** Unwatched time that `gap` verdicts have already lengthened the window by; absent: none. */
  made_up_ms?: number;
  longest_gap_ms: number;
  /** Criterion source → breaches in a row. */
  breaches: Record<string, number>;
  /** Named check → since when it has held without a break, epoch ms; absent: it does not hold. */
  holding_since: Record<string, number>;
  /** Since when there has been no data; null: there is. */
  no_data_since_ms: number | null;
  /** The metrics provider's checkpoint. */
  provider: unknown;
}

export interface WatchHeartbeat {
  state: WatchState;
  live: Evidence;
}

/**
 * - `passed`: the window ended, covered, every criterion met. Only a watcher can say it.
 * - `breached`: a rollback trigger fired. `failed`: a success criterion is not met and cannot be any more.
 * - `no_data`: no data for `no_data_limit_ms` (or at the end); `on_no_data` decides; watching can go on from `state`.
 * - `gap`: time went by unwatched; the window must grow by `grow_ms` to pass, and goes on from `state`.
 * - `drift`: the router holds other weights than this run wrote, and `router` is what it was found to hold; or, with null
 *   there, somebody else has put `version` on the candidate.
 * - `tripped`: an error burst on the candidate within one tick.
 * - `replaced`: the watcher was cancelled; whoever goes on with the window (its end was moved) does so from `state`.
 *   A cancelled watcher returns this instead of throwing; null where there was none to answer.
 */
export type WatchResult =
  | { verdict: 'passed'; evidence: Evidence }
  | { verdict: 'breached'; criterion: string; reason: string; evidence: Evidence }
  | { verdict: 'failed'; criterion: string; reason: string; evidence: Evidence }
  | { verdict: 'no_data'; reason: string; evidence: Evidence; state: WatchState }
  | { verdict: 'gap'; grow_ms: number; reason: string; evidence: Evidence; state: WatchState }
  | { verdict: 'drift'; router: RouterState; evidence: Evidence; state: WatchState }
  | { verdict: 'drift'; router: null; version: string | null; evidence: Evidence; state: WatchState }
  | { verdict: 'tripped'; reason: string; evidence: Evidence; state: WatchState }
  | { verdict: 'replaced'; evidence: Evidence | null; state: WatchState | null };
