/** What `baseline` means once the active colour has too little traffic left to be measured. */
import { baselineMetrics } from '../decision/baseline.ts';
import type { Criterion } from '../plan/types.ts';
import { waits } from './activities.ts';
import { claimedOf, type Run } from './run.ts';

/**
 * Freezes the active colour's values into the run's evidence, right before a shift takes traffic from it. Values that
 * have no data this time keep what an earlier shift froze. Tells whether there is anything new: watchers know only
 * what was frozen before they started.
 */
export async function freezeBaselines(run: Run): Promise<boolean> {
  const metrics = metricsOf(run);
  if (metrics.length === 0) return false;
  const { window_ms, min_observations } = run.plan.metrics;
  const measured = await waits.measureBaseline.executeWithOptions({ summary: `baseline: ${metrics.join(', ')}` }, [
    { target: run.target, colour: claimedOf(run).active, metrics, window_ms, min_observations },
  ]);
  Object.assign(run.baselines, measured);
  return Object.keys(measured).length > 0;
}

/** The metrics that any criterion of the plan compares with the baseline. */
function metricsOf(run: Run): string[] {
  const { phases, observation, switch: switchPlan } = run.plan;
  const criteria: Criterion[] = [
    ...observation.rollback_triggers,
    ...switchPlan.steps.flatMap((step) => step.success_criteria),
  ];
  for (const { call } of Object.values(run.plan.checks)) if (call.kind === 'metric') criteria.push(call.criterion);
  for (const phase of Object.values(phases)) {
    if (phase !== null) criteria.push(...phase.success_criteria, ...phase.rollback_triggers);
  }
  return baselineMetrics(criteria).sort();
}
