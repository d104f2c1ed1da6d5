/**
 * A Kubernetes object that decides traffic, with the fence beside it in an annotation: every write of Cutover is conditional
 * on the object's resourceVersion, so fence and weights change together or not at all.
 */
import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import { FIELD_MANAGER, type KubernetesApi } from '../../kubernetes/api.ts';
import { readObject } from '../../kubernetes/read-object.ts';
import type { Exposed, Fence, RouterState, TrafficRouter } from '../../types.ts';
import { fits, NOTHING_STANDS, type Standing, standingExposed } from './exposed-rules.ts';
import {
  FENCE_ANNOTATION,
  fencedState,
  fingerprint,
  owns,
  type Stored,
  storedIn,
  timesOf,
} from './fence-annotation.ts';
import { createFencedRouter } from './fenced-router.ts';

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

export function createFencedObjectRouter<T extends KubernetesObject>(traffic: TrafficObject<T>): TrafficRouter {
  const { api, path, name, guard } = traffic;

  async function put(
    { object, base, stored, standing }: Seen<T>,
    next: RouterState & { fence: Fence },
    moves: boolean,
    signal: AbortSignal,
  ): Promise<T> {
    const { fence, before, weights } = next;
    const exposed = wholeOf(next.exposed);
    const stays = sameWeights(traffic.weightsOf(base), weights) && fits({ stored, standing }, exposed);
    const changes = moves && !stays;
    const seen = fingerprintAfter(traffic, object, weights, changes);
    const kept: Stored = { fence, before: before ?? weights, seen, ...(exposed === null ? {} : { exposed }) };
    const { name: itsName, namespace, resourceVersion } = object.metadata ?? {};
    const metadata = { resourceVersion, annotations: { [FENCE_ANNOTATION]: JSON.stringify(kept) } };
    if (traffic.owned === null) {
      const patch = changes ? traffic.patch(base, weights, exposed) : {};
      // A gateway that knew nothing of the percentage would copy every request.
      return api.merge(path, withMetadata(patch, metadata), signal, exposed !== null);
    }
    const { apiVersion, kind } = object;
    const applied = withMetadata(traffic.patch(base, weights, null), { ...metadata, name: itsName, namespace });
    return api.apply(path, { apiVersion, kind, ...applied }, signal);
  }

  return createFencedRouter<Seen<T>>({
    name,
    read: async (signal, maxAgeMs) => look(traffic, await readObject<T>(api, path, maxAgeMs, signal)),
    stateOf(seen) {
      const { object, base, stored } = seen;
      const weights = traffic.weightsOf(base);
      const now = fingerprintOf(traffic, object, weights);
      const exposed = standingExposed(seen);
      const state = fencedState(weights, stored, now, now !== stored?.seen);
      return exposed === null ? state : { ...state, exposed };
    },
    ...(guard === undefined ? {} : { guard: ({ object }, weights, signal) => guard(object, weights, signal) }),
    ...(traffic.exposure === undefined ? {} : { exposes: true }),
    write: async (seen, next, moves, signal) => look(traffic, await put(seen, next, moves, signal)),
    waitingFor: ({ object }, weights, signal) => traffic.waitingFor(object, weights, signal),
  });
}

function look<T extends KubernetesObject>({ name, exposure }: TrafficObject<T>, object: T): Seen<T> {
  const stored = storedIn(object, name);
  if (stored?.exposed === undefined || exposure === undefined) {
    return { object, base: object, stored, standing: NOTHING_STANDS };
  }
  const base = exposure.without(object, stored.exposed);
  return { object, base, stored, standing: exposure.standing(object, stored.exposed) };
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

/**
 * What decides traffic, such that a write by anybody else changes it, also one back to the same weights, and a write elsewhere
 * in the object does not. An object that is patched counts its generations. One that is applied has none: there Cutover owns
 * the fields from its claim on, and loses them to whoever changes them; then, and before the claim, the other owners' times
 * count.
 */
function fingerprintOf<T extends KubernetesObject>({ owned }: TrafficObject<T>, object: T, weights: Weights): string {
  const { generation = 0, managedFields = [] } = object.metadata ?? {};
  if (owned === null) return fingerprint(weights, [`generation ${generation}`]);
  const owners = managedFields.filter((entry) => owns(entry, owned));
  if (owners.some(({ manager }) => manager === FIELD_MANAGER)) return fingerprint(weights, []);
  return fingerprint(weights, timesOf(owners));
}

/** What `fingerprintOf` will say of the object once it is written. */
function fingerprintAfter<T extends KubernetesObject>(
  { owned }: TrafficObject<T>,
  object: T,
  weights: Weights,
  changes: boolean,
): string {
  const generation = (object.metadata?.generation ?? 0) + (changes ? 1 : 0);
  return fingerprint(weights, owned === null ? [`generation ${generation}`] : []);
}
