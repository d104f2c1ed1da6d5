/** All traffic to the candidate: at once, or step by step, each step proven and watched. */
import { formatDuration } from '../../plan/duration.ts';
import type { SwitchStep } from '../../plan/types.ts';
import { mutations } from '../activities.ts';
import { runHooks } from '../hooks.ts';
import { beginPhase, endPhase, setPhase, tell } from '../journal.ts';
import { unpaused } from '../pause.ts';
import { readyOrStop } from '../readiness.ts';
import { candidateShare, claimedOf, type Run } from '../run.ts';
import { moveWorkToCandidate } from '../scheduled-work.ts';
import { smokeSuite } from '../smoke.ts';
import { conceal, moveTo } from '../traffic.ts';
import { openWindow, watchPhase } from '../watching.ts';

export async function switchTraffic(run: Run): Promise<void> {
  const record = beginPhase(run, 'switch', null);
  await unpaused(run);
  if (run.exposed !== null && isPrepared(run)) await conceal(run);
  await growToFullSize(run);
  await runHooks(run, 'before_switch');
  const steps = stepsOf(run);
  for (const [index, step] of steps.entries()) {
    record.note = `step ${index + 1} of ${steps.length}: ${step.share} %`;
    await moveTo(run, step.share);
    record.share = step.share;
    if (step.smoke === true && run.plan.smoke !== null) await smokeSuite(run, run.plan.smoke);
    if (step.share < 100) await watchStep(run, step);
  }
  await moveWorkToCandidate(run);
  await runHooks(run, 'after_switch');
  endPhase(run, record, 'passed', `100 % on ${claimedOf(run).candidate}`);
  tell(run, 'Switched', `all traffic of ${run.plan.service} goes to ${run.plan.version}`);
}

/** Whether anything comes before the first shift, which takes away what the last phase exposed. */
function isPrepared({ plan }: Run): boolean {
  return plan.capacity.switch_percent > plan.capacity.validation_percent || plan.hooks.before_switch.length > 0;
}

/**
 * A share only rises: steps that the candidate has passed already are left out. The validation before 100 % is never
 * left out: it is held at the share that the candidate has.
 */
function stepsOf(run: Run): SwitchStep[] {
  const share = candidateShare(run);
  const { strategy, steps } = run.plan.switch;
  const ahead = steps.filter((step) => step.share > share);
  const [validation] = steps;
  const isHeld = strategy === 'validation' && validation !== undefined && !ahead.includes(validation);
  return isHeld ? [{ ...validation, share }, ...ahead] : ahead;
}

/** The candidate may have been validated at a reduced size; it takes the switch at the active colour's. */
async function growToFullSize(run: Run): Promise<void> {
  const { candidate, fullSize } = claimedOf(run);
  const { validation_percent, switch_percent } = run.plan.capacity;
  if (switch_percent <= validation_percent) return;
  const askedAtMs = Date.now();
  const size = Math.max(1, Math.ceil((fullSize * switch_percent) / 100));
  await mutations.scaleColour.executeWithOptions(
    { summary: `${candidate} × ${size}`, scheduleToCloseTimeout: run.plan.provision_timeout_ms },
    [{ target: run.target, colour: candidate, size }],
  );
  await readyOrStop(run, candidate, size, askedAtMs);
}

async function watchStep(run: Run, step: SwitchStep): Promise<void> {
  const record = run.phases.switch;
  openWindow(run, record, step.duration_ms);
  const note = `${step.share} % for ${formatDuration(step.duration_ms)}`;
  record.note = note;
  await watchPhase(run, record, {
    successCriteria: step.success_criteria,
    rollbackTriggers: run.plan.phases.decision_window.rollback_triggers,
  });
  record.state = 'running';
  record.endsAtMs = null;
  record.endedAtMs = null;
  setPhase(run, 'switch');
}
