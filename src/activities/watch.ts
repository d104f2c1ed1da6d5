/** The watcher: judges a window tick by tick until there is a verdict. It alone can pass the window. */
import type { MetricsProvider, Platform, TrafficRouter } from '../adapters/types.ts';
import { nextTick } from '../decision/coverage.ts';
import { type Verdict, verdictOf } from '../decision/verdict.ts';
import { advance, initialState, type WindowRules } from '../decision/window.ts';
import type { Evidence } from '../workflows/api.ts';
import type { ScriptSettings } from './call-script.ts';
import type { Clock } from './clock.ts';
import { type CheckReader, createCheckReader } from './watch-checks.ts';
import { anyDrift, createDriftWatch, createVersionWatch, type DriftWatch } from './watch-drift.ts';
import { evidenceOf, noEvidence } from './watch-evidence.ts';
import { createTickCounter, type WatchObserver } from './watch-observer.ts';
import { createPlanChecks } from './watch-plan-checks.ts';
import { criteriaOf, readTick, type TickSources, tickDeadlineMs } from './watch-tick.ts';
import type { WatchHeartbeat, WatchInput, WatchResult, WatchState } from './watch-types.ts';

export interface WatchDependencies {
  platform: Platform;
  /** Null: nobody compares its weights. */
  router?: Pick<TrafficRouter, 'read'> | null | undefined;
  /** For the checks that the plan defines; absent: none of its scripts is run, and it has no secrets. */
  calls?: ScriptSettings | undefined;
  provider: MetricsProvider;
  clock: Clock;
  signal: AbortSignal;
  /** Sent about once a second, whatever the resolution. */
  heartbeat(details: WatchHeartbeat): void;
  /** Heartbeat details of an earlier attempt of this very watcher; anything that is none counts as none. */
  earlier: unknown;
  /** Whether an aborted signal means that the window goes on elsewhere; else the abort is thrown on (a shutdown). */
  isReplaced(): boolean;
  observer?: WatchObserver | undefined;
  /** Instead of what the candidate's instances say. */
  checks?: CheckReader | undefined;
}

/** A watcher that ran always has evidence. */
export type Judged = WatchResult & { evidence: Evidence };

const HEARTBEAT_MS = 1_000;
const EARLY = 0.9;
/** A run that an earlier version started asks for none of these. */
const NO_MORE: Pick<WatchInput, 'checks' | 'circuit_break' | 'weights'> = {
  ...{ checks: {}, circuit_break: null, weights: null },
};
const NO_CALLS: ScriptSettings = { scripts: null, secrets: () => undefined };

/**
 * Watches `input`'s window. Ticks lie at absolute instants, so being late does not add up, and a restart goes on with
 * the remainder. Throws a CutoverError when the metrics are misconfigured, and the signal's reason at a shutdown.
 */
export async function watchWindow(given: WatchInput, deps: WatchDependencies): Promise<Judged> {
  const { clock, signal, provider } = deps;
  const input = { ...NO_MORE, ...given };
  const rules: WindowRules = { ...input.settings, started_at_ms: input.started_at_ms, ends_at_ms: input.ends_at_ms };
  const criteria = criteriaOf(input);
  const before = earlierState(deps.earlier) ?? input.resume;
  let state: WatchState = before ?? { ...initialState(rules), provider: null };
  let live: Evidence = noEvidence(rules, state, criteria, clock.now());
  let beatAtMs = Number.NEGATIVE_INFINITY;
  const beat = () => {
    beatAtMs = clock.now();
    deps.heartbeat({ state, live });
  };
  const meter = deps.observer?.began();
  const countTicks = createTickCounter(rules, before);
  const sources = sourcesOf(input, deps);
  try {
    beat();
    if (state.provider !== null) provider.restore(state.provider);
    // A first look, so that the first tick already has a span to judge.
    let tickMs = clock.now();
    await readTick(input, criteria, sources, { at_ms: tickMs, since_ms: tickMs, resumed: false });
    state = { ...state, provider: provider.checkpoint(input.started_at_ms) ?? state.provider };
    for (let isFirst = true; ; isFirst = false) {
      const dueMs = nextTick(rules, clock.now());
      await sleepUntil(dueMs, deps, beat);
      const since_ms = tickMs;
      tickMs = clock.now();
      const tick = { at_ms: tickMs, since_ms, resumed: isFirst && before !== null };
      const facts = await readTick(input, criteria, sources, tick);
      const advanced = advance(rules, state, facts);
      state = { ...advanced, provider: provider.checkpoint(input.started_at_ms) ?? state.provider };
      live = evidenceOf(rules, state, facts);
      meter?.ticked({ lagMs: Math.max(0, clock.now() - dueMs), ...countTicks(live.coverage) });
      if (isHeartbeatDue(beatAtMs, tickMs)) beat();
      const verdict = await unlessDrifted(verdictOf(rules, state, facts), state, sources.drift);
      if (verdict !== null) return result(verdict, live, state, sources.drift);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!deps.isReplaced()) {
      // What was judged since the last heartbeat is not judged again elsewhere.
      beat();
      throw signal.reason;
    }
    return { verdict: 'replaced', evidence: live, state };
  } finally {
    meter?.ended();
    sources.planChecks.close();
    provider.close();
  }
}

