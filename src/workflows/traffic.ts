/** Traffic writes: the fenced shift, and the forward move with its proof and its deadline. */

import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { ShiftInput, ShiftOutcome } from '../activities/types.ts';
import type { RouterState } from '../adapters/types.ts';
import { formatExposure, sameExposure } from '../plan/exposure.ts';
import type { Exposure, Weights } from '../plan/types.ts';
import { formatWeights, sameWeights } from '../plan/weights.ts';
import { FIRST, mutations, waits } from './activities.ts';
import { freezeBaselines } from './baselines.ts';
import { publishDetails } from './details.ts';
import { foreignWrite } from './foreign-write.ts';
import { proceed, stop } from './interruption.ts';
import { unpaused } from './pause.ts';
import { announceUnsafety } from './rollback-safety.ts';
import { rootMessage } from './root-message.ts';
import { candidateShare, claimedOf, type Run, routedOf, weightsFor } from './run.ts';
import { startGuard, stopGuard } from './watching.ts';
import { within } from './within.ts';

/** One write attempt's bound when nothing else limits it: a mutation is under 5 s. */
const WRITE_TIMEOUT_MS = 5_000;
const ROLLBACK_WRITE_TIMEOUT_MS = 2_000;
/** Up to here the old colour keeps half its traffic, enough to be measured beside the candidate. */
const STARVING_SHARE = 50;

/**
 * Takes the next step of the fence and writes the weights, and what is exposed beside them: nothing, unless it is
 * given. So a write back takes away in itself whatever a phase had exposed. Awaited to its end and never cancelled midway: whether it
 * happened must be known. A rollback's write has no limit in time; a forward one is given up at `deadlineMs`.
 */
export async function writeWeights(
  run: Run,
  weights: Weights,
  mode: ShiftInput['mode'],
  deadlineMs: number | null,
  exposure: Exposure | null = null,
): Promise<ShiftOutcome> {
  const claimed = claimedOf(run);
  run.step += 1;
  const step = run.step;
  const input: ShiftInput = {
    target: run.target,
    weights,
    ...(exposure === null ? {} : { expose: { ...exposure, colour: claimed.candidate } }),
    expected_revision: routedOf(run).revision,
    fence: { ...claimed.fence, step },
    full_size: claimed.fullSize,
    old_colour: claimed.active,
    ...(mode === 'forward' ? { version: run.plan.version } : {}),
    mode,
  };
  const outcome = await CancellationScope.nonCancellable(() =>
    mutations.shiftTraffic.executeWithOptions(
      {
        startToCloseTimeout: deadlineMs === null ? ROLLBACK_WRITE_TIMEOUT_MS : WRITE_TIMEOUT_MS,
        ...(deadlineMs !== null && { scheduleToCloseTimeout: Math.max(1, deadlineMs - Date.now()) }),
        ...(mode === 'forward' ? {} : { priority: FIRST }),
        summary: `${mode === 'forward' ? 'shift' : 'put back'}: ${formatWeights(weights)}${exposure === null ? '' : `; ${exposureSummary(exposure)}`}`,
      },
      [input],
    ),
  );
  if ((outcome.kind === 'written' || outcome.kind === 'already') && step > run.appliedStep) {
    run.appliedStep = step;
    run.weights = outcome.state.weights;
    run.revision = outcome.state.revision;
    run.exposed = exposure;
    publishDetails(run);
  }
  return outcome;
}

/** The server bounds a summary at 200 bytes. */
function exposureSummary(exposure: Exposure): string {
  return formatExposure(exposure).slice(0, 120);
}

/**
 * Moves the candidate to `share` percent, exposes what is given beside it and nothing else, and returns when the move is proven; from the first traffic on, the guard
 * judges the triggers. The old colour's values are frozen before a move that leaves it too little traffic to measure
 * them. Not proven within the plan's deadline, refused for lack of capacity, or met by a foreign write: the
 * deployment is interrupted.
 */
export async function moveTo(run: Run, share: number, exposure: Exposure | null = null): Promise<void> {
  if (candidateShare(run) === share && sameExposure(run.exposed, exposure)) return;
  await unpaused(run);
  const frozen = share > STARVING_SHARE && (await freezeBaselines(run));
  // A guard knows only the baselines frozen before it; at 100 % the decision window's watcher follows at once.
  if (frozen && share < 100) stopGuard(run);
  // What is only exposed is no production traffic, and may be none at all.
  if (share > 0) startGuard(run);
  if (candidateShare(run) === 0) run.servingSinceMs = null;
  await writeForward(run, share, exposure);
  run.servingSinceMs = share === 0 ? null : (run.servingSinceMs ?? Date.now());
  if (share === 100) {
    run.fullAtMs = Date.now();
    announceUnsafety(run);
  }
}

/** Before something that no phase is about: what a phase exposed ends with it. */
export async function conceal(run: Run): Promise<void> {
  if (run.exposed !== null) await moveTo(run, candidateShare(run));
}

async function writeForward(run: Run, share: number, exposure: Exposure | null): Promise<void> {
  proceed(run);
  const weights = weightsFor(claimedOf(run).candidate, share);
  const deadlineMs = Date.now() + run.plan.switch.deadline_ms;
  const late = `the shift to ${share} % was not proven within ${run.plan.switch.deadline_ms / 1000} s`;
  const outcome = await writeWeights(run, weights, 'forward', deadlineMs, exposure).catch((error: unknown) =>
    stop(run, 'failure', `${late}: ${rootMessage(error)}`),
  );
  switch (outcome.kind) {
    case 'superseded':
    case 'conflict':
      return foreignWrite(run, outcome.state);
    case 'short':
      return stop(run, 'failure', outcome.note);
    case 'written':
    case 'already':
      if (!outcome.converged) await proveConverged(run, weights, deadlineMs, late);
  }
}

async function proveConverged(run: Run, weights: Weights, deadlineMs: number, late: string): Promise<void> {
  const state = await converged(run, weights, deadlineMs);
  if (state === null) return stop(run, 'failure', late);
  if (!sameWeights(state.weights, weights) || !isExposed(run, state)) return foreignWrite(run, state);
}

/** Whether what this run exposed still stands; a router is asked only when it exposed anything. */
function isExposed(run: Run, { exposed }: RouterState): boolean {
  return run.exposed === null || sameExposure(run.exposed, exposed ?? null);
}

/** The router's state once new requests follow `weights`, or once it holds other weights; null: neither in time. */
export async function converged(
  run: Run,
  weights: Weights,
  deadlineMs: number,
  urgent = false,
): Promise<RouterState | null> {
  return within(Math.max(1, deadlineMs - Date.now()), 'deadline of the shift', () =>
    waits.awaitConverged.executeWithOptions({ summary: `prove: ${formatWeights(weights)}` }, [
      { target: run.target, weights, ...(urgent ? { urgent } : {}) },
    ]),
  );
}

/**
 * One look before a conclusion that rests on the traffic: the router's state when somebody else has put other weights
 * in place of this run's. Null: nobody has, or the router cannot be read now.
 */
export async function foreignState(run: Run): Promise<RouterState | null> {
  const { weights } = routedOf(run);
  const state = await waits.awaitConverged
    .executeWithOptions(
      { summary: `still ${formatWeights(weights)}?`, scheduleToCloseTimeout: run.plan.switch.deadline_ms },
      [{ target: run.target, weights }],
    )
    .catch((error: unknown) => {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      return null;
    });
  proceed(run);
  return state === null || sameWeights(state.weights, weights) ? null : state;
}
