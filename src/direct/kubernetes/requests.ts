/** Every request that a plan's adapters make of Kubernetes, as RBAC sees it. Pure. */
import type { ScalableResource } from '../../adapters/kubernetes/scalable.ts';
import { canaryOf, placeOf, servicesOf } from '../../adapters/registry.ts';
import { settingsOf } from '../../adapters/settings.ts';
import { type KindName, parseKindName } from '../../plan/kind-name.ts';
import { kubernetesPlatform } from '../../plan/schema/platforms.ts';
import { routerSettings } from '../../plan/schema/routers.ts';
import type { Plan } from '../../plan/types.ts';

export interface KubernetesRequest {
  context: string | null;
  namespace: string;
  group: string;
  /** With its subresource: `pods/log`. */
  resource: string;
  verb: 'get' | 'list' | 'watch' | 'create' | 'patch';
  /** Null: any of that resource. */
  name: string | null;
  /** What comes of a deployment without it; null: it fails. */
  otherwise: string | null;
}

type Place = Pick<KubernetesRequest, 'context' | 'namespace'>;

const NO_LOG = 'the reason of a crash lacks the last lines of its log';
const UNWATCHED = 'every look is a request of its own, where one watch would do';
const NO_AUTOSCALER = 'a deployment fails whose workloads a HorizontalPodAutoscaler scales';
const NO_KEDA = 'a deployment fails whose workloads KEDA scales';
const NO_KEDA_WORK = 'consumers that KEDA scales are not suspended';
const NO_PARITY = 'the colours cannot be compared';
const NO_BUDGETS = 'the colours cannot be compared, and the kept colour is not shrunk';

/** Empty: neither platform nor router is on Kubernetes. `scaled`: what the plan's own kind of workload is called. */
export function requestsOf(plan: Plan, scaled: ScalableResource | null = null): KubernetesRequest[] {
  return [...platformRequests(plan, scaled), ...routerRequests(plan)];
}

/** The kind of workload that only its cluster knows; null: the plan names none. */
export function scaledKindOf(plan: Plan): KindName | null {
  if (plan.platform.kind !== 'kubernetes') return null;
  return parseKindName(settingsOf(kubernetesPlatform, plan.platform).workload ?? '');
}

function platformRequests(plan: Plan, scaled: ScalableResource | null): KubernetesRequest[] {
  if (plan.platform.kind !== 'kubernetes') return [];
  const {
    deployments = servicesOf(plan),
    workload = 'Deployment',
    active_only: activeOnly,
  } = settingsOf(kubernetesPlatform, plan.platform);
  const ask = asking(placeOf(plan, {}));
  const group = scaled?.group ?? 'apps';
  const workloads = scaled?.plural ?? (workload === 'Deployment' ? 'deployments' : 'statefulsets');
  const parity = plan.require_parity ? null : NO_PARITY;
  return [
    ...Object.values(deployments).flatMap((name) => [
      ask(group, workloads, 'get', name),
      ask(group, workloads, 'list', name, UNWATCHED),
      ask(group, workloads, 'watch', name, UNWATCHED),
      ask(group, workloads, 'patch', name),
      ...(scaled === null
        ? []
        : (['get', 'patch'] as const).map((verb) => ask(group, `${workloads}/scale`, verb, name))),
    ]),
    ask('', 'pods', 'list'),
    ask('', 'pods', 'watch', null, UNWATCHED),
    ask('', 'pods/log', 'get', null, NO_LOG),
    ask('autoscaling', 'horizontalpodautoscalers', 'list'),
    ask('autoscaling', 'horizontalpodautoscalers', 'get', null, NO_AUTOSCALER),
    ask('autoscaling', 'horizontalpodautoscalers', 'patch', null, NO_AUTOSCALER),
    ask('keda.sh', 'scaledobjects', 'get', null, NO_KEDA),
    ask('keda.sh', 'scaledobjects', 'patch', null, NO_KEDA),
    ask('', 'configmaps', 'get', null, parity),
    ask('', 'secrets', 'get', null, parity),
    ask('policy', 'poddisruptionbudgets', 'list', null, parity && NO_BUDGETS),
    ask('networking.k8s.io', 'networkpolicies', 'list', null, parity),
    ...(activeOnly === undefined ? [] : workRequests(ask)),
  ];
}

function workRequests(ask: ReturnType<typeof asking>): KubernetesRequest[] {
  const verbs = ['list', 'get', 'patch'] as const;
  return [
    ...verbs.map((verb) => ask('batch', 'cronjobs', verb)),
    ...verbs.map((verb) => ask('apps', 'deployments', verb)),
    ...verbs.map((verb) => ask('apps', 'statefulsets', verb)),
    ...verbs.map((verb) => ask('keda.sh', 'scaledobjects', verb, null, NO_KEDA_WORK)),
  ];
}

function routerRequests(plan: Plan): KubernetesRequest[] {
  const { router } = plan;
  switch (router.kind) {
    case 'service_selector': {
      const { service, ...place } = settingsOf(routerSettings.service_selector, router);
      const ask = asking(placeOf(plan, place));
      return [
        ...written(placeOf(plan, place), '', 'services', service),
        ask('discovery.k8s.io', 'endpointslices', 'list'),
        ask('', 'pods', 'list'),
      ];
    }
    case 'gateway_api': {
      const { route, route_kind: kind = 'HTTPRoute', ...place } = settingsOf(routerSettings.gateway_api, router);
      const routes = kind === 'HTTPRoute' ? 'httproutes' : 'grpcroutes';
      return written(placeOf(plan, place), 'gateway.networking.k8s.io', routes, route);
    }
    case 'istio': {
      const { virtual_service: name, ...place } = settingsOf(routerSettings.istio, router);
      return written(placeOf(plan, place), 'networking.istio.io', 'virtualservices', name);
    }
    case 'ingress_nginx': {
      const { ingress, canary = canaryOf(ingress), ...place } = settingsOf(routerSettings.ingress_nginx, router);
      const ask = asking(placeOf(plan, place));
      const ofIngresses = (
        verb: KubernetesRequest['verb'],
        name: string | null = null,
        otherwise: string | null = null,
      ) => ask('networking.k8s.io', 'ingresses', verb, name, otherwise);
      return [
        ofIngresses('list'),
        ofIngresses('watch', null, UNWATCHED),
        ofIngresses('create'),
        ofIngresses('patch', ingress),
        ofIngresses('patch', canary),
        ask('discovery.k8s.io', 'endpointslices', 'list'),
      ];
    }
    case 'traefik': {
      const { service, ...place } = settingsOf(routerSettings.traefik, router);
      return written(placeOf(plan, place), 'traefik.io', 'traefikservices', service);
    }
    default:
      return [];
  }
}

function written(place: Place, group: string, resource: string, name: string): KubernetesRequest[] {
  const ask = asking(place);
  return [
    ask(group, resource, 'get', name),
    ask(group, resource, 'list', name, UNWATCHED),
    ask(group, resource, 'watch', name, UNWATCHED),
    ask(group, resource, 'patch', name),
  ];
}

function asking(place: Place) {
  return (
    group: string,
    resource: string,
    verb: KubernetesRequest['verb'],
    name: string | null = null,
    otherwise: string | null = null,
  ): KubernetesRequest => ({ ...place, group, resource, verb, name, otherwise });
}
