/** The circuit break: before the switch, an error burst stops the candidate's share at once, for a while. */
import { condition } from '@temporalio/workflow';
import { formatDuration } from '../plan/duration.ts';
import { publishDetails } from './details.ts';
import { stop } from './interruption.ts';
import { callPerson } from './journal.ts';
import { type CircuitRecord, claimedOf, type Run, weightsFor } from './run.ts';
import { converged, moveTo, writeWeights } from './traffic.ts';
import { stopGuard, type Tripped } from './watching.ts';

/**
 * Takes the share away, waits the plan's pause (or for `promote`), and gives it back. After the plan's number of
 * bursts, or when the share cannot be taken away, the run is interrupted: the rollback deals with it.
 */
export async function breakCircuit(run: Run, { reason }: Tripped, share: number): Promise<void> {
  const plan = run.plan.circuit_break;
  if (plan === null) return stop(run, 'breach', reason);
  const trips = (run.circuit?.trips ?? 0) + 1;
  if (trips >= plan.attempts) return stop(run, 'breach', `${reason}; burst ${trips} of ${plan.attempts}`);
  const circuit: CircuitRecord = { trips, openUntilMs: Date.now() + plan.pause_ms, restoring: false };
  run.circuit = circuit;
  const { exposed } = run;
  await takeAway(run, reason);
  // Without traffic there is nothing that a guard could judge.
  stopGuard(run);
  const pause = formatDuration(plan.pause_ms);
  callPerson(run, 'Error burst', `${reason}; ${share} % was stopped, burst ${trips} of ${plan.attempts}`);
  await condition(() => circuit.restoring, plan.pause_ms, { summary: `another try at ${share} % in ${pause}` });
  circuit.restoring = true;
  await moveTo(run, share, exposed);
  run.circuit = { trips, openUntilMs: null, restoring: false };
  publishDetails(run);
}

/** Returns when no share is stopped. */
export async function closedCircuit(run: Run): Promise<void> {
  await condition(() => run.circuit === null || run.circuit.openUntilMs === null);
}

async function takeAway(run: Run, reason: string): Promise<void> {
  const none = weightsFor(claimedOf(run).candidate, 0);
  const outcome = await writeWeights(run, none, 'rollback', null);
  const isWritten = outcome.kind === 'written' || outcome.kind === 'already';
  if (!isWritten) return stop(run, 'breach', reason);
  if (outcome.converged) return;
  const proven = await converged(run, none, Date.now() + run.plan.switch.deadline_ms, true);
  if (proven === null) stop(run, 'breach', `${reason}; stopping its share was not proven`);
}
