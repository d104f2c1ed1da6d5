/** Invariants 2 and 4: a rollback waits for nothing, and what the lease made small is made large again. */

import type { ShiftInput } from '../../../../src/activities/types.ts';
import type { DeploymentStatus } from '../../../../src/workflows/api.ts';
import type { Checker, Seen } from '../invariants.ts';
import type { ModelWorld } from '../model-world.ts';

export function rollbackChecks(world: ModelWorld): Checker[] {
  return [atOnce(), { seen: neverForward }, regrown(world)];
}

/**
 * Invariant 2: a shrink of the lease that a rollback overtakes may still be carried out, on a colour that had no traffic
 * when it was looked at. What can be demanded is that the colour has the size that it had at the claim when the run ends.
 */
function regrown({ base }: ModelWorld): Checker {
  const sizes = new Map<string, number>();
  return {
    seen({ after }) {
      const claim = after.colours;
      if (claim !== null && !sizes.has(claim.active)) sizes.set(claim.active, base.colours[claim.active].desired);
      return [];
    },
    end({ closed, status }) {
      if (closed === null || status?.colours == null || status.rollback?.state !== 'restored') return [];
      const { active } = status.colours;
      const { desired } = base.colours[active];
      const size = sizes.get(active) ?? 0;
      return desired >= size
        ? []
        : [`invariant 2: ${active} has all traffic again, and ${desired} of ${size} instances`];
    },
  };
}

/**
 * The task that delivers the request also schedules the write, whatever else is pending: unless no traffic was ever
 * moved, or data makes it unsafe. It is never refused but for the reasons that are documented.
 */
function atOnce(): Checker {
  const moved = new Set<string>();
  const removing = new Set<string>();
  return {
    seen(seen) {
      const { before, after, turns } = seen;
      const run = after.run_id;
      const hadMoved = moved.has(run) || (before !== null && movedBefore(before));
      const wasRemoving = removing.has(run);
      for (const { scheduled } of turns) {
        for (const { type, args } of scheduled) {
          if (type === 'shiftTraffic') moved.add(run);
          if (type === 'removeColour') removing.add(run);
          if (type === 'runHook' && JSON.stringify(args).includes('"point":"before_cleanup"')) removing.add(run);
        }
      }
      if (before === null || before.rollback !== null || before.outcome === 'stuck' || wasRemoving) return [];
      const asked = accepted(before, after);
      if (!asked || !hadMoved || after.rollback?.state === 'stuck') return [];
      if (after.rollback === null) return ['invariant 4: a rollback that was accepted has not begun'];
      return isWriting(seen) ? [] : ['invariant 4: the task that delivers the rollback schedules no write'];
    },
  };
}

/** Invariant 4: once a rollback is asked for nothing goes forward any more, whatever arrives together with the request. */
function neverForward({ before, after, turns }: Seen): string[] {
  const isAsked = (before !== null && before.rollback !== null) || (before !== null && accepted(before, after));
  const goesForward = turns.some(({ scheduled }) =>
    scheduled.some(({ type, args }) => type === 'shiftTraffic' && (args[0] as ShiftInput).mode === 'forward'),
  );
  return isAsked && goesForward ? ['invariant 4: a write forward after a rollback was asked for'] : [];
}

/** A lease of its own was continued from a run that moved traffic. */
function movedBefore(status: DeploymentStatus): boolean {
  return status.phases.some(({ name, state }) => name === 'switch' && state === 'passed');
}

function accepted(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const fresh = after.messages.slice(before.messages.length);
  return fresh.some(
    ({ name, note, accepted }) => (name === 'rollback' || name === 'cancel') && accepted && note === 'rolling back',
  );
}

function isWriting({ turns }: Seen): boolean {
  return turns.some(({ scheduled }) =>
    scheduled.some(({ type, args }) => type === 'shiftTraffic' && (args[0] as ShiftInput).mode !== 'forward'),
  );
}
