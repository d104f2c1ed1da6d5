/** What it means that the router, or the candidate, does not hold what this run gave it. */
import { DIRECT_STEP, type RouterState } from '../adapters/types.ts';
import { formatExposure } from '../plan/exposure.ts';
import type { Colour } from '../plan/types.ts';
import { formatWeights } from '../plan/weights.ts';
import { Interrupted, interrupt, stop } from './interruption.ts';
import { claimedOf, type Run } from './run.ts';

/** Interrupts the run: a rollback past Temporal is adopted, another deployment's claim ends it, all else is drift. */
export function foreignWrite(run: Run, state: RouterState): never {
  if (adoptDirect(run, state) && isFencedWrite(state)) {
    const interruption = interrupt(run, {
      kind: 'rollback',
      by: 'rollback --direct',
      reason: 'rolled back directly, past Temporal',
      // Somebody has done it already: whatever spoke against it, the traffic is back.
      force: true,
      atMs: Date.now(),
    });
    throw new Interrupted(interruption);
  }
  if (isSuperseded(run, state)) return stop(run, 'superseded', 'another deployment has claimed the router');
  return stop(run, 'drift', `somebody else changed the router to ${formatWeights(state.weights)}${beside(run, state)}`);
}

/** What reaches the candidate now beside its share, where this run exposed anything. */
function beside(run: Run, { exposed }: RouterState): string {
  if (run.exposed === null) return '';
  return `; beside that ${exposed === undefined ? 'nothing' : formatExposure(exposed)} is left`;
}

/** For people. */
export function foreignVersion(colour: Colour, version: string | null): string {
  return `somebody else has put ${version ?? 'an image without a version'} on ${colour}`;
}

/** Whether the router was last written by `rollback --direct` for this run; if so, the run goes on from that write. */
export function adoptDirect(run: Run, state: RouterState): boolean {
  const { fence } = claimedOf(run);
  const stored = state.fence;
  if (stored === null || stored.run !== fence.run || stored.epoch !== fence.epoch) return false;
  if (stored.step < DIRECT_STEP || stored.step <= run.step) return false;
  run.step = stored.step;
  run.revision = state.revision;
  run.weights = state.weights;
  run.exposed = state.exposed ?? null;
  return true;
}

/** Whether the last write was one with a fence, by whomever: nobody has written past all fences since. */
export function isFencedWrite(state: RouterState): boolean {
  return state.revision === state.fenced_revision;
}

function isSuperseded(run: Run, state: RouterState): boolean {
  const { fence } = claimedOf(run);
  return state.fence !== null && (state.fence.run !== fence.run || state.fence.epoch !== fence.epoch);
}
