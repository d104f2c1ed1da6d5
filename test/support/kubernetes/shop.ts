/** A service of two Deployments behind one Service, in a namespace of its own. */
import type { Colour } from '../../../src/plan/types.ts';
import type { ControlPlane } from './control-plane.ts';

export interface KubernetesShop {
  namespace: string;
  service: string;
  remove(): Promise<void>;
}

let count = 0;

export interface ShopOptions {
  /** Replicas per colour. */
  replicas?: Partial<Record<Colour, number>>;
  /** Image tags per colour; null: an image without tag. */
  tags?: Partial<Record<Colour, string | null>>;
  /** A colour whose pods fit on no node. */
  unschedulable?: Colour;
}

export async function openShop(plane: ControlPlane, options: ShopOptions = {}): Promise<KubernetesShop> {
  count += 1;
  const namespace = `shop-${process.pid}-${count}`;
  const service = 'checkout';
  await plane.api('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const colour of ['blue', 'green'] as const) {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments?fieldManager=kubectl`;
    await plane.api('POST', path, deployment(service, colour, options));
  }
  await plane.api('POST', `/api/v1/namespaces/${namespace}/services?fieldManager=kubectl`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service },
    spec: { selector: { app: service, colour: 'blue' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  return {
    namespace,
    service,
    remove: () => plane.api('DELETE', `/api/v1/namespaces/${namespace}`).then(() => undefined),
  };
}

function deployment(service: string, colour: Colour, { replicas = {}, tags = {}, unschedulable }: ShopOptions): object {
  const labels = { app: service, colour };
  const tag = tags[colour] === undefined ? '1.0.0' : tags[colour];
  const image = `registry.example.com/${service}${tag === null ? '' : `:${tag}`}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${service}-${colour}`, labels },
    spec: {
      replicas: replicas[colour] ?? (colour === 'blue' ? 2 : 0),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }],
          ...(colour === unschedulable ? { nodeSelector: { disk: 'none-has-it' } } : {}),
        },
      },
    },
  };
}
