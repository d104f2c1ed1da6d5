/**
 * The autoscaler of a workload, so that it never fights a deployment: its lower bound is the size that was asked for, and
 * what it was before is kept in an annotation until the deployment is over.
 */
import type { KubernetesObject, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';

export const MIN_ANNOTATION = 'cutover.dev/min-replicas';
/** KEDA's own: as many replicas as it says, whatever the load. Without it KEDA would wake a colour that is freed. */
export const PAUSED_ANNOTATION = 'autoscaling.keda.sh/paused-replicas';
/** Kubernetes' own default of the lower bound. */
const DEFAULT_MIN = 1;

interface Scaler {
  path: string;
  /** KEDA makes a HorizontalPodAutoscaler of its ScaledObject, and writes over what others write there. */
  kind: 'HorizontalPodAutoscaler' | 'ScaledObject';
}

interface ScalerObject extends KubernetesObject {
  spec?: Record<string, unknown>;
}

const FIELDS = { HorizontalPodAutoscaler: 'minReplicas', ScaledObject: 'minReplicaCount' } as const;

/** Where its lower bound is written: KEDA's are at their ScaledObject. */
export function scalerFor(namespace: string, { metadata }: V2HorizontalPodAutoscaler): Scaler {
  const keda = metadata?.ownerReferences?.find(({ kind }) => kind === 'ScaledObject');
  if (keda !== undefined) {
    return { path: `/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects/${keda.name}`, kind: 'ScaledObject' };
  }
  const folder = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
  return { path: `${folder}/${metadata?.name}`, kind: 'HorizontalPodAutoscaler' };
}

/** Before the workload is scaled to `size`, which is above 0. */
export function holdAt(api: KubernetesApi, scaler: Scaler, size: number, signal: AbortSignal): Promise<void> {
  return change(api, scaler, (before) => ({ min: size, kept: String(before) }), signal);
}

/** The bound that it had before. `freed`: the workload is at 0 and stays there. */
export function letGo(api: KubernetesApi, scaler: Scaler, freed: boolean, signal: AbortSignal): Promise<void> {
  return change(api, scaler, (before) => ({ min: before, kept: null, paused: freed }), signal);
}

function change(
  api: KubernetesApi,
  { path, kind }: Scaler,
  wanted: (before: number) => { min: number; kept: string | null; paused?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const field = FIELDS[kind];
  return readAndWrite(async () => {
    const { metadata, spec } = await api.get<ScalerObject>(path, signal);
    const current = Number(spec?.[field] ?? DEFAULT_MIN);
    const kept = metadata?.annotations?.[MIN_ANNOTATION];
    const { min, kept: keep, paused = false } = wanted(kept === undefined ? current : Number(kept));
    const isKeda = kind === 'ScaledObject';
    const pause = isKeda && paused ? '0' : null;
    const isPaused = metadata?.annotations?.[PAUSED_ANNOTATION] ?? null;
    if (current === min && (kept ?? null) === keep && (!isKeda || isPaused === pause)) return;
    const annotations = { [MIN_ANNOTATION]: keep, ...(isKeda ? { [PAUSED_ANNOTATION]: pause } : {}) };
    const patch = { metadata: { resourceVersion: metadata?.resourceVersion, annotations }, spec: { [field]: min } };
    await api.merge(path, patch, signal);
  }, signal);
}
