import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FENCE_ANNOTATION } from '../../../src/adapters/routers/kubernetes/fence-annotation.ts';
import { createServiceSelectorRouter } from '../../../src/adapters/routers/kubernetes/service-selector.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { routerContract } from '../../support/contracts/router.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('the service_selector router', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  beforeAll(() => {
    process.env.KUBECONFIG = plane.kubeconfig;
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);

  const routerOf = ({ namespace, service }: KubernetesShop) =>
    createServiceSelectorRouter({ context: null, namespace, service, label: 'colour' });
  const serviceOf = ({ namespace, service }: KubernetesShop) => `/api/v1/namespaces/${namespace}/services/${service}`;
  const readyShop = async () => {
    const shop = await openShop(plane, { replicas: { blue: 2, green: 2 } });
    await patiently(() => allReady(plane, shop, 4), '4 ready pods');
    return shop;
  };
  const signal = () => AbortSignal.timeout(20_000);

  routerContract('service_selector', { weighted: false, atomic: true }, async () => {
    const shop = await readyShop();
    return {
      router: routerOf(shop),
      another: routerOf(shop),
      foreignWrite: (weights: Weights) => select(plane, shop, weights.blue === 100 ? 'blue' : 'green'),
      answeredBy: null,
      close: shop.remove,
    };
  });

  describe('beyond the contract', () => {
    it('never selects a colour without a ready pod, unless forced', async () => {
      const shop = await openShop(plane, { replicas: { blue: 1, green: 0 } });
      const router = routerOf(shop);
      const { revision } = await router.read(signal());
      const claimed = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
      const shift = {
        weights: { blue: 0, green: 100 },
        expected_revision: claimed.state.revision,
        fence: { run: 'a', epoch: 1, step: 1 },
      };
      await expect(router.shift(shift, signal())).rejects.toMatchObject({
        code: 'CUTOVER_CAPACITY_SHORT',
        message: expect.stringContaining('"colour":"green"'),
      });
      expect((await router.read(signal())).weights).toEqual({ blue: 100, green: 0 });
      expect((await router.shift({ ...shift, force: true }, signal())).kind).toBe('written');
      await shop.remove();
    });

    it('has converged when the EndpointSlices hold exactly the ready pods of the colour', async () => {
      const shop = await readyShop();
      const router = routerOf(shop);
      const { revision } = await router.read(signal());
      const claimed = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
      const weights = { blue: 0, green: 100 };
      const fence = { run: 'a', epoch: 1, step: 1 };
      await router.shift({ weights, expected_revision: claimed.state.revision, fence }, signal());
      await patiently(async () => (await router.convergence(weights, signal())).converged, 'convergence', 10_000);
      expect(await endpointsOf(plane, shop)).toEqual(await podsOf(plane, shop, 'green'));
      await shop.remove();
    });

    it('keeps every other label of the selector, and names itself as the owner', async () => {
      const shop = await readyShop();
      const router = routerOf(shop);
      const { revision } = await router.read(signal());
      const claimed = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
      const fence = { run: 'a', epoch: 1, step: 1 };
      await router.shift(
        { weights: { blue: 0, green: 100 }, expected_revision: claimed.state.revision, fence },
        signal(),
      );
      const service = await plane.api<Service>('GET', serviceOf(shop));
      expect(service.spec.selector).toEqual({ app: 'checkout', colour: 'green' });
      expect(JSON.parse(service.metadata.annotations[FENCE_ANNOTATION] ?? '')).toMatchObject({ fence });
      expect(service.metadata.managedFields.map(({ manager }) => manager)).toContain('cutover');
      await shop.remove();
    });

    it('is not disturbed by what others write elsewhere in the Service', async () => {
      const shop = await readyShop();
      const router = routerOf(shop);
      const { revision } = await router.read(signal());
      const claimed = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
      const patch = { metadata: { annotations: { 'example.com/owner': 'payments' } } };
      await plane.api('PATCH', `${serviceOf(shop)}?fieldManager=kubectl`, patch, 'application/merge-patch+json');
      expect((await router.read(signal())).revision).toBe(claimed.state.revision);
      await shop.remove();
    });

    it('tells what it found when the Service does not select a colour, or is not there', async () => {
      const shop = await openShop(plane);
      await plane.api(
        'PATCH',
        serviceOf(shop),
        { spec: { selector: { colour: 'red' } } },
        'application/merge-patch+json',
      );
      await expect(routerOf(shop).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: `Service ${shop.namespace}/checkout selects colour: red; it must select colour: blue or green`,
      });
      await expect(routerOf({ ...shop, service: 'basket' }).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_NOT_FOUND',
        message: 'services "basket" not found',
      });
      await shop.remove();
    });
  });

  describe('with a probe', () => {
    const BLUE = { colour: 'blue', version: '1.0.0' };
    const GREEN = { colour: 'green', version: '2.0.0' };
    let shop: KubernetesShop;
    let standIn: StandIn;
    beforeAll(async () => {
      shop = await openShop(plane, { replicas: { blue: 1, green: 2 }, tags: { green: '2.0.0' } });
      await patiently(() => allReady(plane, shop, 3), '3 ready pods');
      await select(plane, shop, 'green');
      await patiently(
        async () => (await routerOf(shop).convergence(weights, signal())).converged,
        'the EndpointSlices',
      );
    }, START_MS);
    beforeEach(async () => {
      standIn = await startStandIn();
    });
    afterEach(() => standIn.stop());
    afterAll(() => shop?.remove());
    const weights = { blue: 0, green: 100 };
    const probing = (told: { header: string } | { field: string }) =>
      createServiceSelectorRouter({
        ...{ context: null, namespace: shop.namespace, service: shop.service, label: 'colour' },
        probe: { url: standIn.url, ...told },
      }).convergence(weights, signal());

    it.each([[{ header: 'X-Colour' }], [{ field: 'build.version' }]])(
      'has converged when every connection is answered by the colour: %j',
      async (told) => {
        standIn.answering = [GREEN, GREEN, BLUE, GREEN];
        const lagging = await probing(told);
        const found = 'header' in told ? 'blue' : '1.0.0';
        expect(lagging).toMatchObject({ converged: false });
        expect(lagging.detail).toBe(`${standIn.url} is answered by ${found}; it must be green or 2.0.0`);
        standIn.answering = [GREEN];
        expect(await probing(told)).toMatchObject({ converged: true });
        expect(standIn.connections).toBe(10);
      },
    );

    it('has not converged while nobody answers, or nobody says who', async () => {
      standIn.answering = [GREEN];
      expect((await probing({ header: 'x-version' })).detail).toContain('answered 200 without the header x-version');
      expect((await probing({ field: 'build.status' })).detail).toContain(
        'answered 200 without the field build.status',
      );
      await standIn.stop();
      const { converged, detail } = await probing({ header: 'x-colour' });
      expect(converged).toBe(false);
      expect(detail).toContain('does not answer: the connection was refused');
      standIn = await startStandIn();
    });

    it('is not asked before the EndpointSlices hold the colour', async () => {
      standIn.answering = [BLUE];
      const router = createServiceSelectorRouter({
        ...{ context: null, namespace: shop.namespace, service: shop.service, label: 'colour' },
        probe: { url: standIn.url, header: 'x-colour' },
      });
      expect((await router.convergence({ blue: 100, green: 0 }, signal())).converged).toBe(false);
      expect(standIn.connections).toBe(0);
    });
  });
});

