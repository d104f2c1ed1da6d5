/** N of M named people, within a time; the guard goes on watching the candidate's share. */
import { condition } from '@temporalio/workflow';
import { stop } from '../interruption.ts';
import { beginPhase, endPhase, skipPhase, tell } from '../journal.ts';
import type { Run } from '../run.ts';

/** Rejection comes as an interruption from the message handler; a timeout is decided here, as the plan says. */
export async function approval(run: Run): Promise<void> {
  const plan = run.plan.approval;
  if (plan === null) return skipPhase(run, 'approval', 'not in the plan');
  const record = beginPhase(run, 'approval', plan.timeout_ms);
  const pending = { state: 'pending' as const, approvedBy: [], expiresAtMs: record.endsAtMs ?? 0 };
  run.approval = pending;
  tell(run, 'Approval wanted', `${plan.required} of ${plan.approvers.join(', ')}`);
  const approved = await condition(() => run.approval?.state === 'approved', plan.timeout_ms, {
    summary: 'approval expires',
  });
  if (approved) return endPhase(run, record, 'passed', `approved by ${run.approval.approvedBy.join(', ')}`);
  run.approval.state = 'timed_out';
  if (plan.on_timeout === 'continue') return endPhase(run, record, 'passed', 'nobody answered; the plan says continue');
  endPhase(run, record, 'failed', 'nobody answered in time');
  return stop(run, 'reject', 'the approval was not given in time');
}
