/** All traffic to the candidate: at once, or step by step, each step proven and watched. */
import { formatDuration } from '../../plan/duration.ts';
import type { SwitchStep } from '../../plan/types.ts';
import { mutations } from '../activities.ts';
import { beginPhase, endPhase, setPhase, tell } from '../journal.ts';
import { readyOrStop } from '../readiness.ts';
import { candidateShare, claimedOf, type Run } from '../run.ts';
import { moveTo } from '../traffic.ts';
import { openWindow, watchPhase } from '../watching.ts';

export async function switchTraffic(run: Run): Promise<void> {
  const record = beginPhase(run, 'switch', null);
  await growToFullSize(run);
  const steps = run.plan.switch.steps;
  for (const [index, step] of steps.entries()) {
    if (step.share <= candidateShare(run)) continue;
    record.note = `step ${index + 1} of ${steps.length}: ${step.share} %`;
    await moveTo(run, step.share);
    record.share = step.share;
    if (step.share < 100) await watchStep(run, step);
  }
  endPhase(run, record, 'passed', `100 % on ${claimedOf(run).candidate}`);
  tell(run, 'Switched', `all traffic of ${run.plan.service} goes to ${run.plan.version}`);
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
  openWindow(record, step.duration_ms);
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
