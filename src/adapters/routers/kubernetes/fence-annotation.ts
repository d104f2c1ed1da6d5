/** The fence as it stands in an object's annotation, with what was there before and what the object then looked like. */
import type { KubernetesObject, V1ManagedFieldsEntry } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Exposed, Fence, RouterState } from '../../types.ts';

export const FENCE_ANNOTATION = 'cutover.dev/fence';

/** `seen`: the fields that decide traffic, as they were after that write. */
export interface Stored {
  fence: Fence;
  before: Weights;
  /** What that write exposed, which is how its parts are known again; absent: nothing. */
  exposed?: Exposed;
  seen: string;
}

/** `name`: for people. Null: there is none. Throws CUTOVER_ROUTER_OBJECT when it is not what Cutover wrote. */
export function storedIn<S extends Stored = Stored>(
  object: KubernetesObject,
  name: string,
  isRest: (value: Partial<S>) => boolean = () => true,
): S | null {
  const text = object.metadata?.annotations?.[FENCE_ANNOTATION];
  if (text === undefined) return null;
  const told = `the annotation ${FENCE_ANNOTATION} of ${name} is not what Cutover wrote: ${text.slice(0, 200)}`;
  try {
    const value = JSON.parse(text) as Partial<S>;
    if (isStored(value) && isRest(value)) return value as S;
  } catch (cause) {
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told, { cause });
  }
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

function isStored({ fence, before, exposed, seen }: Partial<Stored>): boolean {
  return (
    typeof fence?.run === 'string' &&
    Number.isSafeInteger(fence.epoch) &&
    Number.isSafeInteger(fence.step) &&
    isWeights(before) &&
    typeof seen === 'string' &&
    (exposed === undefined || isExposed(exposed))
  );
}

function isExposed({ colour, header, mirror_percent: percent }: Partial<Exposed>): boolean {
  if (colour !== 'blue' && colour !== 'green') return false;
  const hasHeader = header === null || (typeof header?.name === 'string' && typeof header.value === 'string');
  return hasHeader && (percent === null || typeof percent === 'number');
}

export function isWeights(value: Partial<Weights> | null | undefined): value is Weights {
  return typeof value?.blue === 'number' && typeof value.green === 'number';
}

export function revisionOf({ epoch, step }: Fence): string {
  return `${epoch}.${step}`;
}

/**
 * Revisions are `EPOCH.STEP`, and `EPOCH.STEP~WHAT STANDS` once somebody else has written to what decides traffic.
 * `now`: what stands. `isForeign`: it is not what the fenced write left.
 */
export function fencedState(weights: Weights, stored: Stored | null, now: string, isForeign: boolean): RouterState {
  if (stored === null) return { weights, revision: `0.0~${now}`, fence: null, fenced_revision: null, before: null };
  const fenced = revisionOf(stored.fence);
  const revision = isForeign ? `${fenced}~${now}` : fenced;
  return { weights, revision, fence: stored.fence, fenced_revision: fenced, before: stored.before };
}

export function fingerprint({ blue, green }: Weights, more: readonly string[]): string {
  return [`${blue}/${green}`, ...more].join(', ');
}

/** `fields`: such as `f:spec`, `f:selector`. */
export function owns({ fieldsV1 }: V1ManagedFieldsEntry, fields: readonly string[]): boolean {
  let node: unknown = fieldsV1;
  for (const field of fields) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, field)) return false;
    node = (node as Record<string, unknown>)[field];
  }
  return true;
}

/** Managers, and when each last wrote: whole seconds, so two writes of one within one look like one. */
export function timesOf(owners: readonly V1ManagedFieldsEntry[]): string[] {
  return owners.map(({ manager, operation, time }) => `${manager} ${operation} ${time}`).sort();
}
