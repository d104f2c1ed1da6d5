import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const SECRET = 'hunter2';
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('parity of the colours of a Kubernetes service', () => {
  let plane: ControlPlane;
  beforeAll(() => {
    plane = kubernetes.value();
    process.env.KUBECONFIG = plane.kubeconfig;
  }, START_MS);
  afterAll(() => plane?.stop(), START_MS);

  const platformOf = ({ namespace, service }: KubernetesShop) =>
    createKubernetesPlatform({
      ...{ context: null, namespace, names: { blue: `${service}-blue`, green: `${service}-green` } },
      ...{ kind: 'Deployment', container: null, image: null, port: null },
    });
  const compare = (shop: KubernetesShop) => platformOf(shop).compare('blue', AbortSignal.timeout(10_000));
  const patchGreen = ({ namespace, service }: KubernetesShop, template: object) =>
    plane.api(
      'PATCH',
      `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-green`,
      { spec: { template } },
      'application/strategic-merge-patch+json',
    );
  const container = (changes: object) => ({ spec: { containers: [{ name: 'app', ...changes }] } });

  it('finds none but version, size and the colours’ own names', async () => {
    const shop = await openShop(plane, { tags: { green: '2.0.0' } });
    await patchGreen(shop, { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01' } } });
    expect(await compare(shop)).toEqual([]);
    await shop.remove();
  });

  it('has nothing to compare with where nothing was ever deployed', async () => {
    const shop = await openShop(plane, { tags: { blue: null } });
    expect(await compare(shop)).toBeNull();
    await shop.remove();
  });

  it('doubts a colour whose pods get less time to end than the plan’s drain, and stops nothing', async () => {
    const shop = await openShop(plane);
    const doubts = (drain_ms: number) => platformOf(shop).doubts?.({ drain_ms }, AbortSignal.timeout(10_000));
    expect(await doubts(30_000)).toEqual([]);
    const lifecycle = { preStop: { sleep: { seconds: 5 } } };
    const { spec } = container({ lifecycle });
    await patchGreen(shop, { spec: { ...spec, terminationGracePeriodSeconds: 20 } });
    expect(await doubts(30_000)).toEqual([
      'Deployment checkout-green: its pods are killed 20 s after they are told to end (terminationGracePeriodSeconds), switch.drain is 30 s',
      'Deployment checkout-green: the preStop of app sleeps 5 s, switch.drain is 30 s',
    ]);
    expect(await doubts(4_000)).toEqual([]);
    await shop.remove();
  });

  describe('tells of', () => {
    it.each([
      ['resources', container({ resources: { limits: { memory: '1Gi' } } }), 'containers.app.resources.limits.memory'],
      [
        'a variable, without its value',
        container({ env: [{ name: 'API_KEY', value: SECRET }] }),
        'containers.app.env.API_KEY',
      ],
      ['another service account', { spec: { serviceAccountName: 'other' } }, 'pod.serviceAccountName'],
      ['labels', { metadata: { labels: { tier: 'gold' } } }, 'labels.tier'],
      [
        'an init container',
        { spec: { initContainers: [{ name: 'migrate', image: 'migrate:1' }] } },
        'containers.migrate.image',
      ],
    ])('%s', async (_title, template, path) => {
      const shop = await openShop(plane);
      await patchGreen(shop, template);
      const differences = await compare(shop);
      expect(differences?.map((one) => one.path)).toContain(path);
      expect(JSON.stringify(differences)).not.toContain(SECRET);
      await shop.remove();
    });

    it('a secret’s contents, by hash', async () => {
      const shop = await openShop(plane);
      for (const colour of ['blue', 'green']) {
        const data = { password: Buffer.from(colour === 'blue' ? 'one' : SECRET).toString('base64') };
        await plane.api('POST', `/api/v1/namespaces/${shop.namespace}/secrets`, {
          ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: `database-${colour}` }, data },
        });
        const path = `/apis/apps/v1/namespaces/${shop.namespace}/deployments/checkout-${colour}`;
        const template = container({ envFrom: [{ secretRef: { name: `database-${colour}` } }] });
        await plane.api('PATCH', path, { spec: { template } }, 'application/strategic-merge-patch+json');
      }
      const differences = await compare(shop);
      expect(differences).toEqual([
        {
          path: 'secret.database-$COLOUR.password',
          active: expect.stringMatching(/^sha256:[0-9a-f]{8}$/),
          standby: expect.stringMatching(/^sha256:[0-9a-f]{8}$/),
        },
      ]);
      await shop.remove();
    });

    it('an autoscaler that only one has, and not of its lower bound', async () => {
      const shop = await openShop(plane);
      const scaler = (colour: string, minReplicas: number) =>
        plane.api('POST', `/apis/autoscaling/v2/namespaces/${shop.namespace}/horizontalpodautoscalers`, {
          apiVersion: 'autoscaling/v2',
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: `checkout-${colour}` },
          spec: {
            minReplicas,
            maxReplicas: 9,
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `checkout-${colour}` },
          },
        });
      await scaler('blue', 2);
      expect((await compare(shop))?.map(({ path }) => path)).toContain('horizontalPodAutoscaler.maxReplicas');
      await scaler('green', 1);
      expect(await compare(shop)).toEqual([]);
      await shop.remove();
    });
  });
});
