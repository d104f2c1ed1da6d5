/** One deployment of one service, from the claim of its router to the clean-up of the old colour. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
} from '@temporalio/workflow';
import type { DeploymentInput, DeploymentResult } from './api.ts';
import { AUTOMATIC, Interrupted, interrupt, outcomeOf } from './interruption.ts';
import { callPerson, setOutcome, setPhase } from './journal.ts';
import { registerMessages } from './messages.ts';
import { approval } from './phases/approval.ts';
import { claim } from './phases/claim.ts';
import { cleanUp } from './phases/clean-up.ts';
import { keepFailed } from './phases/keep-failed.ts';
import { lease } from './phases/lease.ts';
import { provision } from './phases/provision.ts';
import { switchTraffic } from './phases/switch.ts';
import { healthCheck, performanceValidation, warmup } from './phases/validation.ts';
import { decisionWindow, observation } from './phases/windows-at-full.ts';
import { rollBack } from './rollback.ts';
import { newRun, type Run } from './run.ts';
import { rootMessage } from './traffic.ts';

/**
 * Ends as Completed with its outcome, or as Canceled after a cancel's rollback. It never fails by an activity's
 * error: whatever goes wrong on the way becomes a rollback with its reason.
 */
export async function deployment(input: DeploymentInput): Promise<DeploymentResult> {
  const run = newRun(input);
  registerMessages(run);
  treatCancelAsRollback(run);
  return CancellationScope.nonCancellable(() => settle(run));
}

async function story(run: Run): Promise<void> {
  await claim(run);
  await provision(run);
  await warmup(run);
  await healthCheck(run);
  await performanceValidation(run);
  await approval(run);
  await switchTraffic(run);
  await decisionWindow(run);
  await observation(run);
  await lease(run);
  await cleanUp(run);
}

/** Tells the story to its end, or rolls back from wherever an interruption meets it. */
async function settle(run: Run): Promise<DeploymentResult> {
  if (!(await toldToTheEnd(run))) await undo(run);
  run.closed = true;
  setPhase(run, 'closed');
  await condition(allHandlersFinished);
  if (run.interruption?.kind === 'cancel') throw new CancelledFailure(run.reason ?? 'cancelled');
  return {
    outcome: run.outcome ?? 'stuck',
    reason: run.reason ?? '',
    version: run.plan.version,
    weights: run.weights,
  };
}

/**
 * The race is what lets a rollback go at once: it does not wait for the step that it interrupts, not even for a
 * write in flight, whose fence it overtakes.
 */
async function toldToTheEnd(run: Run): Promise<boolean> {
  const scope = new CancellationScope();
  const telling = scope.run(() => story(run));
  telling.catch(() => undefined);
  try {
    await Promise.race([telling, condition(() => run.interruption !== null)]);
  } catch (error) {
    if (run.cleanUpBegun) {
      // The new version has all traffic and the old colour is going: there is no way back, and no need for one.
      callPerson(run, 'Clean-up failed', rootMessage(error));
      return true;
    }
    if (!(error instanceof Interrupted) && !isCancellation(error)) {
      interrupt(run, { kind: 'failure', by: AUTOMATIC, reason: rootMessage(error), force: false, atMs: Date.now() });
    }
  }
  if (run.interruption === null) return true;
  scope.cancel();
  return false;
}

async function undo(run: Run): Promise<void> {
  await rollBack(run);
  const { interruption, rollback } = run;
  if (interruption === null || rollback === null) return;
  const outcome = rollback.state !== 'restored' ? 'stuck' : run.claimed === null ? 'rejected' : outcomeOf(interruption);
  setOutcome(run, outcome, interruption.reason, 'keep_failed');
  await keepFailed(run);
}

/** A cancel is a rollback; once clean-up has begun it is only recorded, and the run finishes. */
function treatCancelAsRollback(run: Run): void {
  CancellationScope.current().cancelRequested.catch(() => {
    const accepted = !run.cleanUpBegun && run.interruption === null;
    run.messages.push({
      at: new Date().toISOString(),
      name: 'cancel',
      via: 'cancel',
      by: 'temporal',
      reason: null,
      request_id: null,
      accepted,
      note: accepted ? 'rolling back' : 'nothing left to roll back; finishing',
    });
    // A run that is being rolled back already only stops keeping its candidate.
    if (!accepted) run.released = true;
    else {
      interrupt(run, {
        kind: 'cancel',
        by: 'temporal',
        reason: 'the run was cancelled',
        force: false,
        atMs: Date.now(),
      });
    }
  });
}
