/** The old colour is removed, after proof that nothing reaches it. */
import { mutations, waits } from '../activities.ts';
import { proceed } from '../interruption.ts';
import { beginPhase, endPhase } from '../journal.ts';
import { claimedOf, type Run } from '../run.ts';

/** Rollback is possible until the proof is there; from then on it is refused. */
export async function cleanUp(run: Run): Promise<void> {
  const record = beginPhase(run, 'clean_up', null);
  const colour = { target: run.target, colour: claimedOf(run).active };
  const { proof } = await waits.proveNoTraffic.executeWithOptions(
    { summary: `prove that ${colour.colour} gets no traffic` },
    [colour],
  );
  proceed(run);
  record.note = proof;
  run.cleanUpBegun = true;
  await mutations.removeColour.executeWithOptions({ summary: `remove ${colour.colour}` }, [colour]);
  endPhase(run, record, 'passed');
}
