/**
 * A Kubernetes object that decides traffic, with the fence beside it in an annotation: every write of Cutover is conditional
 * on the object's resourceVersion, so fence and weights change together or not at all.
 */
import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import { FIELD_MANAGER, type KubernetesApi } from '../../kubernetes/api.ts';
import { readObject } from '../../kubernetes/read-object.ts';
import type { Fence, RouterState, TrafficRouter } from '../../types.ts';
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
  /** Throws CUTOVER_ROUTER_OBJECT when the object does not say. */
  weightsOf(object: T): Weights;
  /** What a write changes beside the annotations: the whole of what is applied, or a merge patch. */
  patch(object: T, weights: Weights): Record<string, unknown>;
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

export function createFencedObjectRouter<T extends KubernetesObject>(traffic: TrafficObject<T>): TrafficRouter {
  const { api, path, name, guard } = traffic;

  async function write(
    object: T,
    next: RouterState & { fence: Fence },
    moves: boolean,
    signal: AbortSignal,
  ): Promise<T> {
    const changes = moves && !sameWeights(traffic.weightsOf(object), next.weights);
    const { fence, before, weights } = next;
    const seen = fingerprintAfter(traffic, object, weights, changes);
    const stored: Stored = { fence, before: before ?? weights, seen };
    const { name: itsName, namespace, resourceVersion } = object.metadata ?? {};
    const metadata = { resourceVersion, annotations: { [FENCE_ANNOTATION]: JSON.stringify(stored) } };
    if (traffic.owned === null) {
      const patch = changes ? traffic.patch(object, weights) : {};
      return api.merge(path, withMetadata(patch, metadata), signal);
    }
    const { apiVersion, kind } = object;
    const applied = withMetadata(traffic.patch(object, weights), { ...metadata, name: itsName, namespace });
    return api.apply(path, { apiVersion, kind, ...applied }, signal);
  }

  return createFencedRouter<T>({
    name,
    read: (signal, maxAgeMs) => readObject<T>(api, path, maxAgeMs, signal),
    stateOf(object) {
      const stored = storedIn(object, name);
      const now = fingerprintOf(traffic, object);
      return fencedState(traffic.weightsOf(object), stored, now, now !== stored?.seen);
    },
    ...(guard === undefined ? {} : { guard }),
    write,
    waitingFor: traffic.waitingFor,
  });
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
function fingerprintOf<T extends KubernetesObject>(traffic: TrafficObject<T>, object: T): string {
  const weights = traffic.weightsOf(object);
  const { generation = 0, managedFields = [] } = object.metadata ?? {};
  const { owned } = traffic;
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
