/** Assembly: what stands behind a Service of a cluster, as a plan would name it. Reads only. */
import type { V1Deployment, V1Service, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { bounded } from '../../activities/clock.ts';
import { imageName, imageVersion } from '../../adapters/image.ts';
import { createKubernetesApi, type KubernetesApi } from '../../adapters/kubernetes/api.ts';
import { autoscalerOf, listAutoscalers } from '../../adapters/kubernetes/autoscalers.ts';
import { CutoverError } from '../../errors.ts';
import type { Colour } from '../../plan/types.ts';

export interface ServiceQuestion {
  /** Context of the kubeconfig; null: the current one. */
  context: string | null;
  namespace: string;
  service: string;
  /** Label of the selector that holds the colour; null: the one whose value is a colour. */
  label: string | null;
  /** Container whose image is the version; null: the only one. */
  container: string | null;
}

export interface LiveService extends ServiceQuestion {
  source: 'kubernetes';
  label: string;
  active: Colour;
  workload: WorkloadKind;
  names: Record<Colour, string>;
  /** Of the active colour, without its version. */
  image: string;
  /** Of the active colour; null: its image has neither tag nor digest. */
  version: string | null;
  replicas: Record<Colour, number>;
  autoscalers: Record<Colour, Autoscaler | null>;
}

export interface Autoscaler {
  name: string;
  min: number;
  max: number;
}

type WorkloadKind = 'Deployment' | 'StatefulSet';
type Labels = Record<string, string>;

/** What both kinds have in common, and all that is read of them. */
interface Workload {
  kind: WorkloadKind;
  name: string;
  object: V1Deployment;
}

const LIMIT_MS = 10_000;
const KINDS = [
  { kind: 'Deployment', plural: 'deployments' },
  { kind: 'StatefulSet', plural: 'statefulsets' },
] as const;

/**
 * CUTOVER_ROUTER_OBJECT when the Service selects no colour, or more than one workload of a colour;
 * CUTOVER_KUBERNETES_NOT_FOUND when there is no such Service, or a colour has no workload; CUTOVER_USAGE when a container is to
 * be named; the other errors of the KubernetesApi.
 */
export function readLiveService(question: ServiceQuestion): Promise<LiveService> {
  const { context, namespace, service } = question;
  const api = createKubernetesApi({ context, unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    const place = `namespaces/${encodeURIComponent(namespace)}`;
    const path = `/api/v1/${place}/services/${encodeURIComponent(service)}`;
    const selector = (await api.get<V1Service>(path, signal)).spec?.selector ?? {};
    const name = `Service ${namespace}/${service}`;
    const label = colourLabel(selector, question.label, name);
    const [workloads, scalers] = await Promise.all([
      workloadsIn(api, place, signal),
      listAutoscalers(api, encodeURIComponent(namespace), signal),
    ]);
    const blue = selectedBy({ ...selector, [label]: 'blue' }, workloads, name);
    const green = selectedBy({ ...selector, [label]: 'green' }, workloads, name);
    if (blue.kind !== green.kind) {
      const found = `${blue.kind} ${blue.name} and ${green.kind} ${green.name}`;
      throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name}: ${found} are of different kinds; both must be of one`);
    }
    const active = selector[label] === 'blue' ? 'blue' : 'green';
    const image = imageOf(active === 'blue' ? blue : green, question.container);
    return {
      source: 'kubernetes',
      ...{ context, namespace, service, label, active, workload: blue.kind },
      container: question.container,
      names: { blue: blue.name, green: green.name },
      image: imageName(image),
      version: imageVersion(image),
      replicas: { blue: blue.object.spec?.replicas ?? 1, green: green.object.spec?.replicas ?? 1 },
      autoscalers: { blue: bounds(blue, scalers), green: bounds(green, scalers) },
    };
  });
}

function colourLabel(selector: Labels, wanted: string | null, name: string): string {
  const isColour = (value: string | undefined) => value === 'blue' || value === 'green';
  const found = Object.keys(selector).filter((label) => isColour(selector[label]));
  const [label] = wanted === null ? found : found.filter((one) => one === wanted);
  if (label !== undefined && (wanted !== null || found.length === 1)) return label;
  const shown = JSON.stringify(selector);
  const message =
    wanted === null && found.length > 1
      ? `${name} selects a colour by more than one label: ${shown}; name one with --label`
      : `${name} selects ${shown}; it must select ${wanted ?? 'a label, such as colour'}: blue or green`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', message);
}

async function workloadsIn(api: KubernetesApi, place: string, signal: AbortSignal): Promise<Workload[]> {
  const found = await Promise.all(
    KINDS.map(async ({ kind, plural }) => {
      const objects = await api.list<V1Deployment>(`/apis/apps/v1/${place}/${plural}`, '', signal);
      return objects.map((object) => ({ kind, name: object.metadata?.name ?? '', object }));
    }),
  );
  return found.flat();
}

/** The one workload whose pods have all these labels. */
function selectedBy(labels: Labels, workloads: readonly Workload[], name: string): Workload {
  const found = workloads.filter(({ object }) => {
    const own = object.spec?.template.metadata?.labels ?? {};
    return Object.entries(labels).every(([key, value]) => own[key] === value);
  });
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const shown = JSON.stringify(labels);
  if (one === undefined) {
    const message = `${name} would select ${shown}, which no Deployment or StatefulSet gives to its pods`;
    throw new CutoverError('CUTOVER_KUBERNETES_NOT_FOUND', message);
  }
  const names = found.map((workload) => `${workload.kind} ${workload.name}`).join(', ');
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} would select ${shown}: ${names}; it must be one of them`);
}

function imageOf({ kind, name, object }: Workload, wanted: string | null): string {
  const containers = object.spec?.template.spec?.containers ?? [];
  const found = wanted === null ? containers : containers.filter((container) => container.name === wanted);
  const [container] = found;
  if (container !== undefined && found.length === 1) return container.image ?? '';
  const there = containers.map((one) => one.name).join(', ');
  throw new CutoverError('CUTOVER_USAGE', `${kind} ${name} has the containers ${there}: name one with --container.`);
}

function bounds(workload: Workload, autoscalers: readonly V2HorizontalPodAutoscaler[]): Autoscaler | null {
  const own = autoscalerOf(autoscalers, workload);
  if (own?.spec === undefined) return null;
  return { name: own.metadata?.name ?? '', min: own.spec.minReplicas ?? 1, max: own.spec.maxReplicas };
}
