import { afterAll, beforeAll } from 'vitest';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import { platformContract } from '../../support/contracts/platform.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('the kubernetes platform', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  beforeAll(() => {
    process.env.KUBECONFIG = plane.kubeconfig;
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);

  platformContract('kubernetes', async () => {
    const shop = await openShop(plane, { replicas: { blue: 0, green: 0 }, tags: { blue: null, green: null } });
    const { namespace, service } = shop;
    const names = { blue: `${service}-blue`, green: `${service}-green` };
    return {
      platform: createKubernetesPlatform({
        ...{ context: null, namespace, names, kind: 'Deployment' },
        ...{ container: null, image: null, port: null },
      }),
      versions: ['1.0.0', '2.0.0'],
      routeAllTo: null,
      close: shop.remove,
    };
  });
});
