/**
 * Custom resources as their projects define them, as far as Cutover uses them: groups, versions, status subresources,
 * bounds of the weights, what is filled in, and which fields of a mirror are known; everything else is let through.
 */
import { patiently } from '../patiently.ts';
import type { ControlPlane } from './control-plane.ts';

interface Definition {
  group: string;
  version: string;
  kind: string;
  plural: string;
  spec: object;
  /** Where its number of replicas and its pods' labels stand. */
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
}

const open = { 'x-kubernetes-preserve-unknown-fields': true };
const list = (properties: object, required: string[]) => ({
  type: 'array',
  items: { type: 'object', properties, required, ...open },
});
const weight = (maximum: number) => ({ type: 'integer', minimum: 0, maximum });
const text = { type: 'string' };

const BACKENDS = list({ name: text, weight: weight(1_000_000) }, ['name']);
const part = { type: 'integer', minimum: 0 };
const MIRROR = {
  type: 'object',
  properties: {
    backendRef: { type: 'object', properties: { name: text, port: part, group: text, kind: text, namespace: text } },
    percent: { ...part, maximum: 100 },
    fraction: { type: 'object', properties: { numerator: part, denominator: { ...part, default: 100 } } },
  },
  required: ['backendRef'],
};
const FILTERS = list({ type: text, requestMirror: MIRROR }, ['type']);
const HEADERS = list({ type: { ...text, default: 'Exact' }, name: text, value: text }, ['name', 'value']);
const routeOf = (match: object) => ({
  type: 'object',
  properties: {
    rules: list({ matches: list({ headers: HEADERS, ...match }, []), filters: FILTERS, backendRefs: BACKENDS }, []),
  },
  ...open,
});
const PATH = { type: 'object', default: { type: 'PathPrefix', value: '/' }, ...open };

export const HTTP_ROUTE: Definition = {
  ...{ group: 'gateway.networking.k8s.io', version: 'v1', kind: 'HTTPRoute', plural: 'httproutes' },
  spec: routeOf({ path: PATH }),
};
export const GRPC_ROUTE: Definition = {
  ...HTTP_ROUTE,
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  spec: routeOf({ method: { type: 'object', ...open } }),
};
export const VIRTUAL_SERVICE: Definition = {
  ...{ group: 'networking.istio.io', version: 'v1', kind: 'VirtualService', plural: 'virtualservices' },
  spec: {
    type: 'object',
    properties: {
      http: list(
        {
          name: text,
          route: list({ weight: weight(2_147_483_647), destination: { type: 'object', ...open } }, ['destination']),
        },
        [],
      ),
    },
    ...open,
  },
};
export const TRAEFIK_SERVICE: Definition = {
  ...{ group: 'traefik.io', version: 'v1alpha1', kind: 'TraefikService', plural: 'traefikservices' },
  spec: {
    type: 'object',
    properties: {
      weighted: {
        type: 'object',
        properties: { services: list({ name: text, weight: weight(2_147_483_647) }, ['name']) },
        ...open,
      },
    },
    ...open,
  },
};

const closed = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const wholeNumber = { type: 'integer', minimum: 0 };
export const SERVICE_MONITOR: Definition = {
  ...{ group: 'monitoring.coreos.com', version: 'v1', kind: 'ServiceMonitor', plural: 'servicemonitors' },
  spec: closed(
    {
      selector: closed({ matchLabels: { type: 'object', additionalProperties: text } }),
      endpoints: { type: 'array', items: closed({ port: text, interval: text, path: text }) },
    },
    ['selector', 'endpoints'],
  ),
};
/** Of the Temporal Worker Controller; the pods are let through. */
export const WORKER_DEPLOYMENT: Definition = {
  ...{ group: 'temporal.io', version: 'v1alpha1', kind: 'WorkerDeployment', plural: 'workerdeployments' },
  spec: closed(
    {
      replicas: wholeNumber,
      workerOptions: closed({ connectionRef: closed({ name: text }, ['name']), temporalNamespace: text }, [
        'connectionRef',
        'temporalNamespace',
      ]),
      rollout: closed({ strategy: { type: 'string', enum: ['Manual', 'AllAtOnce', 'Progressive'] } }, ['strategy']),
      sunset: closed({ scaledownDelay: text, deleteDelay: text }),
      template: { type: 'object', ...open },
    },
    ['workerOptions', 'rollout', 'template'],
  ),
};
export const CONNECTION: Definition = {
  ...{ group: 'temporal.io', version: 'v1alpha1', kind: 'Connection', plural: 'connections' },
  spec: closed({ hostPort: { type: 'string', pattern: '^[a-zA-Z0-9.-]+:[0-9]+$' } }, ['hostPort']),
};

export const SCALED_OBJECT: Definition = {
  ...{ group: 'keda.sh', version: 'v1alpha1', kind: 'ScaledObject', plural: 'scaledobjects' },
  spec: { type: 'object', properties: { minReplicaCount: { type: 'integer', minimum: 0 } }, ...open },
};

/** Argo Rollouts' own, as far as it is a workload. */
export const ROLLOUT: Definition = {
  ...{ group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts' },
  spec: { type: 'object', properties: { replicas: { type: 'integer', minimum: 0 } }, ...open },
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.HPAReplicas',
    labelSelectorPath: '.status.selector',
  },
};

/** Ready to be used when this returns. */
export async function defineResource(
  plane: ControlPlane,
  { group, version, kind, plural, spec, scale }: Definition,
): Promise<void> {
  await plane.api('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // The API server asks for it of groups that belong to the Kubernetes project.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: { type: 'object', ...open } } } },
        },
      ],
    },
  });
  const isServed = () =>
    plane.api('GET', `/apis/${group}/${version}/${plural}`).then(
      () => true,
      () => false,
    );
  await patiently(isServed, `${kind} to be served`);
}
