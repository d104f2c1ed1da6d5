/** Warmup, health check and performance validation: a share, a window, criteria. */
import type { SmokePlan } from '../../plan/types.ts';
import { breakCircuit } from '../circuit.ts';
import { beginPhase, endPhase, skipPhase } from '../journal.ts';
import type { Run } from '../run.ts';
import { smokeSuite } from '../smoke.ts';
import { conceal, moveTo } from '../traffic.ts';
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
  if (plan === null && run.exposed !== null) await conceal(run);
  if (smoke !== null) record.note = await smokeSuite(run, smoke);
  if (plan === null) return endPhase(run, record, 'passed');
  const share = plan.traffic_percentage;
  await moveTo(run, share, plan.expose ?? null);
  record.share = share;
  if (plan.expose !== undefined) record.exposed = plan.expose;
  for (;;) {
    openWindow(run, record, plan.duration_ms);
    const end = await watchPhase(run, record, {
      successCriteria: plan.success_criteria,
      // Without traffic there is nothing that a trigger could measure.
      rollbackTriggers: share === 0 ? [] : plan.rollback_triggers,
      breaksCircuit: share > 0,
    });
    if (end === 'passed') return;
    record.endsAtMs = null;
    record.note = `error burst: ${end.reason}; the phase began anew`;
    await breakCircuit(run, end, share);
  }
}
