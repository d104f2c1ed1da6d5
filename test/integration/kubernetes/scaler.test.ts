import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIN_ANNOTATION } from '../../../src/adapters/platforms/kubernetes/scaler.ts';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { awaitColour } from '../../support/contracts/platform.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { defineResource, SCALED_OBJECT } from '../../support/kubernetes/crds.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const PAUSED = 'autoscaling.keda.sh/paused-replicas';
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('an autoscaler beside a deployment', () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = kubernetes.value();
    process.env.KUBECONFIG = plane.kubeconfig;
    await defineResource(plane, SCALED_OBJECT);
  }, START_MS);
  afterAll(() => plane?.stop(), START_MS);

  const signal = () => AbortSignal.timeout(10_000);
  const platformOf = ({ namespace, service }: KubernetesShop) =>
    createKubernetesPlatform({
      ...{ context: null, namespace, names: { blue: `${service}-blue`, green: `${service}-green` } },
      ...{ kind: 'Deployment', container: null, image: null, port: null },
    });
  const folder = ({ namespace }: KubernetesShop) =>
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
  const scaler = (shop: KubernetesShop, colour: Colour, minReplicas: number, metadata: object = {}) =>
    plane.api('POST', folder(shop), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: `checkout-${colour}`, ...metadata },
      spec: {
        minReplicas,
        maxReplicas: 9,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `checkout-${colour}` },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    });
  interface Scaled {
    metadata: { annotations?: Record<string, string>; uid: string };
    spec: { minReplicas?: number; minReplicaCount?: number };
  }
  const read = (shop: KubernetesShop, colour: Colour) => plane.api<Scaled>('GET', `${folder(shop)}/checkout-${colour}`);

  it('is held at the size that was asked for, and has its own bound back when the old colour is freed', async () => {
    const shop = await openShop(plane, { replicas: { blue: 3, green: 0 } });
    await scaler(shop, 'blue', 2);
    await scaler(shop, 'green', 1);
    const platform = platformOf(shop);
    await platform.deploy('green', '2.0.0', 3, signal());
    await awaitColour(platform, 'green', ({ ready }) => ready === 3);
    expect(await read(shop, 'green')).toMatchObject({
      metadata: { annotations: { [MIN_ANNOTATION]: '1' } },
      spec: { minReplicas: 3 },
    });
    await platform.scale('green', 4, signal());
    expect(await read(shop, 'green')).toMatchObject({
      metadata: { annotations: { [MIN_ANNOTATION]: '1' } },
      spec: { minReplicas: 4 },
    });
    await platform.remove('blue', signal());
    const [green, blue] = [await read(shop, 'green'), await read(shop, 'blue')];
    expect([green.spec.minReplicas, blue.spec.minReplicas]).toEqual([1, 2]);
    expect([green, blue].map(({ metadata }) => metadata.annotations?.[MIN_ANNOTATION])).toEqual([undefined, undefined]);
    await shop.remove();
  });

  it('may be lower than its own bound while the old colour is shrunk in the lease', async () => {
    const shop = await openShop(plane, { replicas: { blue: 5 } });
    await scaler(shop, 'blue', 5);
    const platform = platformOf(shop);
    await platform.scale('blue', 1, signal());
    await awaitColour(platform, 'blue', ({ desired, ready }) => desired === 1 && ready === 1);
    expect((await read(shop, 'blue')).spec.minReplicas).toBe(1);
    await platform.scale('blue', 5, signal());
    await platform.remove('green', signal());
    expect((await read(shop, 'blue')).spec.minReplicas).toBe(5);
    await shop.remove();
  });

  it('is refused where its upper bound is below the size', async () => {
    const shop = await openShop(plane);
    await scaler(shop, 'green', 1);
    await expect(platformOf(shop).deploy('green', '2.0.0', 12, signal())).rejects.toMatchObject({
      code: 'CUTOVER_KUBERNETES_REFUSED',
      message: expect.stringContaining('maxReplicas'),
    });
    expect((await platformOf(shop).inspect('green', signal())).version).toBe('1.0.0');
    await shop.remove();
  });

  it('of KEDA is told at its ScaledObject, which is paused while its colour is freed', async () => {
    const shop = await openShop(plane, { replicas: { blue: 2, green: 0 } });
    const path = `/apis/keda.sh/v1alpha1/namespaces/${shop.namespace}/scaledobjects`;
    const made = await plane.api<Scaled>('POST', path, {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: 'checkout-green', annotations: { [PAUSED]: '0' } },
      spec: { minReplicaCount: 1, maxReplicaCount: 9, scaleTargetRef: { name: 'checkout-green' }, triggers: [] },
    });
    const owner = {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      name: 'checkout-green',
      uid: made.metadata.uid,
    };
    await scaler(shop, 'green', 1, { ownerReferences: [owner] });
    const platform = platformOf(shop);
    const scaled = () => plane.api<Scaled>('GET', `${path}/checkout-green`);
    await platform.deploy('green', '2.0.0', 2, signal());
    expect((await scaled()).spec.minReplicaCount).toBe(2);
    expect((await scaled()).metadata.annotations).toEqual({ [MIN_ANNOTATION]: '1' });
    await platform.remove('green', signal());
    expect((await scaled()).spec.minReplicaCount).toBe(1);
    expect((await scaled()).metadata.annotations).toEqual({ [PAUSED]: '0' });
    await shop.remove();
  });
});
