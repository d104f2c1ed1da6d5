/** Kinds that have a `scale` subresource, which the API server tells of (discovery). */
import { CutoverError } from '../../errors.ts';
import type { KindName } from '../../plan/kind-name.ts';
import type { KubernetesApi } from './api.ts';

export interface ScalableResource extends KindName {
  /** As in paths and rules: `rollouts`. */
  plural: string;
}

/** By context and name: what a cluster has once served is not asked for again. */
const known = new Map<string, ScalableResource>();

/** CUTOVER_KUBERNETES_NOT_FOUND when the cluster serves no such kind; CUTOVER_ROUTER_OBJECT when it cannot be scaled. */
export async function findScalable(
  api: KubernetesApi,
  context: string | null,
  name: KindName,
  signal: AbortSignal,
): Promise<ScalableResource> {
  const { group, version, kind } = name;
  const key = JSON.stringify([context, group, version, kind]);
  const found = known.get(key) ?? (await discover(api, name, signal));
  known.set(key, found);
  return found;
}

async function discover(api: KubernetesApi, name: KindName, signal: AbortSignal): Promise<ScalableResource> {
  const { group, version, kind } = name;
  const served = await api.find<{ resources: { name: string; kind: string }[] }>(`/apis/${group}/${version}`, signal);
  if (served === null) {
    throw new CutoverError('CUTOVER_KUBERNETES_NOT_FOUND', `the cluster serves no API ${group}/${version}`);
  }
  const plural = served.resources.find((one) => one.kind === kind && !one.name.includes('/'))?.name;
  if (plural === undefined) {
    const kinds = [...new Set(served.resources.filter((one) => !one.name.includes('/')).map((one) => one.kind))];
    const message = `${group}/${version} has no kind ${kind}; it has ${kinds.join(', ')}`;
    throw new CutoverError('CUTOVER_KUBERNETES_NOT_FOUND', message);
  }
  if (!served.resources.some((one) => one.name === `${plural}/scale`)) {
    const message = `${kind} of ${group}/${version} has no scale subresource; a workload must have one`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', message);
  }
  return { ...name, plural };
}
