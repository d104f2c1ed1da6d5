/** After a rollback: the candidate is kept a while to be looked at, then scaled to 0. */
import { condition } from '@temporalio/workflow';
import { mutations, waits } from '../activities.ts';
import { callPerson } from '../journal.ts';
import { rootMessage } from '../root-message.ts';
import { candidateShare, claimedOf, type Run } from '../run.ts';

const GIVE_UP_AFTER = '10m';

/**
 * Ends early by `release`, and at once for a cancelled run. A candidate that still has traffic, or that may belong to
 * another deployment by now, is left alone.
 */
export async function keepFailed(run: Run): Promise<void> {
  if (run.claimed === null || run.interruption?.kind === 'superseded') return;
  if (run.phases.provision.startedAtMs === null || candidateShare(run) > 0) return;
  const colour = { target: run.target, colour: claimedOf(run).candidate };
  const endsAtMs = Date.now() + run.plan.keep_failed_ms;
  await waits.awaitDrained.executeWithOptions({ summary: `drain ${colour.colour}` }, [
    { ...colour, deadline_ms: Date.now() + run.plan.switch.drain_ms },
  ]);
  const remainingMs = endsAtMs - Date.now();
  const done = () => run.released || run.interruption?.kind === 'cancel';
  if (remainingMs > 0) await condition(done, remainingMs, { summary: `keep the failed ${colour.colour}` });
  // A cancelled run is not held up by a pause.
  await condition(() => run.pause === null || run.interruption?.kind === 'cancel');
  try {
    await mutations.scaleColour.executeWithOptions(
      { summary: `${colour.colour} × 0`, scheduleToCloseTimeout: GIVE_UP_AFTER },
      [{ ...colour, size: 0, fence: claimedOf(run).fence }],
    );
  } catch (error) {
    callPerson(run, 'The failed candidate is still there', rootMessage(error));
  }
}
