/**
 * What a listener or rule and its tags say together. The two are written by calls of their own, the tags first: until the weights
 * follow, the router is as it was, under the new fence; the same fence then finishes its write, and a higher one overtakes it.
 * Pure.
 */
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Fence, RouterState } from '../../types.ts';
import { sharesOf } from '../kubernetes/weighted.ts';
import { fingerprintOf, type Groups, numbersIn, type Place } from './actions.ts';
import { type Intent, intentIn, type Tags } from './fence-tags.ts';

/** One look at all of it. */
export interface Reading {
  /** The first one's tags hold the fence. */
  places: readonly Place[];
  tags: Tags;
  /** When it was asked for, as `performance.now()` and the wall clock have it. */
  asked: { monotonicMs: number; epochMs: number };
}

export interface Standing {
  state: RouterState;
  stored: Intent | null;
  /** The tags tell of a write whose weights are not, or not everywhere, there yet. */
  inDoubt: boolean;
  fingerprints: readonly string[];
}

/** Revisions are `EPOCH.STEP`, and `EPOCH.STEP+WHAT STANDS` once somebody else has written. */
export function standingOf({ places, tags }: Reading, groups: Groups): Standing {
  const stored = intentIn(tags, places[0]?.arn ?? '');
  const fingerprints = places.map((place) => fingerprintOf(place, numbersIn(place, groups)));
  const weights = weightsOf(places, groups, stored);
  if (stored === null) {
    const revision = `0.0+${fingerprints.join('.')}`;
    return {
      state: { weights, revision, fence: null, fenced_revision: null, before: null },
      stored,
      inDoubt: false,
      fingerprints,
    };
  }
  const { fence, before, from, seen, was } = stored;
  const fenced = revisionOf(fence);
  const isDone = fingerprints.length === seen.length && fingerprints.every((one, index) => one === seen[index]);
  const isOurs = fingerprints.every((one, index) => one === seen[index] || one === from[index]);
  const inDoubt = !isDone && isOurs && fingerprints.length === seen.length;
  const revisions = inDoubt
    ? { revision: was, fenced_revision: was.split('+')[0] ?? was }
    : { revision: isDone ? fenced : `${fenced}+${fingerprints.join('.')}`, fenced_revision: fenced };
  const state = { weights: isDone ? stored.to : weights, fence, before, ...revisions };
  return { state, stored, inDoubt, fingerprints };
}

export function revisionOf({ epoch, step }: Fence): string {
  return `${epoch}.${step}`;
}

/** Places that do not agree are told as their mean: both colours have traffic. Before a claim they are refused. */
function weightsOf(places: readonly Place[], groups: Groups, stored: Intent | null): Weights {
  const shares = places.map((place) => {
    const { blue, green } = numbersIn(place, groups);
    return sharesOf({ blue: blue ?? 0, green: green ?? 0 }) ?? { blue: 0, green: 0 };
  });
  const blues = shares.map(({ blue }) => blue);
  const [first = 0] = blues;
  if (blues.every((blue) => blue === first)) return shares[0] ?? { blue: 0, green: 0 };
  if (stored === null) {
    const shown = places.map(({ arn }, index) => `${arn} gives blue ${blues[index]} %`).join(', ');
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `the listeners and rules do not agree: ${shown}`);
  }
  const mean = blues.reduce((sum, blue) => sum + blue, 0) / blues.length;
  return sharesOf({ blue: mean, green: 100 - mean }) ?? { blue: 0, green: 0 };
}
