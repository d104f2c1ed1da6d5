/**
 * A Kubernetes object that decides traffic, with the fence beside it in an annotation: every write of Cutover is conditional
 * on the object's resourceVersion, so fence and weights change together or not at all.
 */
import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import { decideWrite } from '../../../local/fence.ts';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';
import { readObject } from '../../kubernetes/read-object.ts';
import type { Convergence, Exposed, Fence, RouterState, TrafficRouter, WriteResult } from '../../types.ts';
import { fits, NOTHING_STANDS, type Standing, standingExposed } from './exposed-rules.ts';
import { fingerprintAfter, fingerprintOf } from './fingerprint.ts';
import { FENCE_ANNOTATION, type Stored, storedIn } from './stored-fence.ts';

export interface TrafficObject<T extends KubernetesObject> {
  api: KubernetesApi;
  path: string;
  /** `Service shop/checkout`, for people. */
  name: string;
  /** Throws CUTOVER_ROUTER_OBJECT when the object does not say. Like `patch` it gets the object as people wrote it. */
  weightsOf(object: T): Weights;
  /**
   * What a write changes beside the annotations: the whole of what is applied, or a merge patch. Throws
   * CUTOVER_ROUTER_OBJECT when the object has no place for what is to be exposed.
   */
  patch(object: T, weights: Weights, expose: Exposed | null): Record<string, unknown>;
  /** Absent: it can expose nothing. */
  exposure?: {
    /** The object as people wrote it, without what `exposed` had put into it. */
    without(object: T, exposed: Exposed): T;
    standing(object: T, exposed: Exposed): Standing;
  };
  /**
   * Where `metadata.managedFields` tells who owns what decides traffic, such as `f:spec`, `f:selector`: it is written by
   * server-side apply. Null: it stands in lists, which are owned as a whole, and is written by a merge patch.
   */
  owned: readonly string[] | null;
  /** Before all of `weights` is written; throws when nothing would answer. */
  guard?(object: T, weights: Weights, signal: AbortSignal): Promise<void>;
  /** Whether new requests follow what the object says; only asked when it says `weights`. Null: they do. */
  waitingFor(object: T, weights: Weights, signal: AbortSignal): Promise<string | null>;
}

/** An object as it was read. `base`: as people wrote it. */
interface Seen<T> {
  object: T;
  base: T;
  stored: Stored | null;
  standing: Standing;
}

