/** The watcher: judges a window tick by tick until there is a verdict. It alone can pass the window. */
import type { MetricsProvider, Platform } from '../adapters/types.ts';
import { nextTick } from '../decision/coverage.ts';
import { type Verdict, verdictOf } from '../decision/verdict.ts';
import { advance, initialState, type WindowRules } from '../decision/window.ts';
import type { Evidence } from '../workflows/api.ts';
import type { Clock } from './clock.ts';
import { createCheckReader } from './watch-checks.ts';
import { evidenceOf, noEvidence } from './watch-evidence.ts';
import { criteriaOf, readTick, type TickSources, tickDeadlineMs } from './watch-tick.ts';
import type { WatchHeartbeat, WatchInput, WatchResult, WatchState } from './watch-types.ts';

export interface WatchDependencies {
  platform: Platform;
  provider: MetricsProvider;
  clock: Clock;
  signal: AbortSignal;
  /** Sent at least once a second, whatever the resolution. */
  heartbeat(details: WatchHeartbeat): void;
  /** Heartbeat details of an earlier attempt of this very watcher; anything that is none counts as none. */
  earlier: unknown;
  /** Whether an aborted signal means that the window goes on elsewhere; else the abort is thrown on (a shutdown). */
  isReplaced(): boolean;
}

/** A watcher that ran always has evidence. */
export type Judged = WatchResult & { evidence: Evidence };

const HEARTBEAT_MS = 1_000;

/**
 * Watches `input`'s window. Ticks lie at absolute instants, so being late does not add up, and a restart goes on with
 * the remainder. Throws a CutoverError when the metrics are misconfigured, and the signal's reason at a shutdown.
 */
export async function watchWindow(input: WatchInput, deps: WatchDependencies): Promise<Judged> {
  const { clock, signal, provider } = deps;
  const rules: WindowRules = { ...input.settings, started_at_ms: input.started_at_ms, ends_at_ms: input.ends_at_ms };
  const criteria = criteriaOf(input);
  const before = earlierState(deps.earlier) ?? input.resume;
  let state: WatchState = before ?? { ...initialState(rules), provider: null };
  let live: Evidence = noEvidence(rules, state, criteria, clock.now());
  const beat = () => deps.heartbeat({ state, live });
  const checks = createCheckReader(
    deps.platform,
    input.candidate,
    input.health_path,
    clock,
    tickDeadlineMs(rules.resolution_ms),
  );
  const sources: TickSources = { platform: deps.platform, provider, checks, signal };
  try {
    beat();
    if (state.provider !== null) provider.restore(state.provider);
    // A first look, so that the first tick already has a span to judge.
    await readTick(input, criteria, sources, clock.now(), false);
    state = { ...state, provider: provider.checkpoint(input.started_at_ms) ?? state.provider };
    for (let isFirst = true; ; isFirst = false) {
      await sleepUntil(nextTick(rules, clock.now()), deps, beat);
      const facts = await readTick(input, criteria, sources, clock.now(), isFirst && before !== null);
      const advanced = advance(rules, state, facts);
      state = { ...advanced, provider: provider.checkpoint(input.started_at_ms) ?? state.provider };
      live = evidenceOf(rules, state, facts);
      beat();
      const verdict = verdictOf(rules, state, facts);
      if (verdict !== null) return result(verdict, live, state);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!deps.isReplaced()) throw signal.reason;
    return { verdict: 'replaced', evidence: live, state };
  } finally {
    provider.close();
  }
}

async function sleepUntil(atMs: number, { clock, signal }: WatchDependencies, beat: () => void): Promise<void> {
  for (;;) {
    const leftMs = atMs - clock.now();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(leftMs, HEARTBEAT_MS), signal);
    if (leftMs > HEARTBEAT_MS) beat();
  }
}

function result(verdict: Verdict, evidence: Evidence, { provider }: WatchState): Judged {
  switch (verdict.verdict) {
    case 'passed':
    case 'breached':
    case 'failed':
      return { ...verdict, evidence };
    case 'no_data':
    case 'gap':
      return { ...verdict, evidence, state: { ...verdict.state, provider } };
  }
}

/** An attempt that died before its first heartbeat left nothing. */
function earlierState(details: unknown): WatchState | null {
  if (typeof details !== 'object' || details === null || !('state' in details)) return null;
  const state = details.state as Partial<WatchState> | null;
  const isState =
    Number.isFinite(state?.last_tick_ms) && Number.isFinite(state?.judged) && state?.breaches !== undefined;
  return isState ? (state as WatchState) : null;
}
