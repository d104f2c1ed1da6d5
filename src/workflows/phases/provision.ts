/** The candidate's version on the standby colour, at its validation size, ready; without work that only one colour may run. */

import { mutations } from '../activities.ts';
import { beginPhase, endPhase } from '../journal.ts';
import { readyOrStop } from '../readiness.ts';
import { claimedOf, type Run } from '../run.ts';
import { keepWorkOnActive } from '../scheduled-work.ts';
import { conceal } from '../traffic.ts';

export async function provision(run: Run): Promise<void> {
  const record = beginPhase(run, 'provision', null);
  // Left over from a run that was terminated: it must not reach what is now put there.
  if (run.exposed !== null) await conceal(run);
  const { candidate, fullSize } = claimedOf(run);
  await keepWorkOnActive(run);
  const askedAtMs = Date.now();
  const size = Math.max(1, Math.ceil((fullSize * run.plan.capacity.validation_percent) / 100));
  await mutations.deployVersion.executeWithOptions(
    { summary: `${run.plan.version} on ${candidate} × ${size}`, scheduleToCloseTimeout: run.plan.provision_timeout_ms },
    [{ target: run.target, colour: candidate, version: run.plan.version, size }],
  );
  const state = await readyOrStop(run, candidate, size, askedAtMs);
  endPhase(run, record, 'passed', `${state.ready} of ${size} instances ready on ${candidate}`);
}
