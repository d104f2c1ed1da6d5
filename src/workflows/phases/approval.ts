/** N of M named people, within a time; the guard goes on watching the candidate's share. */
import { CancellationScope, condition } from '@temporalio/workflow';
import { breakCircuit, closedCircuit } from '../circuit.ts';
import { publishDetails } from '../details.ts';
import { digestOf } from '../digest.ts';
import { stop } from '../interruption.ts';
import { beginPhase, endPhase, skipPhase, tell } from '../journal.ts';
import { candidateShare, type Run } from '../run.ts';
import { conceal } from '../traffic.ts';
import { watchForBurst } from '../watching.ts';

/** Rejection comes as an interruption from the message handler; a timeout is decided here, as the plan says. */
export async function approval(run: Run): Promise<void> {
  const plan = run.plan.approval;
  if (plan === null) return skipPhase(run, 'approval', 'not in the plan');
  if (run.exposed !== null) await conceal(run);
  // Frozen before the phase begins: what is approved does not depend on when it is looked at.
  const digest = digestOf(run);
  const record = beginPhase(run, 'approval', plan.timeout_ms);
  run.approval = { state: 'pending', approvedBy: [], expiresAtMs: Date.now() + plan.timeout_ms, digest };
  publishDetails(run);
  tell(run, 'Approval wanted', `${plan.required} of ${plan.approvers.join(', ')}`);
  const bursts = new CancellationScope();
  bursts.run(() => breakOnBursts(run)).catch(() => undefined);
  const approved = await condition(() => run.approval?.state === 'approved', plan.timeout_ms, {
    summary: 'approval expires',
  });
  if (approved) await closedCircuit(run);
  bursts.cancel();
  if (approved) return endPhase(run, record, 'passed', `approved by ${run.approval.approvedBy.join(', ')}`);
  run.approval.state = 'timed_out';
  if (plan.on_timeout === 'continue') {
    await closedCircuit(run);
    return endPhase(run, record, 'passed', 'nobody answered; the plan says continue');
  }
  endPhase(run, record, 'failed', 'nobody answered in time');
  return stop(run, 'reject', 'the approval was not given in time');
}

/** While people think about it, an error burst stops the share as it does in the phases before. */
async function breakOnBursts(run: Run): Promise<void> {
  if (run.plan.circuit_break === null) return;
  for (;;) {
    const share = candidateShare(run);
    if (share === 0) return;
    const tripped = await watchForBurst(run);
    if (tripped === null) return;
    await breakCircuit(run, tripped, share);
  }
}
