/** A shop of which every request is made that a deployment makes of a cluster. */

import { patiently } from '../patiently.ts';
import type { ControlPlane } from './control-plane.ts';
import { GRPC_ROUTE, HTTP_ROUTE, TRAEFIK_SERVICE, VIRTUAL_SERVICE } from './crds.ts';
import type { KubernetesShop } from './shop.ts';

const NAMES = { blue: 'checkout-blue', green: 'checkout-green' };
/** The workloads of the kind StatefulSet. */
export const STATEFUL = { blue: 'ledger-blue', green: 'ledger-green' };

/** What the shop lacks for every request to be made: configuration that pods name, StatefulSets, and each router's object. */
export async function furnish(plane: ControlPlane, { namespace }: KubernetesShop): Promise<void> {
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const envFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }];
  await plane.api('POST', `${core}/configmaps`, { metadata: { name: 'settings' }, data: { currency: 'EUR' } });
  await plane.api('POST', `${core}/secrets`, { metadata: { name: 'keys' }, stringData: { key: 'k' } });
  for (const name of Object.values(NAMES)) {
    const template = { spec: { containers: [{ name: 'app', envFrom }] } };
    const patch = { spec: { template } };
    await plane.api('PATCH', `${apps}/deployments/${name}`, patch, 'application/strategic-merge-patch+json');
    await scaler(plane, namespace, 'Deployment', name);
  }
  for (const [colour, name] of Object.entries(STATEFUL)) {
    const labels = { app: 'ledger', colour };
    await scaler(plane, namespace, 'StatefulSet', name, await scaledObject(plane, namespace, name));
    await plane.api('POST', `${apps}/statefulsets`, {
      metadata: { name },
      spec: {
        replicas: 1,
        serviceName: name,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'app', image: 'registry.example.com/checkout:1.0.0' }] },
        },
      },
    });
  }
  const backends = [
    { name: NAMES.blue, port: 80, weight: 100 },
    { name: NAMES.green, port: 80, weight: 0 },
  ];
  const toBlue = { service: { name: NAMES.blue, port: { number: 80 } } };
  await plane.api('POST', `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, {
    metadata: { name: 'checkout' },
    spec: {
      rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: toBlue }] } }],
    },
  });
  const route = [
    { destination: { host: NAMES.blue }, weight: 100 },
    { destination: { host: NAMES.green }, weight: 0 },
  ];
  for (const [{ group, version, kind, plural }, spec] of [
    [HTTP_ROUTE, { rules: [{ backendRefs: backends }] }],
    [GRPC_ROUTE, { rules: [{ backendRefs: backends }] }],
    [VIRTUAL_SERVICE, { http: [{ route }] }],
    [TRAEFIK_SERVICE, { weighted: { services: backends } }],
  ] as const) {
    const object = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'checkout' }, spec };
    await plane.api('POST', `/apis/${group}/${version}/namespaces/${namespace}/${plural}`, object);
  }
}

/** `owner`: a ScaledObject of KEDA. */
async function scaler(plane: ControlPlane, namespace: string, kind: string, name: string, owner?: object) {
  await plane.api('POST', `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`, {
    metadata: { name, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    spec: { minReplicas: 1, maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind, name } },
  });
}

async function scaledObject(plane: ControlPlane, namespace: string, name: string): Promise<object> {
  const [apiVersion, kind] = ['keda.sh/v1alpha1', 'ScaledObject'];
  const { metadata } = await plane.api<{ metadata: { uid: string } }>(
    'POST',
    `/apis/${apiVersion}/namespaces/${namespace}/scaledobjects`,
    { apiVersion, kind, metadata: { name }, spec: { minReplicaCount: 1 } },
  );
  return { apiVersion, kind, name, uid: metadata.uid, controller: true };
}

interface Pods {
  items: { metadata: { name: string } }[];
}

/** One of the blue pods restarts again and again, whose log is read. */
export async function crashOnePod(plane: ControlPlane, { namespace }: KubernetesShop): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/${NAMES.blue}`;
  await patiently(async () => {
    const { status } = await plane.api<{ status: { readyReplicas?: number; replicas?: number } }>('GET', deployment);
    return status.readyReplicas === 2 && status.replicas === 2;
  }, 'two ready pods of blue');
  const { items } = await plane.api<Pods>('GET', `${pods}?labelSelector=app=checkout,colour=blue`);
  const name = items.at(-1)?.metadata.name;
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
  const status = { name: 'app', image: 'x', imageID: 'x', ready: false, restartCount: 3, state: { waiting } };
  const body = { status: { containerStatuses: [status] } };
  await plane.api('PATCH', `${pods}/${name}/status`, body, 'application/merge-patch+json');
}
