/**
 * Who may write a router's weights: the rules of invariant 7, pure. The order matters: a write that was already done is
 * recognised before its revision is compared, since its own effect changed the revision.
 */

import type { Exposed, Fence, RouterState, WriteResult } from '../adapters/types.ts';
import type { Weights } from '../plan/types.ts';

export type Decision = { kind: 'write'; next: RouterState } | { kind: Exclude<WriteResult['kind'], 'written'> };

export interface WriteOffer {
  /** Null: a claim, which leaves the weights as they are. */
  weights: Weights | null;
  /** What is exposed from then on; absent: nothing. A claim leaves it as it is. */
  exposed?: Exposed | undefined;
  /** Null: a foreign write. */
  fence: Fence | null;
  /** The revision that the writer expects; `*`: any (foreign writes only, checked by the caller). */
  expectedRevision: string;
  /** The revision that the write would make. */
  newRevision: string;
}

/** What a write with this offer does to `stored`; `next` is what must be on disk before traffic follows. */
export function decideWrite(stored: RouterState, offer: WriteOffer): Decision {
  if (offer.fence !== null) {
    const earlier = decideFence(stored.fence, offer.fence);
    if (earlier !== null) return { kind: earlier };
  }
  if (offer.expectedRevision !== '*' && offer.expectedRevision !== stored.revision) return { kind: 'conflict' };
  const weights = offer.weights ?? stored.weights;
  const exposed = offer.weights === null ? stored.exposed : offer.exposed;
  const traffic = { weights, ...(exposed === undefined ? {} : { exposed }) };
  if (offer.fence === null) {
    const { exposed: _before, ...kept } = stored;
    return { kind: 'write', next: { ...kept, ...traffic, revision: offer.newRevision } };
  }
  const newEpoch = offer.fence.epoch > (stored.fence?.epoch ?? 0);
  return {
    kind: 'write',
    next: {
      ...traffic,
      revision: offer.newRevision,
      fence: offer.fence,
      fenced_revision: offer.newRevision,
      before: newEpoch ? stored.weights : stored.before,
    },
  };
}

/**
 * Null: the fence itself permits the write. A new epoch is the stored one + 1; one further ahead was computed from a
 * state that is not this router's, so its writer must read again. An epoch belongs to the run that claimed it.
 */
function decideFence(stored: Fence | null, offered: Fence): 'superseded' | 'already' | 'conflict' | null {
  const epoch = stored?.epoch ?? 0;
  if (offered.epoch > epoch + 1) return 'conflict';
  if (stored === null || offered.epoch > epoch) return null;
  if (offered.epoch < epoch || offered.run !== stored.run || offered.step < stored.step) return 'superseded';
  return offered.step === stored.step ? 'already' : null;
}
