/** The objects that run a colour's pods: of two kinds that are known, or of any kind that can be scaled. */
import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import { type KindName, parseKindName } from '../../../plan/kind-name.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { selectorText } from '../../kubernetes/labels.ts';
import { readObject } from '../../kubernetes/read-object.ts';
import { findScalable } from '../../kubernetes/scalable.ts';

/** What all kinds have in common, and all that is read of them. */
export type Workload = V1Deployment;

export interface Sized {
  workload: Workload;
  /** Asked for. */
  replicas: number;
  /** Of its pods, as a query has it. */
  selector: string;
}

export interface Workloads {
  /** For people, and as autoscalers name it. */
  kind: string;
  /** `maxAgeMs` as with `Platform.inspect`. */
  read(name: string, signal: AbortSignal, maxAgeMs?: number): Promise<Sized>;
  /** Conditional on what was read. */
  write(found: Sized, container: V1Container, replicas: number, signal: AbortSignal): Promise<void>;
}

export interface WorkloadsOptions {
  context: string | null;
  namespace: string;
  /** `Deployment`, `StatefulSet`, or `GROUP/VERSION/Kind`. */
  kind: string;
}

const PLURALS: Record<string, string> = { Deployment: 'deployments', StatefulSet: 'statefulsets' };

export function workloadsOf(api: KubernetesApi, options: WorkloadsOptions): Workloads {
  const plural = PLURALS[options.kind];
  return plural === undefined ? scaledWorkloads(api, options) : knownWorkloads(api, options, plural);
}

/** By server-side apply, so that Cutover owns image and replicas, and nothing else. */
function knownWorkloads(api: KubernetesApi, { namespace, kind }: WorkloadsOptions, plural: string): Workloads {
  const pathOf = (name: string) => `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}`;
  return {
    kind,
    async read(name, signal, maxAgeMs = 0) {
      const workload = await readObject<Workload>(api, pathOf(name), maxAgeMs, signal);
      const { replicas = 1, selector = {} } = workload.spec ?? {};
      return { workload, replicas, selector: selectorText(selector) };
    },
    async write({ workload }, { name: container, image }, replicas, signal) {
      const { name = '', resourceVersion } = workload.metadata ?? {};
      const metadata = { name, namespace, resourceVersion };
      const spec = { replicas, template: { spec: { containers: [{ name: container, image }] } } };
      await api.apply(pathOf(name), { apiVersion: 'apps/v1', kind, metadata, spec }, signal);
    },
  };
}

interface Scale {
  metadata?: { resourceVersion?: string };
  spec?: { replicas?: number };
  status?: { selector?: string };
}

/**
 * Where the number of replicas stands in an object of another kind, and what its pods are called, its `scale` alone tells.
 * Lists of such a kind are replaced as a whole by whoever applies one: the containers are written as they were read, with
 * the image. That and the size are two writes; the second one is made again when the first has been made.
 */
function scaledWorkloads(api: KubernetesApi, { context, namespace, kind: text }: WorkloadsOptions): Workloads {
  const kindName = requireKindName(text);
  const { kind } = kindName;
  const scales = new Map<string, Scale>();

  async function pathOf(object: string, signal: AbortSignal): Promise<string> {
    const { group, version, plural } = await findScalable(api, context, kindName, signal);
    return `/apis/${group}/${version}/namespaces/${namespace}/${plural}/${object}`;
  }

  /** An object that has not changed has the scale that it had. */
  async function scaleOf(path: string, { metadata }: Workload, signal: AbortSignal): Promise<Scale> {
    const kept = scales.get(path);
    if (kept !== undefined && kept.metadata?.resourceVersion === metadata?.resourceVersion) return kept;
    const scale = await api.get<Scale>(`${path}/scale`, signal);
    scales.set(path, scale);
    return scale;
  }

  return {
    kind,
    async read(object, signal, maxAgeMs = 0) {
      const path = await pathOf(object, signal);
      const workload = await readObject<Workload>(api, path, maxAgeMs, signal);
      requireTemplate(workload, `${kind} ${namespace}/${object}`);
      const { spec, status } = await scaleOf(path, workload, signal);
      const selector = status?.selector ?? '';
      if (selector !== '') return { workload, replicas: spec?.replicas ?? 0, selector };
      const message = `the scale of ${kind} ${namespace}/${object} does not say which pods are its own (status.selector)`;
      throw new CutoverError('CUTOVER_ROUTER_OBJECT', message);
    },
    async write(found, container, replicas, signal) {
      const { metadata, spec } = found.workload;
      const path = await pathOf(metadata?.name ?? '', signal);
      let resourceVersion = metadata?.resourceVersion;
      const before = spec?.template.spec?.containers ?? [];
      const containers = before.map((one) => (one.name === container.name ? container : one));
      if (before.some((one, index) => one.image !== containers[index]?.image)) {
        const patch = { metadata: { resourceVersion }, spec: { template: { spec: { containers } } } };
        resourceVersion = (await api.merge<Workload>(path, patch, signal)).metadata?.resourceVersion;
      }
      if (found.replicas === replicas) return;
      await api.merge(`${path}/scale`, { metadata: { resourceVersion }, spec: { replicas } }, signal);
    },
  };
}

function requireKindName(text: string): KindName {
  const name = parseKindName(text);
  if (name !== null) return name;
  const message = `"${text}" is no kind of workload; it must be Deployment, StatefulSet or GROUP/VERSION/Kind`;
  throw new CutoverError('CUTOVER_PLAN_VALUE', message);
}

function requireTemplate({ spec }: Workload, name: string): void {
  // Whatever its definition lets through.
  const containers: unknown = spec?.template?.spec?.containers;
  if (Array.isArray(containers)) return;
  throw new CutoverError(
    'CUTOVER_ROUTER_OBJECT',
    `${name} has no containers at spec.template.spec.containers; a workload must have its pod template there`,
  );
}
