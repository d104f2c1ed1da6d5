import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGatewayApiRouter } from '../../../src/adapters/routers/kubernetes/gateway-api.ts';
import { createIstioRouter, type IstioOptions } from '../../../src/adapters/routers/kubernetes/istio.ts';
import { createTraefikRouter } from '../../../src/adapters/routers/kubernetes/traefik.ts';
import type { TrafficRouter } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { routerContract } from '../../support/contracts/router.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import {
  defineResource,
  GRPC_ROUTE,
  HTTP_ROUTE,
  TRAEFIK_SERVICE,
  VIRTUAL_SERVICE,
} from '../../support/kubernetes/crds.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const NAMESPACE = 'default';
const SERVICES = { blue: 'checkout-blue', green: 'checkout-green' };
const BLUE: Weights = { blue: 100, green: 0 };
const kubernetes = await requirePart('kubernetes', openControlPlane);

interface Stored {
  metadata: { generation: number };
  spec: unknown;
}

kubernetes.suite('routers with weights', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let count = 0;
  beforeAll(async () => {
    process.env.KUBECONFIG = plane.kubeconfig;
    for (const definition of [HTTP_ROUTE, GRPC_ROUTE, VIRTUAL_SERVICE, TRAEFIK_SERVICE])
      await defineResource(plane, definition);
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);
  const signal = () => AbortSignal.timeout(20_000);

  /** An object of its own, and how a person would write its weights. */
  async function create(folder: string, apiVersion: string, kind: string, specOf: (weights: Weights) => object) {
    count += 1;
    const name = `checkout-${count}`;
    const path = `${folder}/${name}`;
    const body = { apiVersion, kind, metadata: { name }, spec: specOf(BLUE) };
    await plane.api('POST', `${folder}?fieldManager=kubectl-create`, body);
    const foreignWrite = async (weights: Weights) => {
      const patch = { spec: specOf(weights) };
      await plane.api('PATCH', `${path}?fieldManager=kubectl-edit`, patch, 'application/merge-patch+json');
    };
    const read = () => plane.api<Stored>('GET', path);
    const close = () => plane.api('DELETE', path).then(() => undefined);
    return { name, path, foreignWrite, read, close };
  }

  const routes = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}`;
  const backends = ({ blue, green }: Weights) => [
    { name: SERVICES.blue, port: 80, weight: blue },
    { name: SERVICES.green, port: 80, weight: green },
  ];
  const ruleSpec = (weights: Weights) => ({
    parentRefs: [{ name: 'public' }],
    rules: [
      { backendRefs: backends(weights), timeouts: { request: '3s' } },
      { matches: [{ path: { value: '/static' } }], backendRefs: [{ name: 'assets', port: 80 }] },
    ],
  });
  const gatewayRoute = (kind: 'HTTPRoute' | 'GRPCRoute' = 'HTTPRoute') =>
    create(
      `${routes}/${kind === 'HTTPRoute' ? 'httproutes' : 'grpcroutes'}`,
      'gateway.networking.k8s.io/v1',
      kind,
      ruleSpec,
    );
  const gatewayRouter = (route: string, kind: 'HTTPRoute' | 'GRPCRoute' = 'HTTPRoute') =>
    createGatewayApiRouter({ context: null, namespace: NAMESPACE, kind, route, services: SERVICES });
  /** What a Gateway's controller writes when it has taken the route over. */
  async function accept(path: string, generation: number, changes: object = {}): Promise<void> {
    const condition = (type: string) => ({
      type,
      status: 'True',
      reason: type,
      message: '',
      observedGeneration: generation,
      ...changes,
    });
    const parents = [{ parentRef: { name: 'public' }, conditions: ['Accepted', 'ResolvedRefs'].map(condition) }];
    await plane.api('PATCH', `${path}/status`, { status: { parents } }, 'application/merge-patch+json');
  }

  for (const kind of ['HTTPRoute', 'GRPCRoute'] as const) {
    routerContract(`gateway_api (${kind})`, { weighted: true, atomic: true }, async () => {
      const { name, path, foreignWrite, read, close } = await gatewayRoute(kind);
      const following = keepAccepting(async () => accept(path, (await read()).metadata.generation));
      return {
        router: gatewayRouter(name, kind),
        another: gatewayRouter(name, kind),
        foreignWrite,
        answeredBy: null,
        async close() {
          await following.stop();
          await close();
        },
      };
    });
  }

  const destinations: IstioOptions['destinations'] = { by: 'host', names: SERVICES };
  const virtualSpec = ({ blue, green }: Weights) => ({
    hosts: ['checkout'],
    http: [
      {
        name: 'primary',
        retries: { attempts: 3 },
        route: [
          { destination: { host: `${SERVICES.blue}.shop.svc.cluster.local` }, weight: blue },
          { destination: { host: SERVICES.green }, weight: green },
        ],
      },
    ],
  });
  const virtualServices = `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}/virtualservices`;
  routerContract('istio', { weighted: true, atomic: true }, async () => {
    const made = await create(virtualServices, 'networking.istio.io/v1', 'VirtualService', virtualSpec);
    const open = () =>
      createIstioRouter({
        context: null,
        namespace: NAMESPACE,
        virtualService: made.name,
        route: 'primary',
        destinations,
      });
    return { router: open(), another: open(), answeredBy: null, foreignWrite: made.foreignWrite, close: made.close };
  });

  const traefikServices = `/apis/traefik.io/v1alpha1/namespaces/${NAMESPACE}/traefikservices`;
  routerContract('traefik', { weighted: true, atomic: true }, async () => {
    const specOf = (weights: Weights) => ({
      weighted: { services: backends(weights), sticky: { cookie: { name: 'lb' } } },
    });
    const made = await create(traefikServices, 'traefik.io/v1alpha1', 'TraefikService', specOf);
    const open = () =>
      createTraefikRouter({ context: null, namespace: NAMESPACE, traefikService: made.name, services: SERVICES });
    return { router: open(), another: open(), answeredBy: null, foreignWrite: made.foreignWrite, close: made.close };
  });

  async function claimed(router: TrafficRouter) {
    const { revision } = await router.read(signal());
    const { state } = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
    return (weights: Weights, step = 1, expected = state.revision) =>
      router.shift({ weights, expected_revision: expected, fence: { run: 'a', epoch: 1, step } }, signal());
  }

  describe('a route of the Gateway API', () => {
    it('keeps every other part of the object as it was', async () => {
      const made = await gatewayRoute();
      const shift = await claimed(gatewayRouter(made.name));
      await shift({ blue: 90, green: 10 });
      expect((await made.read()).spec).toEqual(ruleSpec({ blue: 90, green: 10 }));
      await made.close();
    });

    it('writes parts of a percent as they are', async () => {
      const made = await gatewayRoute();
      const router = gatewayRouter(made.name);
      const shift = await claimed(router);
      await shift({ blue: 99.5, green: 0.5 });
      expect((await made.read()).spec).toEqual(ruleSpec({ blue: 9_950, green: 50 }));
      expect((await router.read(signal())).weights).toEqual({ blue: 99.5, green: 0.5 });
      await made.close();
    });

    it.each([
      ['nobody answers', null, 'no Gateway has answered'],
      ['an older generation is accepted', { observedGeneration: 1 }, 'Gateway public has not seen this generation'],
      ['it is refused', { status: 'False', reason: 'BackendNotFound', message: 'no such Service' }, 'Accepted False'],
    ])('has not converged while %s', async (_title, condition, detail) => {
      const made = await gatewayRoute();
      const router = gatewayRouter(made.name);
      const shift = await claimed(router);
      await shift({ blue: 50, green: 50 });
      const { generation } = (await made.read()).metadata;
      if (condition !== null) await accept(made.path, generation, condition);
      const looked = await router.convergence({ blue: 50, green: 50 }, signal());
      expect(looked).toMatchObject({ converged: false, detail: expect.stringContaining(detail) });
      await accept(made.path, generation);
      expect((await router.convergence({ blue: 50, green: 50 }, signal())).converged).toBe(true);
      await made.close();
    });

    it.each([
      ['names only one colour', [{ name: SERVICES.blue }], '1 of blue, 0 of green and 0 others'],
      [
        'names a third Service beside them',
        [...backends(BLUE), { name: 'legacy' }],
        '1 of blue, 1 of green and 1 others',
      ],
      ['names neither', [{ name: 'legacy' }], 'no rule with the Services of both colours'],
      ['gives both the weight 0', backends({ blue: 0, green: 0 }), 'gives both colours the weight 0'],
    ])('is refused when it %s', async (_title, backendRefs, message) => {
      const specOf = () => ({ rules: [{ backendRefs }] });
      const made = await create(`${routes}/httproutes`, 'gateway.networking.k8s.io/v1', 'HTTPRoute', specOf);
      await expect(gatewayRouter(made.name).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining(message),
      });
      await made.close();
    });
  });

  describe('a VirtualService', () => {
    it('is shifted by subset, in every route that names both colours, and nowhere else', async () => {
      const names = { blue: 'v1', green: 'v2' };
      const both = ({ blue, green }: Weights) => [
        { destination: { host: 'checkout', subset: 'v1' }, weight: blue },
        { destination: { host: 'checkout', subset: 'v2' }, weight: green },
      ];
      const specOf = (weights: Weights) => ({
        http: [
          { name: 'a', route: both(weights) },
          { name: 'b', route: both(weights) },
          { route: [{ destination: { host: 'legacy' } }] },
        ],
      });
      const made = await create(virtualServices, 'networking.istio.io/v1', 'VirtualService', specOf);
      const router = createIstioRouter({
        ...{ context: null, namespace: NAMESPACE, virtualService: made.name, route: null },
        destinations: { by: 'subset', names },
      });
      const shift = await claimed(router);
      await shift({ blue: 75, green: 25 });
      expect((await made.read()).spec).toEqual(specOf({ blue: 75, green: 25 }));
      await made.close();
    });

    it('has converged when the control plane says so, where it does', async () => {
      const made = await create(virtualServices, 'networking.istio.io/v1', 'VirtualService', virtualSpec);
      const router = createIstioRouter({
        ...{ context: null, namespace: NAMESPACE, virtualService: made.name, route: null },
        destinations,
      });
      const tell = (status: string) =>
        plane.api(
          'PATCH',
          `${made.path}/status`,
          {
            status: {
              observedGeneration: '1',
              conditions: [{ type: 'Reconciled', status, message: '3 of 4 proxies' }],
            },
          },
          'application/merge-patch+json',
        );
      await tell('False');
      expect(await router.convergence(BLUE, signal())).toMatchObject({
        converged: false,
        detail: expect.stringContaining('3 of 4 proxies'),
      });
      await tell('True');
      expect((await router.convergence(BLUE, signal())).converged).toBe(true);
      await made.close();
    });
  });
});

function keepAccepting(work: () => Promise<void>): { stop(): Promise<void> } {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
