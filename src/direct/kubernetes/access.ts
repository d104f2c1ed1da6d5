/** Assembly: whether the account in use may make every request that a plan's adapters make. Changes nothing. */
import { bounded } from '../../activities/clock.ts';
import { createKubernetesApi, type KubernetesApi } from '../../adapters/kubernetes/api.ts';
import { findScalable, type ScalableResource } from '../../adapters/kubernetes/scalable.ts';
import { placeOf } from '../../adapters/registry.ts';
import type { Plan } from '../../plan/types.ts';
import { type KubernetesRequest, requestsOf, scaledKindOf } from './requests.ts';

export interface KubernetesAccess {
  /** Every account asked for, as the API server knows it: one for each context of the kubeconfig. */
  accounts: string[];
  requests: number;
  /** Each verb of a resource once in a namespace. */
  refused: RefusedRequest[];
}

export interface RefusedRequest extends KubernetesRequest {
  account: string;
  /** The rule of a Role that would allow it. */
  rule: { apiGroups: string[]; resources: string[]; verbs: string[] };
}

const LIMIT_MS = 5_000;

/** Null: the plan asks nothing of Kubernetes. Errors of the KubernetesApi; CUTOVER_PLATFORM_UNREACHABLE when none answers. */
export async function askAccess(plan: Plan): Promise<KubernetesAccess | null> {
  if (requestsOf(plan).length === 0) return null;
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    const requests = requestsOf(plan, await scaledOf(plan, signal));
    const contexts = [...new Set(requests.map(({ context }) => context))];
    const asked = await Promise.all(
      contexts.map((context) => {
        const own = requests.filter((request) => request.context === context);
        return askContext(context, own, signal);
      }),
    );
    const accounts = [...new Set(asked.map(({ account }) => account))];
    return { accounts, requests: requests.length, refused: asked.flatMap(({ refused }) => refused) };
  });
}

async function scaledOf(plan: Plan, signal: AbortSignal): Promise<ScalableResource | null> {
  const kind = scaledKindOf(plan);
  if (kind === null) return null;
  const { context } = placeOf(plan, {});
  const api = createKubernetesApi({ context, unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  return findScalable(api, context, kind, signal);
}

async function askContext(
  context: string | null,
  requests: readonly KubernetesRequest[],
  signal: AbortSignal,
): Promise<{ account: string; refused: RefusedRequest[] }> {
  const api = createKubernetesApi({ context, unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  const [account, ...allowed] = await Promise.all([
    accountOf(api, signal),
    ...requests.map((request) => isAllowed(api, request, signal)),
  ]);
  const refused = new Map<string, RefusedRequest>();
  requests.forEach((request, index) => {
    if (allowed[index] === true) return;
    const { namespace, group, resource, verb } = request;
    const rule = { apiGroups: [group], resources: [resource], verbs: [verb] };
    const key = JSON.stringify([namespace, rule]);
    const known = refused.get(key);
    // What stops a deployment counts more than what it can do without.
    if (known === undefined || known.otherwise !== null) refused.set(key, { ...request, account, rule });
  });
  return { account, refused: [...refused.values()] };
}

async function isAllowed(api: KubernetesApi, request: KubernetesRequest, signal: AbortSignal): Promise<boolean> {
  const { namespace, group, verb, name } = request;
  const [resource = '', subresource] = request.resource.split('/');
  const resourceAttributes = {
    ...{ namespace, group, resource, verb },
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === null ? {} : { name }),
  };
  const { status } = await api.create<{ status?: { allowed?: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
    signal,
  );
  return status?.allowed === true;
}

async function accountOf(api: KubernetesApi, signal: AbortSignal): Promise<string> {
  const { status } = await api.create<{ status?: { userInfo?: { username?: string } } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
  );
  return status?.userInfo?.username ?? 'the account in use';
}
