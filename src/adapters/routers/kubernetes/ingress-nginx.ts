/** ingress-nginx: the Service that an Ingress names, and the weight of a canary Ingress beside it. */
import type { V1Ingress } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../../kubernetes/api.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';
import type { Fence, RouterState, TrafficRouter } from '../../types.ts';
import { appliedFingerprint, canaryFingerprint, canaryFor, mainFor } from './canary-ingress.ts';
import { FENCE_ANNOTATION, type Stored } from './fence-annotation.ts';
import { createFencedRouter } from './fenced-router.ts';
import { refuseUnfit } from './ingress-fitness.ts';
import { movedTo, type Services } from './ingress-rules.ts';
import {
  type Ingresses,
  type IngressNames,
  type MainStored,
  mainColour,
  mainFingerprint,
  standingOf,
  stateOf,
  weightsOf,
} from './ingress-state.ts';
import { lackingEndpoints } from './ready-endpoints.ts';

export interface IngressNginxOptions extends ClusterAccess {
  namespace: string;
  /** The main Ingress. */
  ingress: string;
  /** The canary beside it, which is made when it is not there. */
  canary: string;
  /** The Services that the colours stand behind. */
  services: Services;
}

const COLOURS = ['blue', 'green'] as const;

/**
 * A write is two requests. The main Ingress, with the fence and the weights that it stands for, is first: it is where a stale
 * writer fails. The canary follows, with the same fence. In between the traffic is as it was, or, where the main Ingress
 * changes its colour, already as it will be: the canary then names the main one's Service, or takes part in nothing. A canary
 * whose fence is another than the main one's is written by the next attempt, from what stands in the main one.
 *
 * A writer that froze between the two fails at the canary once its successor is through; within the milliseconds between
 * the successor's own two writes it is overwritten.
 *
 * A shift to a colour whose Service has no ready endpoint throws CUTOVER_CAPACITY_SHORT, unless forced. The controller
 * keeps no status of what it has read: a write counts as converged once it is stored, and the Services have endpoints.
 */
export function createIngressNginxRouter(options: IngressNginxOptions): TrafficRouter {
  const { namespace, services } = options;
  const api = createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_ROUTER_UNREACHABLE' });
  const folder = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
  const names: IngressNames = {
    main: `Ingress ${namespace}/${options.ingress}`,
    canary: `Ingress ${namespace}/${options.canary}`,
    services,
  };

  async function read(signal: AbortSignal, maxAgeMs: number): Promise<Ingresses> {
    const items = await (maxAgeMs === 0
      ? api.list<V1Ingress>(folder, '', signal)
      : api.recent<V1Ingress>(folder, {}, maxAgeMs, signal));
    const named = (name: string) => items.find(({ metadata }) => metadata?.name === name) ?? null;
    const [main, canary] = [named(options.ingress), named(options.canary)];
    if (main !== null) return { main, canary, others: items.filter((one) => one !== main && one !== canary) };
    const message = `ingresses.networking.k8s.io "${options.ingress}" not found`;
    throw new CutoverError('CUTOVER_KUBERNETES_NOT_FOUND', message);
  }

  async function write(
    found: Ingresses,
    { weights, fence, before }: RouterState & { fence: Fence },
    moves: boolean,
    signal: AbortSignal,
  ): Promise<Ingresses> {
    if (!moves) refuseUnfit(found, names);
    const { generation = 0, resourceVersion } = found.main.metadata ?? {};
    const now = mainColour(found.main, names);
    const colour = moves ? mainFor(weights, now) : now;
    const stored: MainStored = {
      fence,
      before: before ?? weights,
      seen: mainFingerprint(colour, generation + (colour === now ? 0 : 1)),
      wanted: weights,
      over: canaryFingerprint(found.canary),
    };
    const metadata = { resourceVersion, annotations: { [FENCE_ANNOTATION]: JSON.stringify(stored) } };
    const spec = colour === now ? {} : { spec: { rules: movedTo(found.main, colour, services) } };
    const main = await api.merge<V1Ingress>(`${folder}/${options.ingress}`, { metadata, ...spec }, signal);
    return complete({ ...found, main }, signal);
  }

  /** What somebody else has made of either of the two is left as it is, and seen in the state. */
  function complete(found: Ingresses, signal: AbortSignal): Promise<Ingresses> {
    let known: Ingresses | null = found;
    return readAndWrite(async () => {
      const ingresses = known ?? (await read(signal, 0));
      known = null;
      const { stored, isHalf, isForeign } = standingOf(ingresses, names);
      if (stored === null || !isHalf || isForeign) return ingresses;
      return { ...ingresses, canary: await putCanary(ingresses, stored, signal) };
    }, signal);
  }

  function putCanary(
    { main, canary }: Ingresses,
    { fence, before, wanted }: MainStored,
    signal: AbortSignal,
  ): Promise<V1Ingress> {
    const object = canaryFor(main, mainColour(main, names), options.canary, wanted, services);
    const stored: Stored = { fence, before, seen: appliedFingerprint(object) };
    const annotations = { ...object.metadata?.annotations, [FENCE_ANNOTATION]: JSON.stringify(stored) };
    const metadata = { ...object.metadata, annotations };
    if (canary === null) return api.create(folder, { ...object, metadata }, signal);
    const { resourceVersion, uid } = canary.metadata ?? {};
    // The uid alone keeps an apply from making one that was deleted meanwhile.
    const applied = { ...object, metadata: { ...metadata, resourceVersion, uid } };
    return api.apply(`${folder}/${options.canary}`, applied, signal);
  }

  function lackingOf(isNeeded: (colour: Colour) => boolean, signal: AbortSignal): Promise<string | null> {
    const needed = COLOURS.filter(isNeeded).map((colour) => services[colour]);
    return lackingEndpoints(api, namespace, needed, signal);
  }

  async function guard(found: Ingresses, weights: Weights, signal: AbortSignal): Promise<void> {
    const now = weightsOf(found, names);
    // Where the main one's Service has no endpoint, not even the canary's requests are answered.
    const main = mainFor(weights, mainColour(found.main, names));
    const lacking = await lackingOf((colour) => weights[colour] > now[colour] || colour === main, signal);
    if (lacking !== null) throw new CutoverError('CUTOVER_CAPACITY_SHORT', lacking);
  }

  return createFencedRouter<Ingresses>({
    name: names.main,
    read,
    stateOf: (found) => stateOf(found, names),
    guard,
    write,
    complete,
    async waitingFor(found, weights, signal) {
      if (standingOf(found, names).isHalf) return `${names.canary} is not written yet`;
      return lackingOf((colour) => weights[colour] > 0, signal);
    },
    proven: 'both Ingresses are stored; ingress-nginx does not tell when its controllers have read them',
  });
}
