/** The old colour is kept, and kept healthy, so that rollback needs no redeploy. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { mutations, waits, watchers } from '../activities.ts';
import { publishDetails } from '../details.ts';
import { beginPhase, callPerson, endPhase, skipPhase, tell } from '../journal.ts';
import { claimedOf, type Run } from '../run.ts';
import { rootMessage } from '../traffic.ts';

/** Ends by time or by `release`. */
export async function lease(run: Run): Promise<void> {
  const durationMs = run.plan.lease.duration_ms;
  if (durationMs === 0) return skipPhase(run, 'lease', 'its duration is 0');
  const record = beginPhase(run, 'lease', durationMs);
  run.lease = { endsAtMs: record.endsAtMs ?? 0, oldHealthy: true };
  tell(run, 'Succeeded', `${run.plan.version}; the old colour is kept for rollback`);
  const scope = new CancellationScope();
  scope
    .run(() => keepHealthy(run))
    .catch((error: unknown) => {
      if (!isCancellation(error)) callPerson(run, 'The old colour is not watched', rootMessage(error));
    });
  const released = await condition(() => run.released, durationMs, { summary: 'lease ends' });
  scope.cancel();
  endPhase(run, record, 'passed', released ? 'released' : 'its time was over');
}

/** Watches the old colour; when it loses instances asks for them again, and says so. */
async function keepHealthy(run: Run): Promise<never> {
  const { active, fullSize } = claimedOf(run);
  const colour = { target: run.target, colour: active };
  for (;;) {
    const state = await watchers.watchKept.executeWithOptions({ summary: `keep ${active} × ${fullSize} ready` }, [
      { ...colour, size: fullSize },
    ]);
    setHealthy(run, false);
    callPerson(
      run,
      'The old colour is not ready',
      `${active}: ${state.ready} of ${fullSize} instances; scaling it up again`,
    );
    await mutations.scaleColour.executeWithOptions({ summary: `${active} × ${fullSize}` }, [
      { ...colour, size: fullSize },
    ]);
    await waits.awaitReady({ ...colour, version: state.version, size: fullSize });
    setHealthy(run, true);
  }
}

function setHealthy(run: Run, healthy: boolean): void {
  if (run.lease !== null) run.lease.oldHealthy = healthy;
  publishDetails(run);
}
