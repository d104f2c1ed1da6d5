import type { V1EndpointSlice } from '@kubernetes/client-node';
import type { KubernetesApi } from '../../kubernetes/api.ts';

/** What lacks, for people: the first of these Services whose EndpointSlices hold nothing that is ready. Null: none lacks it. */
export async function lackingEndpoints(
  api: KubernetesApi,
  namespace: string,
  services: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const found = await Promise.all(
    services.map(async (service) => {
      const slices = await api.list<V1EndpointSlice>(path, `kubernetes.io/service-name=${service}`, signal);
      return slices.some(({ endpoints }) => (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false));
    }),
  );
  const short = services.find((_, index) => found[index] !== true);
  return short === undefined ? null : `Service ${namespace}/${short} has no ready endpoint`;
}
