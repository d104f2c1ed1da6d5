/**
 * A Kubernetes object that decides traffic, with the fence beside it in an annotation: every write of Cutover is conditional
 * on the object's resourceVersion, so fence and weights change together or not at all.
 */
import type { KubernetesObject, V1ManagedFieldsEntry, V1ObjectMeta } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import { decideWrite } from '../../../local/fence.ts';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import { FIELD_MANAGER, type KubernetesApi } from '../../kubernetes/api.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';
import { readObject } from '../../kubernetes/read-object.ts';
import type { Convergence, Fence, RouterState, TrafficRouter, WriteResult } from '../../types.ts';

export const FENCE_ANNOTATION = 'cutover.dev/fence';

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

/** What the annotation holds. `seen`: the traffic fields as they were after that write. */
interface Stored {
  fence: Fence;
  before: Weights;
  seen: string;
}

/** Revisions are `EPOCH.STEP`, and `EPOCH.STEP~WHAT STANDS` once somebody else has written to the traffic fields. */
export function createFencedRouter<T extends KubernetesObject>(traffic: TrafficObject<T>): TrafficRouter {
  const { api, path } = traffic;

  /** A conflict is read again: only a write to what decides traffic, or to the fence, stops the writer. */
  function write(
    offer: { weights: Weights | null; fence: Fence; expectedRevision: string; force?: boolean },
    signal: AbortSignal,
  ): Promise<WriteResult> {
    return readAndWrite(async () => {
      const object = await api.get<T>(path, signal);
      const state = stateOf(traffic, object);
      const decision = decideWrite(state, { ...offer, newRevision: revisionOf(offer.fence) });
      if (decision.kind !== 'write') return { kind: decision.kind, state };
      const { next } = decision;
      if (offer.weights !== null && offer.force !== true) await traffic.guard?.(object, offer.weights, signal);
      const written = await put(object, next, offer.weights !== null, signal);
      return { kind: 'written' as const, state: stateOf(traffic, written) };
    }, signal);
  }

  async function put(object: T, next: RouterState, moves: boolean, signal: AbortSignal): Promise<T> {
    const changes = moves && !sameWeights(traffic.weightsOf(object), next.weights);
    const { fence, before, weights } = next;
    const seen = fingerprintAfter(traffic, object, weights, changes);
    const stored = { fence, before, seen };
    const { name, namespace, resourceVersion } = object.metadata ?? {};
    const metadata = { resourceVersion, annotations: { [FENCE_ANNOTATION]: JSON.stringify(stored) } };
    if (traffic.owned === null) {
      const patch = changes ? traffic.patch(object, weights) : {};
      return api.merge(path, withMetadata(patch, metadata), signal);
    }
    const { apiVersion, kind } = object;
    const applied = withMetadata(traffic.patch(object, weights), { ...metadata, name, namespace });
    return api.apply(path, { apiVersion, kind, ...applied }, signal);
  }

  return {
    countsInFlight: false,
    read: async (signal, maxAgeMs = 0) => stateOf(traffic, await readObject<T>(api, path, maxAgeMs, signal)),
    claim: (expectedRevision, fence, signal) => write({ weights: null, fence, expectedRevision }, signal),
    shift: ({ weights, expected_revision: expectedRevision, fence, force }, signal) =>
      write({ weights, fence, expectedRevision, ...(force === undefined ? {} : { force }) }, signal),
    async convergence(weights, signal): Promise<Convergence> {
      const object = await api.get<T>(path, signal);
      const state = stateOf(traffic, object);
      const detail = sameWeights(state.weights, weights)
        ? await traffic.waitingFor(object, weights, signal)
        : `${traffic.name} gives blue ${state.weights.blue} %, green ${state.weights.green} %`;
      return { converged: detail === null, in_flight: null, detail: detail ?? 'every new request follows', state };
    },
  };
}

/** As it is sent: what is undefined is left out. */
type Metadata = { [K in keyof V1ObjectMeta]?: V1ObjectMeta[K] | undefined };

/** A patch may set annotations of its own. */
function withMetadata(patch: Record<string, unknown>, metadata: Metadata) {
  const { metadata: own = {}, ...rest } = patch as { metadata?: Metadata };
  const annotations = { ...own.annotations, ...metadata.annotations };
  return { ...rest, metadata: { ...own, ...metadata, annotations } };
}

function stateOf<T extends KubernetesObject>(traffic: TrafficObject<T>, object: T): RouterState {
  const weights = traffic.weightsOf(object);
  const stored = storedIn(traffic, object);
  const now = fingerprintOf(traffic, object);
  if (stored === null) return { weights, revision: `0.0~${now}`, fence: null, fenced_revision: null, before: null };
  const fenced = revisionOf(stored.fence);
  const revision = now === stored.seen ? fenced : `${fenced}~${now}`;
  return { weights, revision, fence: stored.fence, fenced_revision: fenced, before: stored.before };
}

function revisionOf({ epoch, step }: Fence): string {
  return `${epoch}.${step}`;
}

function storedIn<T extends KubernetesObject>({ name }: TrafficObject<T>, object: T): Stored | null {
  const text = object.metadata?.annotations?.[FENCE_ANNOTATION];
  if (text === undefined) return null;
  const told = `the annotation ${FENCE_ANNOTATION} of ${name} is not what Cutover wrote: ${text.slice(0, 200)}`;
  try {
    const value = JSON.parse(text) as Partial<Stored>;
    const { fence, before, seen } = value;
    const isWhole =
      typeof fence?.run === 'string' &&
      Number.isSafeInteger(fence.epoch) &&
      Number.isSafeInteger(fence.step) &&
      typeof before?.blue === 'number' &&
      typeof before.green === 'number' &&
      typeof seen === 'string';
    if (isWhole) return { fence, before, seen };
  } catch (cause) {
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told, { cause });
  }
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

/**
 * What decides traffic, such that a write by anybody else changes it, also one back to the same weights, and a write elsewhere
 * in the object does not. An object that is patched counts its generations. One that is applied has none: there Cutover owns
 * the fields from its claim on, and loses them to whoever changes them; then, and before the claim, the other owners' times
 * count. (They are whole seconds: two writes of one manager within one, back to the same weights, look like none.)
 */
function fingerprintOf<T extends KubernetesObject>(traffic: TrafficObject<T>, object: T): string {
  const weights = traffic.weightsOf(object);
  const { generation = 0, managedFields = [] } = object.metadata ?? {};
  const { owned } = traffic;
  if (owned === null) return fingerprint(weights, [`generation ${generation}`]);
  const owners = managedFields.filter((entry) => owns(entry, owned));
  if (owners.some(({ manager }) => manager === FIELD_MANAGER)) return fingerprint(weights, []);
  const others = owners.map(({ manager, operation, time }) => `${manager} ${operation} ${time}`);
  return fingerprint(weights, others.sort());
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

function fingerprint({ blue, green }: Weights, more: readonly string[]): string {
  return [`${blue}/${green}`, ...more].join(', ');
}

function owns({ fieldsV1 }: V1ManagedFieldsEntry, fields: readonly string[]): boolean {
  let node: unknown = fieldsV1;
  for (const field of fields) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, field)) return false;
    node = (node as Record<string, unknown>)[field];
  }
  return true;
}
