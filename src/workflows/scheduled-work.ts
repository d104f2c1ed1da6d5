/** CronJobs and consumers that only one colour may run: they go where all traffic has gone, both ways. */
import { ActivityFailure, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { ScheduledWorkResult } from '../activities/types.ts';
import { movesScheduledWork, namesOfWork } from '../plan/scheduled-work.ts';
import type { Colour } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';
import { scheduledWork } from './activities.ts';
import { stop } from './interruption.ts';
import { callPerson } from './journal.ts';
import { rootMessage } from './root-message.ts';
import { claimedOf, type Run } from './run.ts';

/** A pass takes a second or two; after this long somebody should know that it does not end. */
const SLOW_MS = 15_000;
/** Until the next try of what was refused: somebody has to mend it first. */
const NEXT_TRY_MS = 60_000;

/** What keeps work from being moved is told to `trouble`; once `isOver` nobody waits for it any more. */
interface Patience {
  trouble(why: string): void;
  isOver(): boolean;
}

/** Before anything is deployed to the standby colour, so that the candidate never runs any of it before the switch. */
export async function keepWorkOnActive(run: Run): Promise<void> {
  if (!movesScheduledWork(run.plan)) return;
  const { active } = claimedOf(run);
  const result = await move(run, active, run.plan.provision_timeout_ms);
  if (result.kind === 'superseded') stop(run, 'failure', result.note);
}

/** Once all traffic is proven to be the candidate's. What cannot be moved is held: a person is called, who may promote past it. */
export async function moveWorkToCandidate(run: Run): Promise<void> {
  if (!movesScheduledWork(run.plan)) return;
  const { candidate } = claimedOf(run);
  const result = await moveAtLast(run, candidate, {
    trouble(why) {
      run.heldHook ??= 'held';
      const further = 'it is tried again until it succeeds, or `promote` goes on without it';
      callPerson(run, 'Scheduled work is held', `not moved to ${candidate}: ${why}; ${further}`);
    },
    isOver: () => run.heldHook === 'promoted',
  });
  run.heldHook = null;
  tellWhatIsLeft(run, candidate, result);
}

/**
 * Once a rollback's traffic is back; nothing of the rollback waits for it but the run's end. It is tried without limit, until
 * a person lets go of it: `release`, after the call.
 */
export async function moveWorkBack(run: Run): Promise<void> {
  // No traffic was moved: no work was, either.
  if (!movesScheduledWork(run.plan) || run.step === 0) return;
  const { active } = claimedOf(run);
  let releasesBefore: number | null = null;
  const result = await moveAtLast(run, active, {
    trouble(why) {
      releasesBefore ??= releases(run);
      const further = 'it is tried again until it succeeds, or `release` goes on without it';
      callPerson(run, 'Scheduled work is not back', `not moved to ${active}: ${why}; ${further}`);
    },
    isOver: () => releasesBefore !== null && releases(run) > releasesBefore,
  });
  tellWhatIsLeft(run, active, result);
}

function releases({ messages }: Run): number {
  return messages.filter(({ name, accepted }) => name === 'release' && accepted).length;
}

function tellWhatIsLeft(run: Run, colour: Colour, result: ScheduledWorkResult | null): void {
  if (result?.kind === 'superseded') callPerson(run, 'Scheduled work was not moved', result.note);
  if (result?.kind !== 'moved' || result.left.length === 0) return;
  const names = namesOfWork(result.left);
  callPerson(run, 'Scheduled work stays suspended', `${names} of ${colour}: suspended before Cutover came`);
}

/** Null: it is over before it was done. */
async function moveAtLast(run: Run, colour: Colour, patience: Patience): Promise<ScheduledWorkResult | null> {
  for (;;) {
    const result = await attempt(run, colour, patience);
    if (result !== 'refused') return result;
    if (await condition(patience.isOver, NEXT_TRY_MS, { summary: 'next try at scheduled work' })) return null;
  }
}

/** An answer that does not come is waited for, with a person called; the activity is tried all the while. */
async function attempt(
  run: Run,
  colour: Colour,
  { trouble, isOver }: Patience,
): Promise<ScheduledWorkResult | 'refused' | null> {
  const scope = new CancellationScope();
  let isSettled = false;
  const moving = scope
    .run(() => move(run, colour))
    .finally(() => {
      isSettled = true;
    });
  moving.catch(() => undefined);
  const summary = 'call a person if scheduled work is not moved';
  const isEnough = () => isSettled || isOver();
  if (!(await condition(isEnough, SLOW_MS, { summary }))) {
    trouble('the platform or the router does not answer');
    await condition(isEnough);
  }
  if (!isSettled) {
    scope.cancel();
    return null;
  }
  try {
    return await moving;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    trouble(rootMessage(error));
    return 'refused';
  }
}

/** With the fence of the last traffic write: whoever comes with an earlier one is too late. */
function move(run: Run, active: Colour, limitMs?: number): Promise<ScheduledWorkResult> {
  const fence = { ...claimedOf(run).fence, step: run.appliedStep };
  return scheduledWork.moveScheduledWork.executeWithOptions(
    {
      summary: `scheduled work: not on ${otherColour(active)}, on ${active}`,
      ...(limitMs !== undefined && { scheduleToCloseTimeout: limitMs }),
    },
    [{ target: run.target, active, fence }],
  );
}
