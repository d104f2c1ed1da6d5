/** The two windows at 100 %: the decision window, and the observation, which people may lengthen or shorten. */
import { foreignWrite } from '../foreign-write.ts';
import { beginPhase, setOutcome, skipPhase } from '../journal.ts';
import type { Run } from '../run.ts';
import { foreignState } from '../traffic.ts';
import { openWindow, stopGuard, watchPhase } from '../watching.ts';

export async function decisionWindow(run: Run): Promise<void> {
  const plan = run.plan.phases.decision_window;
  const record = beginPhase(run, 'decision_window', null);
  openWindow(run, record, plan.duration_ms);
  // Its own watcher starts in this very moment.
  stopGuard(run);
  await watchPhase(run, record, {
    successCriteria: plan.success_criteria,
    rollbackTriggers: plan.rollback_triggers,
  });
}

export async function observation(run: Run): Promise<void> {
  const plan = run.plan.observation;
  if (plan.duration_ms === 0) skipPhase(run, 'observation', 'its duration is 0');
  else {
    const record = beginPhase(run, 'observation', null);
    openWindow(run, record, plan.duration_ms);
    await watchPhase(run, record, { successCriteria: [], rollbackTriggers: plan.rollback_triggers });
  }
  const foreign = await foreignState(run);
  if (foreign !== null) return foreignWrite(run, foreign);
  setOutcome(run, 'succeeded', `${run.plan.version} has all traffic and passed its observation`, 'lease');
}
