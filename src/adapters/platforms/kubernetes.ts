/** Two workloads of a Kubernetes cluster, one per colour. */
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { CutoverError } from '../../errors.ts';
import type { Colour } from '../../plan/types.ts';
import { otherColour } from '../../plan/weights.ts';
import { differencesBetween } from '../facts.ts';
import { imageName, imageOf, imageVersion } from '../image.ts';
import { accessOf, type ClusterAccess, createKubernetesApi } from '../kubernetes/api.ts';
import { autoscalerOf, listAutoscalers } from '../kubernetes/autoscalers.ts';
import { readAndWrite } from '../kubernetes/conflicts.ts';
import { crashingContainer, isReady, reasonOf } from '../kubernetes/pods.ts';
import type { ColourState, InstanceState, Platform } from '../types.ts';
import { leastAllowed } from './kubernetes/budgets.ts';
import { factsOf, readSurroundings } from './kubernetes/parity.ts';
import { holdAt, letGo, scalerFor } from './kubernetes/scaler.ts';
import { moveScheduledWork } from './kubernetes/scheduled-work.ts';
import { endsTooSoon } from './kubernetes/termination.ts';
import { type Workload, workloadsOf } from './kubernetes/workloads.ts';

export interface KubernetesPlatformOptions extends ClusterAccess {
  namespace: string;
  /** Names of the two workloads. */
  names: Record<Colour, string>;
  /** Of both: `Deployment`, `StatefulSet`, or `GROUP/VERSION/Kind` of any kind with a scale subresource. */
  kind: string;
  /** Container that gets the version; null: the only one. */
  container: string | null;
  /** Image without its version; null: the image that runs. */
  image: string | null;
  /** Port of checks that go past the router; null: the container's first. */
  port: number | null;
  /** What only one colour may run; absent: nothing. */
  activeOnly?: { selector: string; colourLabel: string } | undefined;
}

const COLOURS: readonly Colour[] = ['blue', 'green'];
const LOG_LINES = 3;
const LOG_BYTES = 500;

/**
 * Sets the image, the number of replicas, and nothing else (but for what the plan calls active-only, which it suspends). A colour's version is the tag or digest of its image, so one
 * without either counts as never deployed. CUTOVER_KUBERNETES_NOT_FOUND when a workload does not exist, and the other errors
 * of the KubernetesApi; CUTOVER_PLATFORM_UNREACHABLE when no API server answers.
 */
