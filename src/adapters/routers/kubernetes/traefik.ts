/** Traefik: the weights of a TraefikService. */
import type { KubernetesObject } from '@kubernetes/client-node';
import type { Colour } from '../../../plan/types.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../../kubernetes/api.ts';
import type { TrafficRouter } from '../../types.ts';
import { createFencedObjectRouter } from './fenced-object.ts';
import { colourNamed, commonShares, numbersOf, pairIn, sharesOf } from './weighted.ts';

export interface TraefikOptions extends ClusterAccess {
  namespace: string;
  traefikService: string;
  /** The Services that the colours stand behind. */
  services: Record<Colour, string>;
}

interface WeightedService {
  name: string;
  /** Absent: 1. */
  weight?: number;
}
interface TraefikService extends KubernetesObject {
  spec?: { weighted?: { services?: WeightedService[] } };
}

/** Traefik keeps no status of what it has read: a write counts as converged once it is stored. */
export function createTraefikRouter(options: TraefikOptions): TrafficRouter {
  const { namespace, traefikService, services } = options;
  const name = `TraefikService ${namespace}/${traefikService}`;
  const colourOf = (one: WeightedService) => colourNamed(services, one.name);

  return createFencedObjectRouter<TraefikService>({
    api: createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_ROUTER_UNREACHABLE' }),
    path: `/apis/traefik.io/v1alpha1/namespaces/${namespace}/traefikservices/${traefikService}`,
    name,
    owned: null,
    weightsOf({ spec }) {
      const pair = pairIn(spec?.weighted?.services ?? [], colourOf, name);
      const shares = pair === null ? [] : [sharesOf({ blue: pair.blue.weight ?? 1, green: pair.green.weight ?? 1 })];
      return commonShares(shares, name);
    },
    patch({ spec }, weights) {
      const numbers = numbersOf(weights);
      const list = (spec?.weighted?.services ?? []).map((one) => {
        const colour = colourOf(one);
        return colour === null ? one : { ...one, weight: numbers[colour] };
      });
      return { spec: { weighted: { services: list } } };
    },
    waitingFor: async () => null,
  });
}
