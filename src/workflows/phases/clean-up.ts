/** The old colour is removed, after proof that nothing reaches it. */

import { condition } from '@temporalio/workflow';
import { formatWeights } from '../../plan/weights.ts';
import { mutations, waits } from '../activities.ts';
import { runHooks } from '../hooks.ts';
import { proceed } from '../interruption.ts';
import { beginPhase, callPerson, endPhase } from '../journal.ts';
import { unpaused } from '../pause.ts';
import { claimedOf, type Run } from '../run.ts';
import { foreignState } from '../traffic.ts';

/** A proof takes some seconds; after this long somebody should know that it does not come. */
const UNPROVEN_MS = 15_000;

/**
 * Rollback is possible until the proof is there; from then on it is refused. The hooks come after it, since what they
 * do (the second half of a migration) may be what the old version cannot live with.
 */
export async function cleanUp(run: Run): Promise<void> {
  const record = beginPhase(run, 'clean_up', null);
  record.note = await proof(run);
  run.cleanUpBegun = true;
  await runHooks(run, 'before_cleanup');
  const { active, fence } = claimedOf(run);
  await mutations.removeColour.executeWithOptions({ summary: `remove ${active}` }, [
    { target: run.target, colour: active, fence },
  ]);
  endPhase(run, record, 'passed');
}

/** A proof that comes while the run is paused is old by the time it goes on: it is made again. */
async function proof(run: Run): Promise<string> {
  for (;;) {
    await unpaused(run);
    const proven = await prove(run);
    proceed(run);
    if (run.pause === null) return proven;
  }
}

async function prove(run: Run): Promise<string> {
  const colour = { target: run.target, colour: claimedOf(run).active };
  let proven = false;
  const proving = waits.proveNoTraffic
    .executeWithOptions({ summary: `prove that ${colour.colour} gets no traffic` }, [colour])
    .finally(() => {
      proven = true;
    });
  proving.catch(() => undefined);
  const summary = 'call a person if it still gets traffic';
  const soon = await Promise.race([proving.then(() => true), condition(() => proven, UNPROVEN_MS, { summary })]);
  if (!soon) await tellWhyUnproven(run);
  return (await proving).proof;
}

async function tellWhyUnproven(run: Run): Promise<void> {
  const foreign = await foreignState(run);
  const kept = `${claimedOf(run).active} is kept until it gets no traffic`;
  if (foreign === null) callPerson(run, 'Clean-up waits', kept);
  else callPerson(run, 'Drift', `somebody else changed the router to ${formatWeights(foreign.weights)}; ${kept}`);
}