export function createKubernetesPlatform(options: KubernetesPlatformOptions): Platform {
  const { namespace, names } = options;
  const api = createKubernetesApi({ ...accessOf(options), unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  const workloads = workloadsOf(api, options);
  const { kind } = workloads;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const logs = new Map<string, string>();

  async function read(colour: Colour, signal: AbortSignal): Promise<Workload> {
    return (await workloads.read(names[colour], signal)).workload;
  }

  function containerOf(workload: Workload): V1Container {
    const containers = workload.spec?.template.spec?.containers ?? [];
    const found = options.container === null ? containers : containers.filter(({ name }) => name === options.container);
    const [container] = found;
    if (container !== undefined && found.length === 1) return container;
    const name = `${kind} ${namespace}/${workload.metadata?.name}`;
    const there = containers.map((one) => one.name).join(', ');
    const wanted = options.container === null ? 'one container, or the plan must name one' : `"${options.container}"`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} has the containers ${there}; it must have ${wanted}`);
  }

  function instanceOf(pod: V1Pod, container: V1Container): InstanceState {
    const port = options.port ?? container.ports?.[0]?.containerPort;
    const address = pod.status?.podIP;
    const host = address?.includes(':') ? `[${address}]` : address;
    return {
      id: pod.metadata?.name ?? '',
      url: host === undefined || port === undefined ? null : `http://${host}:${port}`,
      ready: isReady(pod),
      reason: reasonOf(pod),
    };
  }

  /** The last lines before the crash, read once per crash. */
  async function withLog(instance: InstanceState, pod: V1Pod, signal: AbortSignal): Promise<InstanceState> {
    const container = crashingContainer(pod);
    if (container === null) return instance;
    const restarts = pod.status?.containerStatuses?.find(({ name }) => name === container)?.restartCount;
    const key = `${instance.id} ${restarts}`;
    const known = logs.get(key) ?? (await lastLines(`${pods}/${instance.id}/log`, container, signal));
    logs.clear();
    logs.set(key, known);
    return known === '' ? instance : { ...instance, reason: `${instance.reason}; its log ends: ${known}` };
  }

  async function lastLines(path: string, container: string, signal: AbortSignal): Promise<string> {
    const query = { container, previous: 'true', tailLines: String(LOG_LINES), limitBytes: String(LOG_BYTES) };
    try {
      return (await api.text(path, query, signal)).trim().replaceAll('\n', ' | ');
    } catch (error) {
      // Without its log the reason still stands.
      signal.throwIfAborted();
      return error instanceof CutoverError && error.code === 'CUTOVER_KUBERNETES_FORBIDDEN'
        ? '(not allowed to read)'
        : '';
    }
  }

  async function inspect(colour: Colour, signal: AbortSignal, maxAgeMs = 0): Promise<ColourState> {
    const { workload, replicas, selector } = await workloads.read(names[colour], signal, maxAgeMs);
    const container = containerOf(workload);
    const all = await (maxAgeMs === 0
      ? api.list<V1Pod>(pods, selector, signal)
      : api.recent<V1Pod>(pods, { labelSelector: selector }, maxAgeMs, signal));
    const current = all.filter((pod) => runs(pod, container));
    const [crashing] = current.filter((pod) => crashingContainer(pod) !== null);
    const instances = await Promise.all(
      current.map((pod) => {
        const instance = instanceOf(pod, container);
        return pod === crashing ? withLog(instance, pod, signal) : instance;
      }),
    );
    return {
      colour,
      version: imageVersion(container.image ?? ''),
      desired: replicas,
      ready: instances.filter(({ ready }) => ready).length,
      instances: [...instances, ...problemsOf(workload, kind)],
    };
  }

  /** Reads, and writes what differs. */
  function change(
    colour: Colour,
    wanted: (workload: Workload) => { image?: string; replicas: number },
    signal: AbortSignal,
  ): Promise<void> {
    return readAndWrite(async () => {
      const found = await workloads.read(names[colour], signal);
      const container = containerOf(found.workload);
      const { image = container.image, replicas } = wanted(found.workload);
      if (container.image === image && found.replicas === replicas) return;
      await workloads.write(found, { ...container, ...(image === undefined ? {} : { image }) }, replicas, signal);
    }, signal);
  }

  /** Its autoscaler first: it would scale a colour down that is larger than it is used to. */
  async function hold(colour: Colour, size: number, signal: AbortSignal): Promise<void> {
    const own = autoscalerOf(await listAutoscalers(api, namespace, signal), { kind, name: names[colour] });
    if (own !== null) await holdAt(api, scalerFor(namespace, own), size, signal);
  }

  async function scale(colour: Colour, size: number, signal: AbortSignal): Promise<void> {
    if (size === 0) return free(colour, signal);
    await hold(colour, size, signal);
    await change(colour, () => ({ replicas: size }), signal);
  }

  /** An autoscaler leaves a workload at 0 alone. With this colour freed the deployment is over for the other one, too. */
  async function free(colour: Colour, signal: AbortSignal): Promise<void> {
    await change(colour, () => ({ replicas: 0 }), signal);
    const autoscalers = await listAutoscalers(api, namespace, signal);
    for (const one of [colour, otherColour(colour)]) {
      const own = autoscalerOf(autoscalers, { kind, name: names[one] });
      if (own !== null) await letGo(api, scalerFor(namespace, own), one === colour, signal);
    }
  }

  const { activeOnly } = options;
  const work = activeOnly && { ...activeOnly, namespace, own: { kind, names: Object.values(names) } };

  return {
    inspect,
    ...(work && { moveScheduledWork: (order, signal) => moveScheduledWork(api, work, order, signal) }),
    async compare(active, signal) {
      const standby = otherColour(active);
      const [one, other, surroundings] = await Promise.all([
        read(active, signal),
        read(standby, signal),
        readSurroundings(api, namespace, signal),
      ]);
      if (imageVersion(containerOf(one).image ?? '') === null) return null;
      const factsFor = (workload: Workload, colour: Colour) =>
        factsOf(
          api,
          { namespace, kind, workload, colour, container: containerOf(workload).name },
          surroundings,
          signal,
        );
      const [activeFacts, standbyFacts] = await Promise.all([factsFor(one, active), factsFor(other, standby)]);
      return differencesBetween(activeFacts, standbyFacts);
    },
    async doubts({ drain_ms: drainMs }, signal) {
      const both = await Promise.all(COLOURS.map((colour) => read(colour, signal)));
      return both.flatMap((workload) => endsTooSoon(workload, kind, drainMs));
    },
    async leastKept(colour, fullSize, signal) {
      const { spec } = await read(colour, signal);
      return leastAllowed(api, { namespace, labels: spec?.template.metadata?.labels, fullSize }, signal);
    },
    async deploy(colour, version, size, signal) {
      const imageFor = (workload: Workload) => {
        const name = options.image ?? imageName(containerOf(workload).image ?? '');
        return { image: imageOf(name, version), replicas: size };
      };
      if (size > 0) await hold(colour, size, signal);
      await change(colour, imageFor, signal);
    },
    scale,
    remove: free,
  };
}

function runs(pod: V1Pod, { name, image }: V1Container): boolean {
  return pod.spec?.containers.some((container) => container.name === name && container.image === image) === true;
}

/** What keeps pods from being there at all (quota, admission), or the rollout from going on. */
function problemsOf({ metadata, status }: Workload, kind: string): InstanceState[] {
  const problems = (status?.conditions ?? []).filter(
    ({ type, status: value, reason }) =>
      (type === 'ReplicaFailure' && value === 'True') ||
      (type === 'Progressing' && value === 'False' && reason === 'ProgressDeadlineExceeded'),
  );
  return problems.map(({ reason, message }) => ({
    id: `${kind.toLowerCase()}/${metadata?.name}`,
    url: null,
    ready: false,
    reason: `${reason}: ${message}`,
  }));
}
