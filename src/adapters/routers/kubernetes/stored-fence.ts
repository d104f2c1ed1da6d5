/** The fence of a Kubernetes object that decides traffic, in its annotation. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Exposed, Fence } from '../../types.ts';

export const FENCE_ANNOTATION = 'cutover.dev/fence';

/** What the annotation holds. `seen`: the traffic fields as they were after that write. */
export interface Stored {
  fence: Fence;
  before: Weights;
  /** What that write exposed, which is how its parts are known again; absent: nothing. */
  exposed?: Exposed;
  seen: string;
}

/** `name`: of the object, for people. Throws CUTOVER_ROUTER_OBJECT when somebody else has changed the annotation. */
export function storedIn(object: KubernetesObject, name: string): Stored | null {
  const text = object.metadata?.annotations?.[FENCE_ANNOTATION];
  if (text === undefined) return null;
  const told = `the annotation ${FENCE_ANNOTATION} of ${name} is not what Cutover wrote: ${text.slice(0, 200)}`;
  try {
    const value = JSON.parse(text) as Partial<Stored>;
    const { fence, before, exposed, seen } = value;
    const isWhole =
      typeof fence?.run === 'string' &&
      Number.isSafeInteger(fence.epoch) &&
      Number.isSafeInteger(fence.step) &&
      typeof before?.blue === 'number' &&
      typeof before.green === 'number' &&
      typeof seen === 'string' &&
      (exposed === undefined || isExposed(exposed));
    if (isWhole) return { fence, before, ...(exposed === undefined ? {} : { exposed }), seen };
  } catch (cause) {
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told, { cause });
  }
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

function isExposed({ colour, header, mirror_percent: percent }: Partial<Exposed>): boolean {
  if (colour !== 'blue' && colour !== 'green') return false;
  const hasHeader = header === null || (typeof header?.name === 'string' && typeof header.value === 'string');
  return hasHeader && (percent === null || typeof percent === 'number');
}