/** More of them would not reach the server; a little early is as good as due, and so is a clock that went back. */
function isHeartbeatDue(lastMs: number, nowMs: number): boolean {
  return nowMs < lastMs || nowMs - lastMs >= EARLY * HEARTBEAT_MS;
}

function sourcesOf(input: WatchInput, deps: WatchDependencies): TickSources {
  const { platform, provider, calls = NO_CALLS, clock, signal } = deps;
  const { candidate, active, target, checks, health_path } = input;
  const resolutionMs = input.settings.resolution_ms;
  const timeoutMs = tickDeadlineMs(resolutionMs);
  const variables = {
    CUTOVER_SERVICE: target.service,
    CUTOVER_ENVIRONMENT: target.environment,
    CUTOVER_TARGET: target.target ?? '',
    CUTOVER_ACTIVE: active,
    CUTOVER_CANDIDATE: candidate,
  };
  return {
    platform,
    provider,
    checks: deps.checks ?? createCheckReader(platform, candidate, health_path, clock, timeoutMs),
    planChecks: createPlanChecks({ checks, platform, candidate, variables, resolutionMs, clock, signal, ...calls }),
    drift: driftOf(input, deps, timeoutMs),
    signal,
  };
}

/** A version is looked at only where the weights are: in a window, not by its guard. */
function driftOf(input: WatchInput, deps: WatchDependencies, timeoutMs: number): DriftWatch | null {
  const { platform, router = null, clock, signal } = deps;
  const { weights, exposed, version, candidate } = input;
  if (weights === null || router === null) return null;
  const timing = { clock, timeoutMs, signal };
  const ofTraffic = createDriftWatch({ router, weights, exposed, ...timing });
  if (version === undefined) return ofTraffic;
  return anyDrift([ofTraffic, createVersionWatch({ platform, candidate, version, ...timing })]);
}

/** Nothing passes before router and candidate were read once more. */
async function unlessDrifted(
  verdict: Verdict | null,
  state: WatchState,
  drift: DriftWatch | null,
): Promise<Verdict | null> {
  if (verdict?.verdict !== 'passed' || drift === null) return verdict;
  return (await drift.confirm()) === null ? verdict : { verdict: 'drift', state };
}

async function sleepUntil(atMs: number, { clock, signal }: WatchDependencies, beat: () => void): Promise<void> {
  for (;;) {
    const leftMs = atMs - clock.now();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(leftMs, HEARTBEAT_MS), signal);
    if (leftMs > HEARTBEAT_MS) beat();
  }
}

function result(verdict: Verdict, evidence: Evidence, { provider }: WatchState, drift: DriftWatch | null): Judged {
  switch (verdict.verdict) {
    case 'passed':
    case 'breached':
    case 'failed':
      return { ...verdict, evidence };
    case 'no_data':
    case 'tripped':
    case 'gap':
      return { ...verdict, evidence, state: { ...verdict.state, provider } };
    case 'drift': {
      const found = drift?.found() ?? null;
      if (found === null) throw new Error('drift without what was found');
      return { verdict: 'drift', ...found, evidence, state: { ...verdict.state, provider } };
    }
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
