/** In what the colours of a Kubernetes service differ, apart from version, size and their own names. */
import type {
  V1ConfigMap,
  V1Container,
  V1Deployment,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1PodSpec,
  V1Secret,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import type { Colour } from '../../../plan/types.ts';
import { type Facts, hashOf, neutralFacts, putFacts } from '../../facts.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { autoscalerOf, listAutoscalers } from '../../kubernetes/autoscalers.ts';
import { selects } from '../../kubernetes/labels.ts';
import { listBudgets } from './budgets.ts';

interface Subject {
  namespace: string;
  kind: string;
  workload: V1Deployment;
  colour: Colour;
  /** Whose image is the version. */
  container: string;
}

/** What stands beside the workloads in their namespace, whichever colour it is for. */
export interface Surroundings {
  scalers: V2HorizontalPodAutoscaler[];
  budgets: V1PodDisruptionBudget[];
  policies: V1NetworkPolicy[];
}

export async function readSurroundings(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Surroundings> {
  const [scalers, budgets, policies] = await Promise.all([
    listAutoscalers(api, namespace, signal),
    listBudgets(api, namespace, signal),
    api.list<V1NetworkPolicy>(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, '', signal),
  ]);
  return { scalers, budgets, policies };
}

export async function factsOf(
  api: KubernetesApi,
  subject: Subject,
  { scalers, budgets, policies }: Surroundings,
  signal: AbortSignal,
): Promise<Facts> {
  const { workload, container } = subject;
  const facts: Facts = new Map();
  const template = workload.spec?.template;
  const spec = template?.spec;
  const labels = template?.metadata?.labels;
  putFacts(facts, 'labels', labels);
  putFacts(facts, 'annotations', withoutRestarts(template?.metadata?.annotations));
  if (spec !== undefined) {
    for (const group of ['initContainers', 'containers'] as const) {
      for (const one of spec[group] ?? []) putContainer(facts, one, one.name === container);
    }
    const { containers: _, initContainers: __, ...rest } = spec;
    putFacts(facts, 'pod', rest);
  }
  for (const [name, value] of await contents(api, subject, spec, signal)) putFacts(facts, name, value);
  putFacts(facts, 'horizontalPodAutoscaler', scaling(scalers, subject));
  const isFor = ({ spec: its }: V1PodDisruptionBudget) => selects(its?.selector, labels);
  putFacts(facts, 'podDisruptionBudget', specsOf(budgets.filter(isFor)));
  const applies = ({ spec: its }: V1NetworkPolicy) => selects(its?.podSelector ?? {}, labels);
  putFacts(facts, 'networkPolicies', specsOf(policies.filter(applies)));
  return neutralFacts(facts, subject.colour);
}

function putContainer(facts: Facts, { name, env, image, ...rest }: V1Container, isVersioned: boolean): void {
  const path = `containers.${name}`;
  putFacts(facts, path, rest);
  if (!isVersioned) putFacts(facts, `${path}.image`, image);
  for (const { name: variable, value, valueFrom } of env ?? []) {
    putFacts(facts, `${path}.env.${variable}`, valueFrom ?? hashOf(value ?? ''));
  }
}

/** `kubectl rollout restart` leaves one; it says nothing of the configuration. */
function withoutRestarts(annotations: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(([name]) => name !== 'kubectl.kubernetes.io/restartedAt'),
  );
}

/** Every config map and secret that the pods read: its keys, and the hash of each value. */
async function contents(
  api: KubernetesApi,
  { namespace }: Subject,
  spec: V1PodSpec | undefined,
  signal: AbortSignal,
): Promise<Map<string, unknown>> {
  const core = `/api/v1/namespaces/${namespace}`;
  const maps = [...references(spec, 'configMap')].map(async (name) => {
    const found = await api.find<V1ConfigMap>(`${core}/configmaps/${name}`, signal);
    return [`configMap.${name}`, found === null ? 'missing' : hashes({ ...found.data, ...found.binaryData })] as const;
  });
  const secrets = [...references(spec, 'secret')].map(async (name) => {
    const found = await api.find<V1Secret>(`${core}/secrets/${name}`, signal);
    return [`secret.${name}`, found === null ? 'missing' : hashes(found.data ?? {})] as const;
  });
  return new Map(await Promise.all([...maps, ...secrets]));
}

/** Names within env, envFrom, volumes and projected volumes. */
function references(spec: V1PodSpec | undefined, kind: 'configMap' | 'secret'): Set<string> {
  const names = new Set<string>();
  const add = (name: string | undefined) => {
    if (name !== undefined && name !== '') names.add(name);
  };
  for (const { env, envFrom } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) {
    for (const { valueFrom } of env ?? []) add(valueFrom?.[`${kind}KeyRef`]?.name);
    for (const source of envFrom ?? []) add(source[`${kind}Ref`]?.name);
  }
  for (const { configMap, secret, projected } of spec?.volumes ?? []) {
    add(kind === 'configMap' ? configMap?.name : secret?.secretName);
    for (const source of projected?.sources ?? []) add(source[kind]?.name);
  }
  return names;
}

function hashes(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, hashOf(value)]));
}

/** Without its lower bound, which a deployment raises and restores. */
function scaling(autoscalers: readonly V2HorizontalPodAutoscaler[], { kind, workload }: Subject): unknown {
  const { minReplicas: _, ...rest } =
    autoscalerOf(autoscalers, { kind, name: workload.metadata?.name ?? '' })?.spec ?? {};
  return rest;
}

function specsOf(objects: readonly { spec?: object }[]): unknown {
  return objects.map(({ spec }) => spec);
}
