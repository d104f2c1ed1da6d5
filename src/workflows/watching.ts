/**
 * Windows and guards. A window passes only by its watcher's word; the durable timer beside it can merely say that
 * nobody judged it. A guard judges the triggers while something else goes on, and never passes.
 */
import {
  ActivityFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  patched,
} from '@temporalio/workflow';
import type { WatchInput, WatchResult, WatchState } from '../activities/watch-types.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Criterion } from '../plan/types.ts';
import { watchers } from './activities.ts';
import { publishDetails } from './details.ts';
import { foreignVersion, foreignWrite } from './foreign-write.ts';
import { stop } from './interruption.ts';
import { callPerson, endPhase } from './journal.ts';
import { leftMs, lengthen } from './pause.ts';
import { rootMessage } from './root-message.ts';
import { candidateShare, claimedOf, type PhaseRecord, type Run } from './run.ts';

/** How long its watcher, which may wait for data past a window's end, has to report before the window is unjudged. */
const GRACE_MS = 30_000;
const MAX_NO_DATA_LIMIT_MS = 3_600_000;
/** Runs that went back before this was changed, and are open yet, did so at once. */
const GUARD_CLOCK = 'guard-clock-from-proven-traffic';

export interface Window {
  successCriteria: Criterion[];
  rollbackTriggers: Criterion[];
  /** Whether an error burst ends it, where the plan has a circuit break. */
  breaksCircuit?: boolean;
}

/** An error burst on the candidate ended the watch. */
export interface Tripped {
  reason: string;
}

/** The watcher was not running when it was replaced: what it had judged is lost, and counts as unwatched. */
const NOT_HANDED_OVER: WatchResult = { verdict: 'replaced', evidence: null, state: null };

/** Opens the record's window now; while the run is paused all of it remains. */
export function openWindow(run: Run, record: PhaseRecord, durationMs: number): void {
  run.window = record.name;
  if (run.pause === null) record.endsAtMs = Date.now() + durationMs;
  else run.pause.remainingMs = durationMs;
  publishDetails(run);
}

/**
 * Watches the record's window to its end and closes the phase as passed, or tells that an error burst ended it; all
 * else interrupts the run. The window grows by the time in which nobody watched, its end may be moved meanwhile
 * (`extend_observation`, `promote`), and while the run is paused it has none.
 */
export async function watchPhase(run: Run, record: PhaseRecord, window: Window): Promise<'passed' | Tripped> {
  try {
    return await watchToItsEnd(run, record, window);
  } finally {
    run.window = null;
  }
}

async function watchToItsEnd(run: Run, record: PhaseRecord, window: Window): Promise<'passed' | Tripped> {
  let state: WatchState | null = null;
  let startedAtMs = Date.now();
  let noDataLimitMs = run.plan.metrics.no_data_limit_ms;
  for (;;) {
    const endsAtMs: number | null = record.endsAtMs;
    const result = await watchOnce(run, record, {
      ...watchInput(run, record.name, window, noDataLimitMs),
      weights: run.weights,
      version: run.plan.version,
      ...(run.exposed === null ? {} : { exposed: run.exposed }),
      started_at_ms: startedAtMs,
      ends_at_ms: endsAtMs,
      resume: state,
    });
    record.evidence = result.evidence ?? record.evidence;
    publishDetails(run);
    switch (result.verdict) {
      case 'passed':
        if (endsAtMs === null) throw new Error(`${record.name} has no end that could be passed`);
        if (!goesOnAfter(run, record, endsAtMs)) {
          endPhase(run, record, 'passed');
          return 'passed';
        }
        startedAtMs = endsAtMs;
        state = null;
        break;
      case 'breached':
      case 'failed':
        endPhase(run, record, 'failed', result.reason);
        return stop(run, 'breach', result.reason);
      case 'drift':
        if (result.router !== null) return foreignWrite(run, result.router);
        return stop(run, 'drift', foreignVersion(claimedOf(run).candidate, result.version));
      case 'tripped':
        return { reason: result.reason };
      case 'gap':
        lengthen(run, result.grow_ms);
        record.note = `lengthened by ${formatDuration(result.grow_ms)}: ${result.reason}`;
        state = result.state;
        break;
      case 'no_data':
        holdWithoutData(run, result.reason);
        state = result.state;
        noDataLimitMs = longer(noDataLimitMs);
        break;
      case 'replaced':
        state = result.state;
    }
  }
}

/** Whether the window was moved past the end that its watcher has passed. */
function goesOnAfter(run: Run, { endsAtMs }: PhaseRecord, passedAtMs: number): boolean {
  if (run.pause !== null) return leftMs(run) > 0;
  return endsAtMs !== null && endsAtMs > passedAtMs;
}

/** One watcher's word on the window; a window that nobody judged interrupts, or is waited for. */
async function watchOnce(run: Run, record: PhaseRecord, input: WatchInput): Promise<WatchResult> {
  const scope = new CancellationScope();
  let result: WatchResult | undefined;
  const watching = scope
    .run(() => watch(run, input))
    .then((word) => {
      result = word;
      return word;
    });
  watching.catch(() => undefined);
  const { ends_at_ms: endsAtMs } = input;
  // A later end needs no handover: this watcher passes its part, and the next one takes the rest.
  const outdated = () => (endsAtMs === null ? run.pause === null : (record.endsAtMs ?? 0) < endsAtMs);
  const reported = watching.then(() => true);
  if (endsAtMs === null) {
    await Promise.race([reported, condition(() => result !== undefined || outdated())]);
  } else {
    const graceMs = GRACE_MS + input.settings.no_data_limit_ms;
    const waitMs = Math.max(1, endsAtMs + graceMs - Date.now());
    const inTime = await Promise.race([
      reported,
      condition(() => result !== undefined || outdated(), waitMs, {
        summary: `${record.name} ends, plus ${formatDuration(graceMs)} for its verdict`,
      }),
    ]);
    if (!inTime) await unjudged(run, record, () => result !== undefined);
  }
  if (result !== undefined || !outdated()) return watching;
  scope.cancel();
  return watching.catch((error: unknown) => {
    if (run.interruption === null && isCancellation(error)) return NOT_HANDED_OVER;
    throw error;
  });
}

