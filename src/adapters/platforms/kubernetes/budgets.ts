/** PodDisruptionBudgets: the API server holds evictions to them, and lets anybody scale below them. */
import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { selects } from '../../kubernetes/labels.ts';
import type { LeastSize } from '../../types.ts';

export function listBudgets(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<V1PodDisruptionBudget[]> {
  return api.list(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, '', signal);
}

/** Budgets that may not be read allow nothing. */
export async function leastAllowed(
  api: KubernetesApi,
  { namespace, labels, fullSize }: { namespace: string; labels: Record<string, string> | undefined; fullSize: number },
  signal: AbortSignal,
): Promise<LeastSize | null> {
  try {
    return leastOf(await listBudgets(api, namespace, signal), labels, fullSize);
  } catch (error) {
    if (!(error instanceof CutoverError) || error.code !== 'CUTOVER_KUBERNETES_FORBIDDEN') throw error;
    return { size: fullSize, reason: 'its PodDisruptionBudgets may not be read' };
  }
}

/** The strictest of the budgets for pods with these labels, of a workload of `fullSize`; null: there is none. */
export function leastOf(
  budgets: readonly V1PodDisruptionBudget[],
  labels: Record<string, string> | undefined,
  fullSize: number,
): LeastSize | null {
  const own = budgets.filter(({ spec }) => selects(spec?.selector, labels));
  const bounds = own.map(({ metadata, spec }): LeastSize => {
    const { minAvailable, maxUnavailable } = spec ?? {};
    const [key, bound] =
      minAvailable === undefined
        ? (['maxUnavailable', maxUnavailable ?? fullSize] as const)
        : (['minAvailable', minAvailable] as const);
    const count = podsOf(bound, fullSize);
    const least = key === 'minAvailable' ? count : fullSize - count;
    const size = Math.min(fullSize, Math.max(0, least));
    return { size, reason: `PodDisruptionBudget ${metadata?.name} has ${key} ${bound}` };
  });
  return bounds.reduce<LeastSize | null>((most, one) => (most === null || one.size > most.size ? one : most), null);
}

/** A number, or a share of the whole, which Kubernetes rounds up for both keys. */
function podsOf(bound: number | string, fullSize: number): number {
  const text = String(bound);
  return text.endsWith('%') ? Math.ceil((Number(text.slice(0, -1)) * fullSize) / 100) : Number(text);
}
