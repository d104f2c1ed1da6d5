/** Istio: the weights of the destinations of a VirtualService. */
import type { KubernetesObject } from '@kubernetes/client-node';
import type { Colour } from '../../../plan/types.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../../kubernetes/api.ts';
import type { TrafficRouter } from '../../types.ts';
import { addExposed, removeExposed, standingIn } from './exposed-rules.ts';
import { createFencedObjectRouter } from './fenced-object.ts';
import { type Destination, type HttpRoute, type Place, routeShape } from './istio-routes.ts';
import { colourNamed, commonShares, numbersOf, pairIn, sharesOf } from './weighted.ts';

export interface IstioOptions extends ClusterAccess {
  namespace: string;
  virtualService: string;
  /** Name of the one HTTP route; null: every route that names both colours. */
  route: string | null;
  /** The colours are subsets of one host, or hosts of their own. */
  destinations: { by: 'subset' | 'host'; names: Record<Colour, string> };
}

interface VirtualService extends KubernetesObject {
  spec?: { http?: HttpRoute[] };
  status?: { observedGeneration?: string; conditions?: { type: string; status: string; message?: string }[] };
}

/**
 * A host counts with and without its namespace (`checkout-blue`, `checkout-blue.shop.svc.cluster.local`). Converged when the
 * control plane says that every proxy has this generation; where it keeps no such status (its default), when it is written.
 */
export function createIstioRouter(options: IstioOptions): TrafficRouter {
  const { namespace, virtualService, route, destinations } = options;
  const name = `VirtualService ${namespace}/${virtualService}`;

  const colourOf = ({ destination }: Destination) => colourAt(destination);

  function colourAt({ host, subset }: Place): Colour | null {
    if (destinations.by === 'subset') return colourNamed(destinations.names, subset ?? '');
    const [service = ''] = host.split('.');
    return colourNamed(destinations.names, host) ?? colourNamed(destinations.names, service);
  }
  const isMeant = (one: HttpRoute) => route === null || one.name === route;
  const pair = (one: HttpRoute) =>
    isMeant(one) ? pairIn(one.route ?? [], colourOf, `the route ${one.name ?? ''} of ${name}`) : null;

  const shape = routeShape(name, colourAt, (one) => pair(one) !== null);

  return createFencedObjectRouter<VirtualService>({
    api: createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_ROUTER_UNREACHABLE' }),
    path: `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${virtualService}`,
    name,
    owned: null,
    weightsOf({ spec }) {
      const pairs = (spec?.http ?? []).map(pair).filter((found) => found !== null);
      const shares = pairs.map(({ blue, green }) => sharesOf({ blue: blue.weight ?? 0, green: green.weight ?? 0 }));
      return commonShares(shares, name);
    },
    patch({ spec }, weights, expose) {
      const numbers = numbersOf(weights);
      const weighted = (one: Destination) => {
        const colour = colourOf(one);
        return colour === null ? one : { ...one, weight: numbers[colour] };
      };
      const http = (spec?.http ?? []).map((one) =>
        pair(one) === null ? one : { ...one, route: (one.route ?? []).map(weighted) },
      );
      return { spec: { http: expose === null ? http : addExposed(http, expose, shape) } };
    },
    exposure: {
      without: (object, exposed) => ({
        ...object,
        spec: { ...object.spec, http: removeExposed(object.spec?.http ?? [], exposed, shape) },
      }),
      standing: ({ spec }, exposed) => standingIn(spec?.http ?? [], exposed, shape),
    },
    async waitingFor({ metadata, status }) {
      const reconciled = status?.conditions?.find(({ type }) => type === 'Reconciled');
      if (reconciled === undefined) return null;
      const isSeen = Number(status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
      if (isSeen && reconciled.status === 'True') return null;
      return `not every proxy has ${name}: ${reconciled.message ?? 'an older generation is reconciled'}`;
    },
  });
}