/** Revisions are `EPOCH.STEP`, and `EPOCH.STEP~WHAT STANDS` once somebody else has written to the traffic fields. */
export function createFencedRouter<T extends KubernetesObject>(traffic: TrafficObject<T>): TrafficRouter {
  const { api, path } = traffic;

  /** A conflict is read again: only a write to what decides traffic, or to the fence, stops the writer. */
  function write(
    offer: {
      weights: Weights | null;
      exposed?: Exposed | undefined;
      fence: Fence;
      expectedRevision: string;
      force?: boolean | undefined;
    },
    signal: AbortSignal,
  ): Promise<WriteResult> {
    return readAndWrite(async () => {
      if (offer.exposed !== undefined && traffic.exposure === undefined) throw cannotExpose(traffic.name);
      const seen = look(traffic, await api.get<T>(path, signal));
      const state = stateOf(traffic, seen);
      const decision = decideWrite(state, { ...offer, newRevision: revisionOf(offer.fence) });
      if (decision.kind !== 'write') return { kind: decision.kind, state };
      const { next } = decision;
      if (offer.weights !== null && offer.force !== true) await traffic.guard?.(seen.object, offer.weights, signal);
      const written = await put(seen, next, offer.weights !== null, signal);
      return { kind: 'written' as const, state: stateOf(traffic, look(traffic, written)) };
    }, signal);
  }

  async function put(seen: Seen<T>, next: RouterState, moves: boolean, signal: AbortSignal): Promise<T> {
    const { object, base } = seen;
    const { fence, before, weights } = next;
    const exposed = wholeOf(next.exposed);
    const stays = sameWeights(traffic.weightsOf(base), weights) && fits(seen, exposed);
    const changes = moves && !stays;
    const stored = {
      ...{ fence, before, seen: fingerprintAfter(traffic.owned, object, weights, changes) },
      ...(exposed === null ? {} : { exposed }),
    };
    const { name, namespace, resourceVersion } = object.metadata ?? {};
    const metadata = { resourceVersion, annotations: { [FENCE_ANNOTATION]: JSON.stringify(stored) } };
    if (traffic.owned === null) {
      const patch = changes ? traffic.patch(base, weights, exposed) : {};
      // A gateway that knew nothing of the percentage would copy every request.
      return api.merge(path, withMetadata(patch, metadata), signal, exposed !== null);
    }
    const { apiVersion, kind } = object;
    const applied = withMetadata(traffic.patch(base, weights, null), { ...metadata, name, namespace });
    return api.apply(path, { apiVersion, kind, ...applied }, signal);
  }

  return {
    countsInFlight: false,
    read: async (signal, maxAgeMs = 0) =>
      stateOf(traffic, look(traffic, await readObject<T>(api, path, maxAgeMs, signal))),
    claim: (expectedRevision, fence, signal) => write({ weights: null, fence, expectedRevision }, signal),
    shift: ({ weights, expose: exposed, expected_revision: expectedRevision, fence, force }, signal) =>
      write({ weights, exposed, fence, expectedRevision, force }, signal),
    async convergence(weights, signal): Promise<Convergence> {
      const object = await api.get<T>(path, signal);
      const state = stateOf(traffic, look(traffic, object));
      const detail = sameWeights(state.weights, weights)
        ? await traffic.waitingFor(object, weights, signal)
        : `${traffic.name} gives blue ${state.weights.blue} %, green ${state.weights.green} %`;
      return { converged: detail === null, in_flight: null, detail: detail ?? 'every new request follows', state };
    },
  };
}

/** A claim keeps what it finds, that it be taken away later. */
function wholeOf(found: RouterState['exposed']): Exposed | null {
  if (found === undefined) return null;
  const { partly: _, ...exposed } = found;
  return exposed;
}

/** As it is sent: what is undefined is left out. */
type Metadata = { [K in keyof V1ObjectMeta]?: V1ObjectMeta[K] | undefined };

/** A patch may set annotations of its own. */
function withMetadata(patch: Record<string, unknown>, metadata: Metadata) {
  const { metadata: own = {}, ...rest } = patch as { metadata?: Metadata };
  const annotations = { ...own.annotations, ...metadata.annotations };
  return { ...rest, metadata: { ...own, ...metadata, annotations } };
}

function look<T extends KubernetesObject>({ name, exposure }: TrafficObject<T>, object: T): Seen<T> {
  const stored = storedIn(object, name);
  if (stored?.exposed === undefined || exposure === undefined) {
    return { object, base: object, stored, standing: NOTHING_STANDS };
  }
  const base = exposure.without(object, stored.exposed);
  return { object, base, stored, standing: exposure.standing(object, stored.exposed) };
}

function stateOf<T extends KubernetesObject>(traffic: TrafficObject<T>, seen: Seen<T>): RouterState {
  const { stored } = seen;
  const weights = traffic.weightsOf(seen.base);
  const now = fingerprintOf(traffic.owned, seen.object, weights);
  if (stored === null) return { weights, revision: `0.0~${now}`, fence: null, fenced_revision: null, before: null };
  const fenced = revisionOf(stored.fence);
  const revision = now === stored.seen ? fenced : `${fenced}~${now}`;
  const exposed = standingExposed(seen);
  const traffics = { weights, ...(exposed === null ? {} : { exposed }) };
  return { ...traffics, revision, fence: stored.fence, fenced_revision: fenced, before: stored.before };
}

function revisionOf({ epoch, step }: Fence): string {
  return `${epoch}.${step}`;
}

function cannotExpose(name: string): CutoverError {
  return new CutoverError(
    'CUTOVER_PLAN_ROUTER',
    `${name} gives shares of the traffic, and can expose nothing beside them`,
  );
}
