import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import type { Platform } from '../../../src/adapters/types.ts';
import { askAccess } from '../../../src/direct/kubernetes/access.ts';
import { awaitColour, platformContract } from '../../support/contracts/platform.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { defineResource, HTTP_ROUTE, ROLLOUT } from '../../support/kubernetes/crds.ts';
import { openRollouts, type Rollouts } from '../../support/kubernetes/rollouts.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';
import { testPlan } from '../../support/plans.ts';

const START_MS = 1_200_000;
const KIND = 'argoproj.io/v1alpha1/Rollout';
const kubernetes = await requirePart('kubernetes', openControlPlane);

interface RolloutObject {
  spec: { replicas: number; strategy: object; template: { spec: { containers: object[] } } };
}

kubernetes.suite('workloads of any kind that can be scaled', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  beforeAll(async () => {
    process.env.KUBECONFIG = plane.kubeconfig;
    await defineResource(plane, ROLLOUT);
    await defineResource(plane, HTTP_ROUTE);
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);
  const signal = () => AbortSignal.timeout(20_000);

  function platformOf({ namespace, names }: Pick<Rollouts, 'namespace' | 'names'>, kind = KIND): Platform {
    const rest = { context: null, container: 'app', image: null, port: null };
    return createKubernetesPlatform({ ...rest, namespace, names, kind });
  }

  /** Its controller has said which pods are its own. */
  async function seen(platform: Platform): Promise<void> {
    const isSeen = () =>
      Promise.all([platform.inspect('blue', signal()), platform.inspect('green', signal())]).then(
        () => true,
        () => false,
      );
    await patiently(isSeen, 'the controller of the Rollouts');
  }

  platformContract('kubernetes (Rollout)', async () => {
    const rollouts = await openRollouts(plane, 'rollouts-contract');
    const platform = platformOf(rollouts);
    await seen(platform);
    return { platform, versions: ['1.0.0', '2.0.0'], routeAllTo: null, close: rollouts.close };
  });

  describe('a Rollout', () => {
    let rollouts: Rollouts;
    let platform: Platform;
    beforeAll(async () => {
      rollouts = await openRollouts(plane, 'rollouts');
      platform = platformOf(rollouts);
      await seen(platform);
    }, START_MS);
    afterAll(() => rollouts?.close());

    it('keeps everything but image and size', async () => {
      const path = rollouts.path(rollouts.names.green);
      const before = await plane.api<RolloutObject>('GET', path);
      await platform.deploy('green', '3.0.0', 2, signal());
      await awaitColour(platform, 'green', ({ ready }) => ready === 2);
      const after = await plane.api<RolloutObject>('GET', path);
      const [app, proxy] = before.spec.template.spec.containers;
      expect(after.spec).toEqual({
        ...before.spec,
        replicas: 2,
        template: {
          ...before.spec.template,
          spec: { containers: [{ ...app, image: 'registry.example.com/cart:3.0.0' }, proxy] },
        },
      });
    });

    it('is compared like any other workload', async () => {
      await platform.deploy('blue', '3.0.0', 1, signal());
      expect(await platform.compare('blue', signal())).toEqual([]);
      expect(await platform.doubts?.({ drain_ms: 60_000 }, signal())).toEqual([
        expect.stringContaining('Rollout cart-blue: its pods are killed 30 s'),
        expect.stringContaining('Rollout cart-green: its pods are killed 30 s'),
      ]);
    });

    it('needs rights on itself and its scale', async () => {
      const { namespace, names } = rollouts;
      const kind = { kind: 'kubernetes', namespace, workload: KIND, deployments: names } as const;
      const access = await askAccess(testPlan({ platform: kind }));
      const onDeployments = await askAccess(testPlan({ platform: { kind: 'kubernetes', namespace } }));
      expect(access?.refused).toEqual([]);
      expect(access?.requests).toBe((onDeployments?.requests ?? 0) + 4);
    });
  });

  it('are refused where the pod template is elsewhere', async () => {
    await plane.api('POST', '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts', {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'by-reference' },
      spec: { replicas: 1, workloadRef: { kind: 'Deployment', name: 'cart' } },
    });
    const names = { blue: 'by-reference', green: 'by-reference' };
    await expect(platformOf({ namespace: 'default', names }).inspect('blue', signal())).rejects.toMatchObject({
      code: 'CUTOVER_ROUTER_OBJECT',
      message: expect.stringContaining(
        'Rollout default/by-reference has no containers at spec.template.spec.containers',
      ),
    });
  });

  it.each([
    ['example.com/v1/Thing', 'CUTOVER_KUBERNETES_NOT_FOUND', 'the cluster serves no API example.com/v1'],
    [
      'argoproj.io/v1alpha1/Thing',
      'CUTOVER_KUBERNETES_NOT_FOUND',
      'argoproj.io/v1alpha1 has no kind Thing; it has Rollout',
    ],
    [
      'gateway.networking.k8s.io/v1/HTTPRoute',
      'CUTOVER_ROUTER_OBJECT',
      'HTTPRoute of gateway.networking.k8s.io/v1 has no scale subresource',
    ],
  ])('are refused where the cluster has none: %s', async (kind, code, message) => {
    const names = { blue: 'a', green: 'b' };
    const found = platformOf({ namespace: 'default', names }, kind).inspect('blue', signal());
    await expect(found).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