/** The timer came before the watcher: nobody watched to the end, so nothing has passed. */
async function unjudged(run: Run, record: PhaseRecord, reported: () => boolean): Promise<void> {
  const reason = `${record.name} ended unjudged: no watcher has reported`;
  record.note = reason;
  if (candidateShare(run) === 100) return callPerson(run, 'Nobody is watching', `${reason}; traffic stays`);
  const came = await condition(reported, run.plan.metrics.no_data_limit_ms, { summary: 'last wait for a verdict' });
  if (!came) stop(run, 'no_data', reason);
}

/** `hold` at its limit: before 100 % roll back, after it stay and call a person. Returns only to go on watching. */
function holdWithoutData(run: Run, reason: string): void {
  if (run.plan.metrics.on_no_data === 'rollback' || candidateShare(run) < 100) stop(run, 'no_data', reason);
  callPerson(run, 'No data', `${reason}; traffic stays on the candidate`);
}

/**
 * One guard for the whole time from the first traffic to the decision window: shifts, approval, pauses and the moments
 * between phases are watched like the windows themselves. Idempotent.
 */
export function startGuard(run: Run): void {
  const rollbackTriggers = run.plan.phases.decision_window.rollback_triggers;
  if (run.guard !== null || rollbackTriggers.length === 0) return;
  run.guard = new CancellationScope();
  run.guard.run(() => guard(run, rollbackTriggers)).catch(() => undefined);
}

/** Its successor takes over in the same moment: the next window's watcher, or a guard that knows more. */
export function stopGuard(run: Run): void {
  run.guard?.cancel();
  run.guard = null;
}

/** Watches for an error burst alone, while something else decides how long; null: it ended without one. */
export async function watchForBurst(run: Run): Promise<Tripped | null> {
  const window: Window = { successCriteria: [], rollbackTriggers: [], breaksCircuit: true };
  const result = await watch(run, {
    ...watchInput(run, 'circuit', window, run.plan.metrics.no_data_limit_ms),
    started_at_ms: Date.now(),
    ends_at_ms: null,
    resume: null,
  });
  return result.verdict === 'tripped' ? { reason: result.reason } : null;
}

async function guard(run: Run, rollbackTriggers: Criterion[]): Promise<void> {
  let state: WatchState | null = null;
  const startedAtMs = Date.now();
  let noDataLimitMs = run.plan.metrics.no_data_limit_ms;
  for (;;) {
    const result: WatchResult = await watch(run, {
      ...watchInput(run, 'guard', { successCriteria: [], rollbackTriggers }, noDataLimitMs),
      started_at_ms: startedAtMs,
      ends_at_ms: null,
      resume: state,
    });
    if (result.verdict === 'breached') return stop(run, 'breach', result.reason);
    if (result.verdict !== 'no_data') return;
    state = result.state;
    if (!hadTraffic(run, noDataLimitMs) && patched(GUARD_CLOCK)) continue;
    holdWithoutData(run, result.reason);
    noDataLimitMs = longer(noDataLimitMs);
  }
}

/**
 * A guard's clock begins before the candidate has any traffic, since the first move takes up to the plan's deadline. Missing
 * data says something of the candidate after a whole limit of proven traffic: the state that came with it begins anew.
 */
function hadTraffic({ servingSinceMs }: Run, limitMs: number): boolean {
  return servingSinceMs !== null && Date.now() - servingSinceMs >= limitMs;
}

/** A person has been called; hours without data must not fill the history with watchers that report the same. */
function longer(noDataLimitMs: number): number {
  return Math.min(2 * noDataLimitMs, MAX_NO_DATA_LIMIT_MS);
}

async function watch(run: Run, input: WatchInput): Promise<WatchResult> {
  const end =
    input.ends_at_ms === null ? 'while the candidate has traffic' : `until ${new Date(input.ends_at_ms).toISOString()}`;
  try {
    return await watchers.watchWindow.executeWithOptions({ summary: `watch ${input.stage} ${end}` }, [input]);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    // Its worker died before it could answer the cancellation: a lost word that nobody waits for stops nothing.
    if (CancellationScope.current().consideredCancelled) {
      throw new CancelledFailure(`the watcher of ${input.stage} was lost while it was being replaced`, [], error);
    }
    return stop(run, 'failure', `${input.stage} cannot be watched: ${rootMessage(error)}`);
  }
}

function watchInput(
  run: Run,
  stage: string,
  window: Window,
  noDataLimitMs: number,
): Omit<WatchInput, 'started_at_ms' | 'ends_at_ms' | 'resume'> {
  const { active, candidate } = claimedOf(run);
  const { circuit_break } = run.plan;
  const { kind: _kind, config: _config, queries: _queries, ...settings } = run.plan.metrics;
  return {
    target: run.target,
    stage,
    candidate,
    active,
    success_criteria: window.successCriteria,
    rollback_triggers: window.rollbackTriggers,
    health_path: run.plan.smoke?.health.path ?? '/health',
    checks: run.plan.checks,
    circuit_break:
      circuit_break === null || window.breaksCircuit !== true ? null : { error_rate: circuit_break.error_rate },
    weights: null,
    baselines: run.baselines,
    settings: { ...settings, no_data_limit_ms: noDataLimitMs },
  };
}
