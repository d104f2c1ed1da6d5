/** The smoke suite: a failed check ends the deployment. */
import type { SmokePlan } from '../plan/types.ts';
import { checks } from './activities.ts';
import { stop } from './interruption.ts';
import { claimedOf, type Run } from './run.ts';

/** A line for the phase's record. */
export async function smokeSuite(run: Run, smoke: SmokePlan): Promise<string> {
  const { candidate } = claimedOf(run);
  const result = await checks.runSmoke.executeWithOptions({ summary: `smoke suite on ${candidate}` }, [
    { target: run.target, colour: candidate, smoke, version: run.plan.version },
  ]);
  if (result.ok) return `smoke: ${result.checks.length} checks passed`;
  const failed = result.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.note ?? 'failed'}`);
  return stop(run, 'breach', `smoke suite failed: ${failed.join('; ')}`);
}
