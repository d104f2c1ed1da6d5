/** Warmup, health check and performance validation: a share, a window, criteria. */
import type { SmokePlan } from '../../plan/types.ts';
import { checks } from '../activities.ts';
import { stop } from '../interruption.ts';
import { beginPhase, endPhase, skipPhase } from '../journal.ts';
import { claimedOf, type Run } from '../run.ts';
import { moveTo } from '../traffic.ts';
import { openWindow, watchPhase } from '../watching.ts';

type ValidationPhase = 'warmup' | 'health_check' | 'performance_validation';

export async function warmup(run: Run): Promise<void> {
  await validationPhase(run, 'warmup', null);
}

/** The smoke suite runs first, then the share is watched. */
export async function healthCheck(run: Run): Promise<void> {
  await validationPhase(run, 'health_check', run.plan.smoke);
}

export async function performanceValidation(run: Run): Promise<void> {
  await validationPhase(run, 'performance_validation', null);
}

async function validationPhase(run: Run, name: ValidationPhase, smoke: SmokePlan | null): Promise<void> {
  const plan = run.plan.phases[name];
  if (plan === null && smoke === null) return skipPhase(run, name, 'not in the plan');
  const record = beginPhase(run, name, null);
  if (smoke !== null) record.note = await smokeSuite(run, smoke);
  if (plan === null) return endPhase(run, record, 'passed');
  await moveTo(run, plan.traffic_percentage);
  record.share = plan.traffic_percentage;
  openWindow(record, plan.duration_ms);
  await watchPhase(run, record, {
    successCriteria: plan.success_criteria,
    // Without traffic there is nothing that a trigger could measure.
    rollbackTriggers: plan.traffic_percentage === 0 ? [] : plan.rollback_triggers,
  });
}

async function smokeSuite(run: Run, smoke: SmokePlan): Promise<string> {
  const { candidate } = claimedOf(run);
  const result = await checks.runSmoke.executeWithOptions({ summary: `smoke suite on ${candidate}` }, [
    { target: run.target, colour: candidate, smoke, version: run.plan.version },
  ]);
  if (result.ok) return `smoke: ${result.checks.length} checks passed`;
  const failed = result.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.note ?? 'failed'}`);
  return stop(run, 'breach', `smoke suite failed: ${failed.join('; ')}`);
}
