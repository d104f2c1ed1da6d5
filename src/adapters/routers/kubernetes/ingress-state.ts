/** What a main Ingress and the canary beside it say, and which fenced write left them so. Pure. */
import type { V1Ingress } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import type { Fence, RouterState } from '../../types.ts';
import { canaryFingerprint, weightsWith } from './canary-ingress.ts';
import { fencedState, isWeights, type Stored, storedIn } from './fence-annotation.ts';
import { colourOf, type Services, servicesNamed } from './ingress-rules.ts';
import { colourNamed } from './weighted.ts';

/** Of one list, so of one moment. */
export interface Ingresses {
  main: V1Ingress;
  canary: V1Ingress | null;
  others: readonly V1Ingress[];
}

/** For people, and the Services of the colours. */
export interface IngressNames {
  main: string;
  canary: string;
  services: Services;
}

/** What the main Ingress's annotation holds beside: the weights of the fence, and the canary that it found. */
export interface MainStored extends Stored {
  wanted: Weights;
  over: string;
}

/**
 * `isHalf`: the canary lacks the write whose fence the main Ingress has. `isForeign`: either of them is not as fenced writes
 * left it.
 */
export interface Standing {
  stored: MainStored | null;
  isHalf: boolean;
  isForeign: boolean;
}

/** Throws CUTOVER_ROUTER_OBJECT unless its paths name one colour, and its default backend none. */
export function mainColour(main: V1Ingress, { main: name, services }: IngressNames): Colour {
  const { defaultBackend } = main.spec ?? {};
  const colour = colourOf(main, services, name);
  if (colour !== null && colourNamed(services, defaultBackend?.service?.name ?? '') === null) return colour;
  const found = colour === null ? servicesNamed(main).join(', ') || 'no Service' : 'it as the default backend';
  const wanted = `a path must name ${services.blue} or ${services.green}`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} names ${found}; ${wanted}`);
}

export function weightsOf({ main, canary }: Ingresses, names: IngressNames): Weights {
  return weightsWith(mainColour(main, names), canary, names.services, names.canary);
}

/** Every write to its spec is counted by the API server. */
export function mainFingerprint(colour: Colour, generation: number): string {
  return `${colour}, generation ${generation}`;
}

export function storedInCanary(canary: V1Ingress | null, names: IngressNames): Stored | null {
  return canary === null ? null : storedIn(canary, names.canary);
}

export function standingOf({ main, canary }: Ingresses, names: IngressNames): Standing {
  const stored = storedIn<MainStored>(main, names.main, isMainStored);
  if (stored === null) return { stored, isHalf: false, isForeign: false };
  const beside = storedInCanary(canary, names);
  const now = canaryFingerprint(canary);
  const order = beside === null ? -1 : compare(beside.fence, stored.fence);
  // Also the late write of one whose fence was passed while it was under way.
  const isFenced = now === beside?.seen && order <= 0;
  const isKnown = isFenced || (order !== 0 && now === stored.over);
  return { stored, isHalf: order !== 0, isForeign: !isKnown || standing(main, names) !== stored.seen };
}

export function stateOf(found: Ingresses, names: IngressNames): RouterState {
  const { stored, isForeign } = standingOf(found, names);
  const now = `${standing(found.main, names)}; ${canaryFingerprint(found.canary)}`;
  return fencedState(weightsOf(found, names), stored, now, isForeign);
}

function standing(main: V1Ingress, names: IngressNames): string {
  return mainFingerprint(mainColour(main, names), main.metadata?.generation ?? 0);
}

function isMainStored({ wanted, over }: Partial<MainStored>): boolean {
  return isWeights(wanted) && typeof over === 'string';
}

/** 0: the same fence. */
function compare(a: Fence, b: Fence): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.step !== b.step) return a.step - b.step;
  return a.run === b.run ? 0 : -1;
}
