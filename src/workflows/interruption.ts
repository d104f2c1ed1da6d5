/** What ends the forward story early. The first one counts; everything after it is the rollback's business. */
import type { Outcome } from './api.ts';
import type { Interruption, Run } from './run.ts';

export const AUTOMATIC = 'cutover';

/** Thrown inside the story by the step that found the cause; the run already carries the interruption. */
export class Interrupted extends Error {
  constructor(interruption: Interruption) {
    super(interruption.reason);
    this.name = 'Interrupted';
  }
}

/**
 * Records the interruption unless there is one already; the story's scope is cancelled by whoever waits for it. Returns
 * the one that counts.
 */
export function interrupt(run: Run, interruption: Interruption): Interruption {
  run.interruption ??= interruption;
  return run.interruption;
}

/** Interrupts by itself (no person involved) and leaves the step that calls it. */
export function stop(run: Run, kind: Interruption['kind'], reason: string): never {
  const interruption: Interruption = { kind, by: AUTOMATIC, reason, force: false, atMs: Date.now() };
  interrupt(run, interruption);
  throw new Interrupted(interruption);
}

/**
 * Leaves the story if it was interrupted in this very moment: an answer and a rollback can arrive together, and the
 * story must not take another step on the answer. Called before every write.
 */
export function proceed(run: Run): void {
  if (run.interruption !== null) throw new Interrupted(run.interruption);
}

/** The outcome of a deployment that was interrupted and whose traffic is back where it was. */
export function outcomeOf(interruption: Interruption): Outcome {
  switch (interruption.kind) {
    case 'reject':
      return 'rejected';
    case 'no_data':
      return 'inconclusive';
    case 'superseded':
      return 'stuck';
    case 'rollback':
    case 'cancel':
    case 'breach':
    case 'failure':
    case 'drift':
      return 'rolled_back';
  }
}

export function interruptionOf(run: Run): Interruption {
  if (run.interruption === null) throw new Error('the run is not interrupted');
  return run.interruption;
}
