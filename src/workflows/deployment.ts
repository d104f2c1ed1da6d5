/** One deployment of one service, from the claim of its router to the clean-up of the old colour. */
import type { WorkflowDefinitionOptions } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { DeploymentInput, DeploymentResult } from './api.ts';
import { continueInLease, continueWithSuccessor, isVersioned, type LeaseInput, registerStart } from './hand-over.ts';
import { runHooks } from './hooks.ts';
import { AUTOMATIC, Interrupted, interrupt, outcomeOf } from './interruption.ts';
import { callPerson, setOutcome, setPhase, skipPhase } from './journal.ts';
import { registerMessages } from './messages.ts';
import { ended, started } from './meters.ts';
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
import { rootMessage } from './root-message.ts';
import { endingOf, newRun, type Run } from './run.ts';
import { moveWorkBack } from './scheduled-work.ts';

type Story = (run: Run) => Promise<void>;

/**
 * Ends as Completed with its outcome, or as Canceled after a cancel's rollback. It never fails by an activity's
 * error: whatever goes wrong on the way becomes a rollback with its reason. The next deployment of the service goes on
 * in the same workflow when it takes over from the lease.
 */
export async function deployment(input: DeploymentInput): Promise<DeploymentResult> {
  return perform(newRun(input), wholeStory);
}

/** The lease of a versioned deployment, which follows the current build: with the state of the run that it continues. */
export async function deploymentLease(input: LeaseInput): Promise<DeploymentResult> {
  return perform({ exposed: null, ...input.carried, guard: null, servingSinceMs: null }, leaseStory);
}

setWorkflowOptions(() => behaving('PINNED'), deployment);
setWorkflowOptions(() => behaving('AUTO_UPGRADE'), deploymentLease);

/** The server refuses a behaviour from a worker that has no deployment version. */
function behaving(versioningBehavior: 'PINNED' | 'AUTO_UPGRADE'): WorkflowDefinitionOptions {
  return isVersioned() ? { versioningBehavior } : {};
}

async function perform(run: Run, story: Story): Promise<DeploymentResult> {
  registerMessages(run);
  registerStart(run);
  treatCancelAsRollback(run);
  return CancellationScope.nonCancellable(() => settle(run, story));
}

async function wholeStory(run: Run): Promise<void> {
  started();
  await claim(run);
  await provision(run);
  await warmup(run);
  await healthCheck(run);
  await performanceValidation(run);
  await approval(run);
  await switchTraffic(run);
  await decisionWindow(run);
  await observation(run);
  if (!isVersioned()) await leaseStory(run);
}

async function leaseStory(run: Run): Promise<void> {
  await lease(run);
  if (run.successor === null) await cleanUp(run);
  else skipPhase(run, 'clean_up', 'the next deployment takes over the old colour');
}

/** Tells the story to its end, or rolls back from wherever an interruption meets it. */
async function settle(run: Run, story: Story): Promise<DeploymentResult> {
  const isTold = (await toldToTheEnd(run, story)) && (await isAnswered(run));
  if (isTold && story === wholeStory && isVersioned()) return continueInLease(run);
  if (!isTold) await undo(run);
  run.closed = true;
  const { outcome, reason } = endingOf(run);
  ended(outcome);
  setPhase(run, 'closed');
  if (isTold && run.successor !== null) return continueWithSuccessor(run.successor);
  await condition(allHandlersFinished);
  if (run.interruption?.kind === 'cancel') throw new CancelledFailure(reason);
  return { outcome, reason, version: run.plan.version, weights: run.weights };
}

/** Every message is answered before the run ends; false: one that came at the very end asks for a rollback. */
async function isAnswered(run: Run): Promise<boolean> {
  await condition(() => allHandlersFinished() || run.interruption !== null);
  return run.interruption === null;
}

/**
 * The race is what lets a rollback go at once: it does not wait for the step that it interrupts, not even for a
 * write in flight, whose fence it overtakes.
 */
async function toldToTheEnd(run: Run, story: Story): Promise<boolean> {
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
  const { interruption, state } = await rollBack(run);
  const outcome = state !== 'restored' ? 'stuck' : run.claimed === null ? 'rejected' : outcomeOf(interruption);
  setOutcome(run, outcome, interruption.reason, 'keep_failed');
  const isBack = run.claimed !== null && state === 'restored';
  const moving = isBack ? moveWorkBack(run) : null;
  if (isBack) await runHooks(run, 'on_rollback');
  await keepFailed(run);
  await moving;
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
