/** Routers whose fence stands beside what decides traffic: the steps that every one of them takes. */
import { CutoverError } from '../../../errors.ts';
import { decideWrite } from '../../../local/fence.ts';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';
import type { Convergence, Exposed, Fence, RouterState, TrafficRouter, WriteResult } from '../../types.ts';
import { revisionOf } from './fence-annotation.ts';

/** `T`: all that decides traffic, as it was read at one moment. */
export interface FencedTraffic<T> {
  /** `Service shop/checkout`, for people. */
  name: string;
  read(signal: AbortSignal, maxAgeMs: number): Promise<T>;
  /** Throws CUTOVER_ROUTER_OBJECT when the objects do not say. */
  stateOf(found: T): RouterState;
  /** Before all of `weights` is written; throws when nothing would answer. */
  guard?(found: T, weights: Weights, signal: AbortSignal): Promise<void>;
  /**
   * Conditional on `found`: CUTOVER_KUBERNETES_CONFLICT when somebody wrote in between. `moves`: false for a claim. What it
   * returns bears a higher fence than `next` when somebody was faster.
   */
  write(found: T, next: RouterState & { fence: Fence }, moves: boolean, signal: AbortSignal): Promise<T>;
  /** Absent: it gives shares, and can expose nothing beside them. */
  exposes?: true;
  /** Where a write is more than one request: does what the one whose fence is stored has left undone. */
  complete?(found: T, signal: AbortSignal): Promise<T>;
  /** Whether new requests follow what stands; only asked when it says `weights`. Null: they do. */
  waitingFor(found: T, weights: Weights, signal: AbortSignal): Promise<string | null>;
  /** What is known when nothing is waited for, for people. Absent: that every new request follows. */
  proven?: string;
}

interface Offer {
  weights: Weights | null;
  exposed?: Exposed | undefined;
  fence: Fence;
  expectedRevision: string;
  force?: boolean | undefined;
}

export function createFencedRouter<T>(traffic: FencedTraffic<T>): TrafficRouter {
  /** A conflict is read again: only a write to what decides traffic, or to the fence, stops the writer. */
  function write(offer: Offer, signal: AbortSignal): Promise<WriteResult> {
    return readAndWrite(async () => {
      if (offer.exposed !== undefined && traffic.exposes !== true) throw cannotExpose(traffic.name);
      const found = await traffic.read(signal, 0);
      const state = traffic.stateOf(found);
      const decision = decideWrite(state, { ...offer, newRevision: revisionOf(offer.fence) });
      if (decision.kind === 'already') return resultOf('already', offer, await complete(found, signal));
      if (decision.kind !== 'write') return { kind: decision.kind, state };
      if (offer.weights !== null && offer.force !== true) await traffic.guard?.(found, offer.weights, signal);
      const next = { ...decision.next, fence: offer.fence };
      return resultOf('written', offer, await traffic.write(found, next, offer.weights !== null, signal));
    }, signal);
  }

  async function complete(found: T, signal: AbortSignal): Promise<T> {
    return traffic.complete === undefined ? found : traffic.complete(found, signal);
  }

  function resultOf(kind: 'written' | 'already', { fence }: Offer, found: T): WriteResult {
    const state = traffic.stateOf(found);
    const isOwn =
      state.fence?.run === fence.run && state.fence.epoch === fence.epoch && state.fence.step === fence.step;
    return { kind: isOwn ? kind : 'superseded', state };
  }

  return {
    countsInFlight: false,
    read: async (signal, maxAgeMs = 0) => traffic.stateOf(await traffic.read(signal, maxAgeMs)),
    claim: (expectedRevision, fence, signal) => write({ weights: null, fence, expectedRevision }, signal),
    shift: ({ weights, expose: exposed, expected_revision: expectedRevision, fence, force }, signal) =>
      write({ weights, exposed, fence, expectedRevision, force }, signal),
    async convergence(weights, signal): Promise<Convergence> {
      const found = await traffic.read(signal, 0);
      const state = traffic.stateOf(found);
      const waiting = sameWeights(state.weights, weights)
        ? await traffic.waitingFor(found, weights, signal)
        : `${traffic.name} gives blue ${state.weights.blue} %, green ${state.weights.green} %`;
      const detail = waiting ?? traffic.proven ?? 'every new request follows';
      return { converged: waiting === null, in_flight: null, detail, state };
    },
  };
}

function cannotExpose(name: string): CutoverError {
  return new CutoverError(
    'CUTOVER_PLAN_ROUTER',
    `${name} gives shares of the traffic, and can expose nothing beside them`,
  );
}
