/** What the zones say together. */
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Fence, RouterState } from '../../types.ts';
import { isForeign, sharesOfZone, type ZoneState } from './zone-state.ts';

/**
 * Revisions are `EPOCH.STEP`, and `EPOCH.STEP~WHAT STANDS` once somebody else has written to the records. (Record sets count
 * no writes: one that was changed and changed back looks as if nobody had.)
 */
export function revisionOf({ epoch, step }: Fence): string {
  return `${epoch}.${step}`;
}

export function stateOf(zones: readonly ZoneState[]): RouterState {
  const weights = commonOf(zones.flatMap(sharesOfZone));
  const stored = zones[0]?.stored ?? null;
  const standing = zones.map(({ fingerprint }) => fingerprint).join('.');
  if (stored === null)
    return { weights, revision: `0.0~${standing}`, fence: null, fenced_revision: null, before: null };
  const fenced = revisionOf(stored.fence);
  const revision = zones.some(isForeign) ? `${fenced}~${standing}` : fenced;
  return { weights, revision, fence: stored.fence, fenced_revision: fenced, before: stored.before };
}

/** Records that disagree, as between two zones' writes, share traffic as their mean: neither colour is without any. */
function commonOf(shares: readonly Weights[]): Weights {
  const [first] = shares;
  if (first === undefined) throw new CutoverError('CUTOVER_ROUTER_OBJECT', 'the plan names no record');
  if (shares.every(({ blue }) => blue === first.blue)) return first;
  const mean = shares.reduce((sum, { blue }) => sum + blue, 0) / shares.length;
  const blue = Number(Math.min(99.99, Math.max(0.01, mean)).toFixed(2));
  return { blue, green: Number((100 - blue).toFixed(2)) };
}

/** Whether a run expects a revision of its own that is later than the state. */
export function isBehind({ fence }: RouterState, offer: { fence: Fence; expectedRevision: string }): boolean {
  const [, epoch, step] = /^(\d+)\.(\d+)/.exec(offer.expectedRevision) ?? [];
  if (fence === null || fence.run !== offer.fence.run || fence.epoch !== Number(epoch)) return false;
  return fence.step < Number(step);
}

export function isSame(a: Fence, b: Fence): boolean {
  return a.run === b.run && a.epoch === b.epoch && a.step === b.step;
}

export function isHigher(a: Fence, b: Fence): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.step > b.step);
}
