/** The old colour is removed, after proof that nothing reaches it. */
import { mutations, waits } from '../activities.ts';
import { proceed } from '../interruption.ts';
import { beginPhase, callPerson, endPhase } from '../journal.ts';
import { claimedOf, type Run } from '../run.ts';
import { foreignWeights, shown } from '../traffic.ts';

/** Rollback is possible until the proof is there; from then on it is refused. */
export async function cleanUp(run: Run): Promise<void> {
  const record = beginPhase(run, 'clean_up', null);
  const colour = { target: run.target, colour: claimedOf(run).active };
  const foreign = await foreignWeights(run);
  if (foreign !== null) {
    const kept = `${colour.colour} is kept until it gets no traffic`;
    callPerson(run, 'Drift', `somebody else changed the router to ${shown(foreign)}; ${kept}`);
  }
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
