/**
 * The autoscaler of a workload, so that it never fights a deployment: its lower bound is the size that was asked for, and
 * what it was before is kept in an annotation until the deployment is over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { isKubernetesConflict } from '../../kubernetes/errors.ts';

export const MIN_ANNOTATION = 'cutover.dev/min-replicas';
/** KEDA's own: as many replicas as it says, whatever the load. Without it KEDA would wake a colour that is freed. */
const PAUSED_ANNOTATION = 'autoscaling.keda.sh/paused-replicas';
const ATTEMPTS = 5;
/** Longer each time: a controller that is at it may write several times in a row. */
const CONFLICT_PAUSE_MS = 20;
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

/** Null: nothing scales it but people and Cutover. */
export async function scalerOf(
  api: KubernetesApi,
  namespace: string,
  workload: string,
  signal: AbortSignal,
): Promise<Scaler | null> {
  const folder = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
  const all = await api.list<V2HorizontalPodAutoscaler>(folder, '', signal);
  const own = all.find(({ spec }) => spec?.scaleTargetRef.name === workload);
  if (own === undefined) return null;
  const keda = own.metadata?.ownerReferences?.find(({ kind }) => kind === 'ScaledObject');
  if (keda === undefined) return { path: `${folder}/${own.metadata?.name}`, kind: 'HorizontalPodAutoscaler' };
  return { path: `/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects/${keda.name}`, kind: 'ScaledObject' };
}

/** Before the workload is scaled to `size`, which is above 0. */
export function holdAt(api: KubernetesApi, scaler: Scaler, size: number, signal: AbortSignal): Promise<void> {
  return change(api, scaler, (before) => ({ min: size, kept: String(before) }), signal);
}

/** The bound that it had before. `freed`: the workload is at 0 and stays there. */
export function letGo(api: KubernetesApi, scaler: Scaler, freed: boolean, signal: AbortSignal): Promise<void> {
  return change(api, scaler, (before) => ({ min: before, kept: null, paused: freed }), signal);
}

async function change(
  api: KubernetesApi,
  { path, kind }: Scaler,
  wanted: (before: number) => { min: number; kept: string | null; paused?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const field = FIELDS[kind];
  for (let attempt = 1; ; attempt += 1) {
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
    try {
      await api.merge(path, patch, signal);
      return;
    } catch (error) {
      if (!isKubernetesConflict(error) || attempt === ATTEMPTS) throw error;
      await sleep(attempt * CONFLICT_PAUSE_MS, undefined, { signal });
    }
  }
}
