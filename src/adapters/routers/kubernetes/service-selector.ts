/** The Service's selector: all traffic on one colour, moved by one conditional write. */
import type { V1EndpointSlice, V1Pod, V1Service } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import { imageVersion } from '../../image.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../../kubernetes/api.ts';
import { isReady } from '../../kubernetes/pods.ts';
import type { TrafficRouter } from '../../types.ts';
import { createFencedObjectRouter } from './fenced-object.ts';
import { askService, type ServiceProbe } from './service-probe.ts';

export interface ServiceSelectorOptions extends ClusterAccess {
  namespace: string;
  service: string;
  /** Label that holds the colour. */
  label: string;
  /** Absent: the EndpointSlices are believed. */
  probe?: ServiceProbe | undefined;
}

type Selector = Record<string, string>;

/**
 * Converged when the Service's EndpointSlices hold exactly the ready pods that its selector names, and what the probe asks
 * of its address is answered by them. A write that would
 * leave it without a ready pod throws CUTOVER_CAPACITY_SHORT, unless forced.
 */
export function createServiceSelectorRouter(options: ServiceSelectorOptions): TrafficRouter {
  const { namespace, service, label, probe } = options;
  const api = createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_ROUTER_UNREACHABLE' });
  const core = `/api/v1/namespaces/${namespace}`;
  const name = `Service ${namespace}/${service}`;

  function selectorOf(object: V1Service): Selector {
    const selector = object.spec?.selector ?? {};
    if (Object.keys(selector).length > 0) return selector;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} has no selector; it must have ${label}: blue or green`);
  }

  function colourOf(object: V1Service): Colour {
    const colour = selectorOf(object)[label];
    if (colour === 'blue' || colour === 'green') return colour;
    const found = colour === undefined ? `no label ${label}` : `${label}: ${colour}`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} selects ${found}; it must select ${label}: blue or green`);
  }

  async function readyPods(selector: Selector, signal: AbortSignal): Promise<V1Pod[]> {
    const text = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    const pods = await api.list<V1Pod>(`${core}/pods`, text.join(','), signal);
    return pods.filter(isReady);
  }

  function wanted(object: V1Service, weights: Weights): Selector {
    if (weights.blue !== 100 && weights.green !== 100) {
      const asked = `blue ${weights.blue} %, green ${weights.green} %`;
      throw new CutoverError(
        'CUTOVER_PLAN_ROUTER',
        `a Service's selector gives a colour all traffic or none, not ${asked}`,
      );
    }
    return { ...selectorOf(object), [label]: weights.blue === 100 ? 'blue' : 'green' };
  }

  return createFencedObjectRouter<V1Service>({
    api,
    path: `${core}/services/${service}`,
    name,
    owned: ['f:spec', 'f:selector'],
    weightsOf(object) {
      const colour = colourOf(object);
      return { blue: colour === 'blue' ? 100 : 0, green: colour === 'green' ? 100 : 0 };
    },
    patch: (object, weights) => ({ spec: { selector: wanted(object, weights) } }),
    async guard(object, weights, signal) {
      const selector = wanted(object, weights);
      if ((await readyPods(selector, signal)).length > 0) return;
      const shown = JSON.stringify(selector);
      throw new CutoverError(
        'CUTOVER_CAPACITY_SHORT',
        `no ready pod has the labels that ${name} would select: ${shown}`,
      );
    },
    async waitingFor(object, _, signal) {
      const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
      const [slices, pods] = await Promise.all([
        api.list<V1EndpointSlice>(slicesPath, `kubernetes.io/service-name=${service}`, signal),
        readyPods(selectorOf(object), signal),
      ]);
      const serving = new Set(slices.flatMap(servingPods));
      const expected = new Set(pods.map(({ metadata }) => metadata?.uid ?? ''));
      const missing = expected.size - [...expected].filter((uid) => serving.has(uid)).length;
      const left = [...serving].filter((uid) => !expected.has(uid)).length;
      if (missing === 0 && left === 0 && expected.size > 0) {
        return probe === undefined ? null : askService(probe, namesOf(colourOf(object), pods), signal);
      }
      return `the EndpointSlices of ${name} lack ${missing} of ${expected.size} ready pods, and still hold ${left} others`;
    },
  });
}

/** What a colour's pods may call themselves: the colour, or the version that they run. */
function namesOf(colour: Colour, pods: readonly V1Pod[]): Set<string> {
  const images = pods.flatMap(({ spec }) => (spec?.containers ?? []).map(({ image }) => imageVersion(image ?? '')));
  return new Set([colour, ...images.filter((version) => version !== null)]);
}

/** Whose endpoints get new connections. */
function servingPods({ endpoints }: V1EndpointSlice): string[] {
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => (targetRef?.uid === undefined ? [] : [targetRef.uid]));
}
