/** HorizontalPodAutoscalers, and the workloads that they scale. */
import type { V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import type { KubernetesApi } from './api.ts';

export function listAutoscalers(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<V2HorizontalPodAutoscaler[]> {
  return api.list(`/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`, '', signal);
}

/** Null: nothing scales it but people and Cutover. */
export function autoscalerOf(
  autoscalers: readonly V2HorizontalPodAutoscaler[],
  { kind, name }: { kind: string; name: string },
): V2HorizontalPodAutoscaler | null {
  const isOwn = ({ spec }: V2HorizontalPodAutoscaler) =>
    spec?.scaleTargetRef.kind === kind && spec.scaleTargetRef.name === name;
  return autoscalers.find(isOwn) ?? null;
}
