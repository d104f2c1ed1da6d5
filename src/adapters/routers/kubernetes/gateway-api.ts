/** Gateway API: the weights of the backends of an HTTPRoute or a GRPCRoute. */
import type { KubernetesObject } from '@kubernetes/client-node';
import type { Colour, Weights } from '../../../plan/types.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../../kubernetes/api.ts';
import type { TrafficRouter } from '../../types.ts';
import { addExposed, removeExposed, standingIn } from './exposed-rules.ts';
import { createFencedObjectRouter } from './fenced-object.ts';
import { type Rule, ruleShape } from './gateway-rules.ts';
import { colourNamed, commonShares, numbersOf, pairIn, sharesOf } from './weighted.ts';

export interface GatewayApiOptions extends ClusterAccess {
  namespace: string;
  kind: 'HTTPRoute' | 'GRPCRoute';
  route: string;
  /** The Services that the colours stand behind. */
  services: Record<Colour, string>;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}
interface Route extends KubernetesObject {
  spec?: { rules?: Rule[] };
  status?: { parents?: { parentRef: { name: string }; conditions?: Condition[] }[] };
}

const PLURALS = { HTTPRoute: 'httproutes', GRPCRoute: 'grpcroutes' } as const;
const PROVEN = ['Accepted', 'ResolvedRefs'];

/**
 * Every rule that names both Services is given the same weights; other rules stay as they are. Converged when each parent
 * Gateway has accepted this generation of the route and resolved its backends.
 */
export function createGatewayApiRouter(options: GatewayApiOptions): TrafficRouter {
  const { namespace, kind, route, services } = options;
  const name = `${kind} ${namespace}/${route}`;
  const pair = ({ backendRefs = [] }: Rule) =>
    pairIn(backendRefs, (ref) => colourNamed(services, ref.name), `a rule of ${name}`);

  const shape = ruleShape(name, services, (rule) => pair(rule) !== null);

  return createFencedObjectRouter<Route>({
    api: createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_ROUTER_UNREACHABLE' }),
    path: `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/${PLURALS[kind]}/${route}`,
    name,
    owned: null,
    weightsOf({ spec }) {
      const pairs = (spec?.rules ?? []).map(pair).filter((found) => found !== null);
      const shares = pairs.map(({ blue, green }) => sharesOf({ blue: blue.weight ?? 1, green: green.weight ?? 1 }));
      return commonShares(shares, name);
    },
    patch({ spec }, weights, expose) {
      const numbers = numbersOf(weights);
      const rules = (spec?.rules ?? []).map((rule) => (pair(rule) === null ? rule : weighted(rule, services, numbers)));
      return { spec: { rules: expose === null ? rules : addExposed(rules, expose, shape) } };
    },
    exposure: {
      without: (object, exposed) => ({
        ...object,
        spec: { ...object.spec, rules: removeExposed(object.spec?.rules ?? [], exposed, shape) },
      }),
      standing: ({ spec }, exposed) => standingIn(spec?.rules ?? [], exposed, shape),
    },
    waitingFor: async (object) => waitingFor(object, name),
  });
}

function weighted(rule: Rule, services: Record<Colour, string>, numbers: Weights): Rule {
  const backendRefs = (rule.backendRefs ?? []).map((ref) => {
    const colour = colourNamed(services, ref.name);
    return colour === null ? ref : { ...ref, weight: numbers[colour] };
  });
  return { ...rule, backendRefs };
}

function waitingFor({ metadata, status }: Route, name: string): string | null {
  const generation = metadata?.generation ?? 0;
  const parents = status?.parents ?? [];
  if (parents.length === 0) return `no Gateway has answered for ${name}`;
  for (const { parentRef, conditions = [] } of parents) {
    for (const type of PROVEN) {
      const condition = conditions.find((one) => one.type === type);
      const gateway = `Gateway ${parentRef.name}`;
      if (condition === undefined) return `${gateway} has not said ${type} of ${name}`;
      if ((condition.observedGeneration ?? 0) < generation) return `${gateway} has not seen this generation of ${name}`;
      if (condition.status !== 'True') {
        return `${gateway} says ${type} ${condition.status} of ${name}: ${condition.reason ?? ''} ${condition.message ?? ''}`;
      }
    }
  }
  return null;
}
