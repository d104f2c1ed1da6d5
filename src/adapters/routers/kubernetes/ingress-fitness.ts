/** Where ingress-nginx would not do what a main Ingress and its canary say. Pure. */
import type { V1Ingress } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import { classOf, isCanary } from './canary-ingress.ts';
import { servicesNamed } from './ingress-rules.ts';
import { type Ingresses, type IngressNames, storedInCanary } from './ingress-state.ts';

/** Throws CUTOVER_ROUTER_OBJECT. For the claim alone: a way back is never refused. */
export function refuseUnfit(found: Ingresses, names: IngressNames): void {
  const told = unfitCanary(found, names) ?? rivalOf(found, names);
  if (told !== null) throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

function unfitCanary({ main, canary }: Ingresses, names: IngressNames): string | null {
  if (canary === null) return null;
  if (!isCanary(canary) && storedInCanary(canary, names) === null) {
    return `${names.canary} is no canary (nginx.ingress.kubernetes.io/canary); name another, or none that is there`;
  }
  if (createdAt(canary) > createdAt(main)) return null;
  return `${names.canary} must be younger than ${names.main}; delete it, and it is made anew`;
}

function rivalOf({ main, others }: Ingresses, { services }: IngressNames): string | null {
  const own = [services.blue, services.green];
  for (const other of others) {
    const shared = servicesNamed(other).filter((service) => own.includes(service));
    if (shared.length === 0 || classOf(other) !== classOf(main)) continue;
    const told = `Ingress ${other.metadata?.namespace}/${other.metadata?.name} names ${shared.join(', ')}, too`;
    return `${told}; ingress-nginx keeps one weight for each Service, so it must name another Service of those pods`;
  }
  return null;
}

/** Epoch milliseconds, of whole seconds. */
function createdAt({ metadata }: V1Ingress): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}
