/** Two Argo Rollouts, and what stands in for their controller: each has its pods from a Deployment of the same template. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from './control-plane.ts';

const PAUSE_MS = 50;

interface Rollout {
  metadata: { name: string };
  spec: { replicas: number; selector: { matchLabels: Record<string, string> }; template: object };
  status?: { selector?: string; HPAReplicas?: number };
}

export interface Rollouts {
  namespace: string;
  names: { blue: string; green: string };
  path(name: string): string;
  close(): Promise<void>;
}

/** Of the service `cart`, whose images have no tag, and whose containers have a variable beside. */
export async function openRollouts(plane: ControlPlane, namespace: string): Promise<Rollouts> {
  await plane.api('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  const folder = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`;
  const names = { blue: 'cart-blue', green: 'cart-green' };
  for (const [colour, name] of Object.entries(names)) {
    const labels = { app: 'cart', colour };
    const env = [{ name: 'CURRENCY', value: 'EUR' }];
    const ports = [{ containerPort: 8080 }];
    const containers = [
      { name: 'app', image: 'registry.example.com/cart', env, ports },
      { name: 'proxy', image: 'registry.example.com/proxy:7' },
    ];
    await plane.api('POST', folder, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name },
      spec: {
        replicas: 0,
        strategy: { canary: {} },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
  }
  let stopped = false;
  const control = async () => {
    while (!stopped) {
      const { items } = await plane.api<{ items: Rollout[] }>('GET', folder);
      for (const rollout of items) await standIn(plane, namespace, folder, rollout);
      await sleep(PAUSE_MS);
    }
  };
  const controlling = control();
  controlling.catch(() => undefined);
  return {
    namespace,
    names,
    path: (name) => `${folder}/${name}`,
    async close() {
      stopped = true;
      await controlling;
      await plane.api('DELETE', `/api/v1/namespaces/${namespace}`);
    },
  };
}

async function standIn(plane: ControlPlane, namespace: string, folder: string, rollout: Rollout): Promise<void> {
  const { metadata, spec, status } = rollout;
  const { replicas, selector, template } = spec;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${metadata.name}-pods?fieldManager=rollouts&force=true`;
  await plane.api(
    'PATCH',
    path,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: `${metadata.name}-pods` },
      spec: { replicas, selector, template },
    },
    'application/apply-patch+yaml',
  );
  const text = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  if (status?.selector === text.join(',') && status.HPAReplicas === replicas) return;
  const patch = { status: { selector: text.join(','), HPAReplicas: replicas } };
  await plane.api('PATCH', `${folder}/${metadata.name}/status`, patch, 'application/merge-patch+json');
}
