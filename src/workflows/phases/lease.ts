/** The old colour is kept, and kept healthy, so that rollback needs no redeploy. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { KeptInput, Scaled } from '../../activities/types.ts';
import { mutations, waits, watchers } from '../activities.ts';
import { publishDetails } from '../details.ts';
import { foreignVersion } from '../foreign-write.ts';
import { beginPhase, callPerson, endPhase, skipPhase, tell } from '../journal.ts';
import { unpaused } from '../pause.ts';
import { rootMessage } from '../root-message.ts';
import { claimedOf, type PhaseRecord, type Run } from '../run.ts';

type Kept = NonNullable<Run['lease']>;

/** Ends by time, by `release`, or when the next deployment of the service takes over: that one needs the old colour. */
export async function lease(run: Run): Promise<void> {
  const durationMs = run.plan.lease.duration_ms;
  if (durationMs === 0) return skipPhase(run, 'lease', 'its duration is 0');
  const record = beginPhase(run, 'lease', durationMs);
  const kept: Kept = { endsAtMs: Date.now() + durationMs, oldHealthy: true, size: claimedOf(run).fullSize };
  run.lease = kept;
  tell(run, 'Succeeded', `${run.plan.version}; the old colour is kept for rollback`);
  const scope = new CancellationScope();
  scope
    .run(() => keep(run, record, kept))
    .catch((error: unknown) => {
      if (!isCancellation(error)) callPerson(run, 'The old colour is not watched', rootMessage(error));
    });
  await condition(() => run.released || run.successor !== null, durationMs, { summary: 'lease ends' });
  scope.cancel();
  endPhase(run, record, 'passed', record.note === null ? endOf(run) : `${endOf(run)}; ${record.note}`);
}

function endOf(run: Run): string {
  if (run.successor !== null) return `taken over by the deployment of ${run.successor.plan.version}`;
  return run.released ? 'released' : 'its time was over';
}

async function keep(run: Run, record: PhaseRecord, kept: Kept): Promise<void> {
  await shrink(run, record, kept);
  await keepHealthy(run, kept);
}

/**
 * To the plan's share of what the colour had, or to what the platform wants kept of it, once its last requests have ended; a
 * rollback scales it up again first.
 */
async function shrink(run: Run, record: PhaseRecord, kept: Kept): Promise<void> {
  const percent = run.plan.lease.shrink_to_percent;
  const { active, fullSize } = claimedOf(run);
  const size = percent === null ? fullSize : Math.ceil((fullSize * percent) / 100);
  if (size >= fullSize) return;
  await unpaused(run);
  const colour = { target: run.target, colour: active };
  await waits.awaitDrained.executeWithOptions({ summary: `drain ${active}` }, [
    { ...colour, deadline_ms: Date.now() + run.plan.switch.drain_ms },
  ]);
  await unpaused(run);
  // Before it is asked for: a rollback that comes in between must know that the colour may be small already.
  kept.size = size;
  const scaled: Scaled | undefined = await mutations.scaleColour.executeWithOptions(
    { summary: `keep ${active} × ${size} of ${fullSize}` },
    [{ ...colour, size, kept_of: fullSize }],
  );
  // A worker of an earlier version answers nothing.
  const held = scaled?.size ?? size;
  if (held > size) {
    kept.size = held;
    record.note = `${active} is kept × ${held}, not × ${size}: ${scaled?.note}`;
  }
  publishDetails(run);
}

/**
 * Watches the old colour; when it loses instances asks for them again, and says so. Says once, too, when somebody has put
 * another version on the new one: the deployment has succeeded, so what is there is theirs.
 */
async function keepHealthy(run: Run, kept: Kept): Promise<void> {
  const { active, candidate } = claimedOf(run);
  const { size } = kept;
  if (size === 0) return;
  const colour = { target: run.target, colour: active };
  let serving: KeptInput['serving'] = { colour: candidate, version: run.plan.version };
  for (;;) {
    const state = await watchers.watchKept.executeWithOptions({ summary: `keep ${active} × ${size} ready` }, [
      { ...colour, size, ...(serving === undefined ? {} : { serving }) },
    ]);
    if (state.colour !== active) {
      callPerson(run, 'Drift', `${foreignVersion(state.colour, state.version)}; the traffic stays there`);
      serving = undefined;
      continue;
    }
    setHealthy(run, kept, false);
    callPerson(
      run,
      'The old colour is not ready',
      `${active}: ${state.ready} of ${size} instances; scaling it up again`,
    );
    await mutations.scaleColour.executeWithOptions({ summary: `${active} × ${size}` }, [{ ...colour, size }]);
    await waits.awaitReady({ ...colour, version: state.version, size });
    setHealthy(run, kept, true);
  }
}

function setHealthy(run: Run, kept: Kept, healthy: boolean): void {
  kept.oldHealthy = healthy;
  publishDetails(run);
}