interface StandIn {
  url: string;
  /** Who answers the next connections, one after the other, and the last one all others. */
  answering: { colour: string; version: string }[];
  connections: number;
  stop(): Promise<void>;
}

/** For the Service's address, behind which no container of kwok's answers: one node after the other follows. */
async function startStandIn(): Promise<StandIn> {
  const server = createServer((_, response) => {
    const [who = { colour: 'none', version: 'none' }] =
      standIn.answering.length > 1 ? standIn.answering.splice(0, 1) : standIn.answering;
    response.setHeader('x-colour', who.colour);
    response.end(JSON.stringify({ status: 'pass', build: { version: who.version } }));
  });
  const standIn: StandIn = {
    url: '',
    answering: [],
    connections: 0,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  server.on('connection', () => {
    standIn.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  return standIn;
}

interface Service {
  metadata: { annotations: Record<string, string>; managedFields: { manager: string }[] };
  spec: { selector: Record<string, string> };
}

interface Pods {
  items: { metadata: { uid: string }; status?: { conditions?: { type: string; status: string }[] } }[];
}

async function allReady(plane: ControlPlane, { namespace }: KubernetesShop, count: number): Promise<boolean> {
  const { items } = await plane.api<Pods>('GET', `/api/v1/namespaces/${namespace}/pods`);
  const isReady = ({ status }: Pods['items'][number]) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  return items.filter(isReady).length === count;
}

async function podsOf(plane: ControlPlane, { namespace }: KubernetesShop, colour: string): Promise<string[]> {
  const { items } = await plane.api<Pods>(
    'GET',
    `/api/v1/namespaces/${namespace}/pods?labelSelector=colour%3D${colour}`,
  );
  return items.map(({ metadata }) => metadata.uid).sort();
}

async function endpointsOf(plane: ControlPlane, { namespace }: KubernetesShop): Promise<string[]> {
  interface Slices {
    items: { endpoints?: { targetRef: { uid: string } }[] }[];
  }
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const { items } = await plane.api<Slices>('GET', path);
  return items.flatMap(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef.uid)).sort();
}

async function select(plane: ControlPlane, shop: KubernetesShop, colour: string): Promise<void> {
  const path = `/api/v1/namespaces/${shop.namespace}/services/${shop.service}?fieldManager=kubectl-patch`;
  await plane.api('PATCH', path, { spec: { selector: { colour } } }, 'application/merge-patch+json');
}
