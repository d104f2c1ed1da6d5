import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Ingress } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIngressNginxRouter } from '../../../src/adapters/routers/kubernetes/ingress-nginx.ts';
import type { Fence, TrafficRouter } from '../../../src/adapters/types.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { routerContract } from '../../support/contracts/router.ts';
import { type ApiCall, type ApiProxy, cutAfter, cutBefore, startApiProxy } from '../../support/kubernetes/api-proxy.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type RoutingTable, routingTable } from '../../support/kubernetes/ingress-controller.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const TEST_MS = 60_000;
/** Creation times are whole seconds, and a canary must be younger. */
const YOUNGER_MS = 1_100;
const SERVICES = { blue: 'checkout-blue', green: 'checkout-green' };
const BLUE: Weights = { blue: 100, green: 0 };
const GREEN: Weights = { blue: 0, green: 100 };
const HOST = 'shop.example.com';
const MERGE = 'application/merge-patch+json';
const WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';
const kubernetes = await requirePart('kubernetes', openControlPlane);

const split = (green: number): Weights => ({ blue: 100 - green, green });
const byService = (weights: Weights) =>
  Object.fromEntries(
    (['blue', 'green'] as const)
      .filter((colour) => weights[colour] > 0)
      .map((colour) => [SERVICES[colour], weights[colour]]),
  );

function mainSpec(colour: Colour) {
  const to = (name: string, port: object = { number: 80 }) => ({ service: { name, port } });
  return {
    ingressClassName: 'nginx',
    tls: [{ hosts: [HOST], secretName: 'shop-tls' }],
    rules: [
      {
        host: HOST,
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: to(SERVICES[colour]) },
            { path: '/static', pathType: 'Prefix', backend: to('assets') },
            { path: '/api', pathType: 'Exact', backend: to(SERVICES[colour], { name: 'api' }) },
          ],
        },
      },
      { host: 'legacy.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('legacy') }] } },
    ],
  };
}

kubernetes.suite('the ingress_nginx router', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let proxy: ApiProxy;
  let count = 0;
  beforeAll(async () => {
    proxy = await startApiProxy(plane, plane.token);
    const cluster = (name: string, server: string) => ({ name, cluster: { server, 'insecure-skip-tls-verify': true } });
    const context = (name: string) => ({ name, context: { cluster: name, user: 'test' } });
    const config = {
      'current-context': 'direct',
      clusters: [cluster('direct', plane.url), cluster('proxied', proxy.url)],
      users: [{ name: 'test', user: { token: plane.token } }],
      contexts: [context('direct'), context('proxied')],
    };
    process.env.KUBECONFIG = join(plane.folder, 'ingress.kubeconfig');
    await writeFile(process.env.KUBECONFIG, JSON.stringify(config));
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await plane.stop();
  }, START_MS);
  const signal = () => AbortSignal.timeout(20_000);

  /** Whether a Service has a ready endpoint, as its EndpointSlice says. */
  async function endpoints(namespace: string, service: string, ready: boolean): Promise<void> {
    const folder = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready } }] };
    const metadata = { name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } };
    await plane.api('DELETE', `${folder}/${metadata.name}`).catch(() => undefined);
    await plane.api('POST', folder, { metadata, ...slice });
  }

  async function open() {
    count += 1;
    const namespace = `ingress-${process.pid}-${count}`;
    await plane.api('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    for (const service of Object.values(SERVICES)) await endpoints(namespace, service, true);
    const folder = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
    const annotations = {
      'nginx.ingress.kubernetes.io/proxy-body-size': '8m',
      'nginx.ingress.kubernetes.io/load-balance': 'ewma',
    };
    const main = { metadata: { name: 'shop', annotations, labels: { app: 'shop' } }, spec: mainSpec('blue') };
    await plane.api('POST', `${folder}?fieldManager=kubectl-create`, main);
    await sleep(YOUNGER_MS);
    const routerIn = (context: string) =>
      createIngressNginxRouter({ context, namespace, ingress: 'shop', canary: 'shop-canary', services: SERVICES });
    return {
      namespace,
      folder,
      router: routerIn('direct'),
      proxied: routerIn('proxied'),
      read: (name = 'shop') => plane.api<V1Ingress>('GET', `${folder}/${name}`),
      edit: (name: string, patch: object) =>
        plane.api('PATCH', `${folder}/${name}?fieldManager=kubectl-edit`, patch, MERGE),
      post: (name: string, spec: object, itsAnnotations: Record<string, string> = {}) =>
        plane.api('POST', folder, { metadata: { name, annotations: itsAnnotations }, spec }),
      table: async (): Promise<RoutingTable> =>
        routingTable((await plane.api<{ items: V1Ingress[] }>('GET', folder)).items),
      isWriteTo: (name: string) => (call: ApiCall) =>
        call.method === 'PATCH' && call.path.startsWith(`${folder}/${name}?`),
      close: () => plane.api('DELETE', `/api/v1/namespaces/${namespace}`).then(() => undefined),
    };
  }
  type Shop = Awaited<ReturnType<typeof open>>;

  async function claimed(router: TrafficRouter) {
    const { revision } = await router.read(signal());
    return (await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal())).state;
  }
  const fence = (step: number, epoch = 1, run = 'a'): Fence => ({ run, epoch, step });
  const shift = (router: TrafficRouter, weights: Weights, revision: string, step: number, force = false) =>
    router.shift({ weights, expected_revision: revision, fence: fence(step), force }, signal());

  routerContract('ingress_nginx', { weighted: true, atomic: true }, async () => {
    const shop = await open();
    const foreignWrite = async (weights: Weights) => {
      await shop.edit('shop', { spec: mainSpec(weights.blue === 100 ? 'blue' : 'green') });
    };
    return { router: shop.router, another: shop.proxied, foreignWrite, answeredBy: null, close: shop.close };
  });

  describe('to ingress-nginx', () => {
    it(
      'gives, after each of its two writes, the shares of before or those that are wanted, and never an unknown Service',
      async () => {
        const shop = await open();
        let { revision } = await claimed(shop.router);
        let now = BLUE;
        const steps = [split(10), split(50), GREEN, split(70), BLUE, GREEN, BLUE, split(0.5), GREEN, split(99), BLUE];
        for (const [index, wanted] of steps.entries()) {
          const title = `from ${now.green} % to ${wanted.green} %`;
          proxy.intercept(shop.isWriteTo('shop-canary'), cutBefore);
          await expect(shift(shop.proxied, wanted, revision, index + 1), title).rejects.toMatchObject({
            code: 'CUTOVER_ROUTER_UNREACHABLE',
          });
          const half = await shop.table();
          const seen = await shop.router.read(signal());
          expect([byService(now), byService(wanted)], title).toContainEqual(half.routed(HOST, '/'));
          expect(half.routed(HOST, '/api'), title).toEqual(half.routed(HOST, '/'));
          expect(byService(seen.weights), title).toEqual(half.routed(HOST, '/'));
          expect(seen, title).toMatchObject({ fence: fence(index + 1), revision: seen.fenced_revision, before: BLUE });
          expect(await shop.router.convergence(seen.weights, signal())).toMatchObject({
            converged: false,
            detail: expect.stringContaining('shop-canary is not written yet'),
          });

          const again = await shift(shop.proxied, wanted, revision, index + 1);
          expect(again, title).toMatchObject({ kind: 'already', state: { weights: wanted } });
          const whole = await shop.table();
          expect(whole.routed(HOST, '/'), title).toEqual(byService(wanted));
          expect(whole.routed(HOST, '/api'), title).toEqual(byService(wanted));
          for (const table of [half, whole]) {
            expect(table.routed(HOST, '/static'), title).toEqual({ assets: 100 });
            expect(table.routed('legacy.example.com', '/'), title).toEqual({ legacy: 100 });
            expect(table.known, title).toEqual(expect.arrayContaining(Object.values(SERVICES)));
            expect(new Set(table.ofCanaries.map(({ allowed }) => allowed)), title).toEqual(new Set(['127.0.0.1/32']));
            expect(
              table.ofCanaries.every(({ at }) => at.startsWith('_ /upstreams.cutover.invalid/')),
              title,
            ).toBe(true);
          }
          if (wanted.blue === 100 || wanted.green === 100) expect(whole.canaries, title).toEqual([]);
          revision = again.state.revision;
          now = wanted;
        }
        await shop.close();
      },
      TEST_MS,
    );

    it('is claimed without a canary in charge, and knows both Services from then on', async () => {
      const shop = await open();
      await claimed(shop.router);
      const table = await shop.table();
      expect(table).toMatchObject({ canaries: [], known: expect.arrayContaining(Object.values(SERVICES)) });
      expect(table.routed(HOST, '/')).toEqual(byService(BLUE));
      await shop.close();
    });

    it('keeps every other part of the main Ingress, and moves only the paths that name a colour', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      await shift(shop.router, GREEN, revision, 1);
      const { metadata, spec } = await shop.read();
      expect(spec).toEqual(mainSpec('green'));
      expect(metadata?.labels).toEqual({ app: 'shop' });
      expect(metadata?.annotations).toMatchObject({ 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' });
      await shop.close();
    });

    it('has a canary of the class of the main Ingress, owned by it, with its hosts and paths that name a colour', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      await shift(shop.router, split(12.5), revision, 1);
      const [main, { metadata, spec }] = [await shop.read(), await shop.read('shop-canary')];
      expect(metadata?.annotations).toMatchObject({
        'nginx.ingress.kubernetes.io/canary': 'true',
        [WEIGHT]: '1250',
        'nginx.ingress.kubernetes.io/canary-weight-total': '10000',
        'nginx.ingress.kubernetes.io/load-balance': 'ewma',
      });
      expect(metadata?.annotations).not.toHaveProperty(['nginx.ingress.kubernetes.io/proxy-body-size']);
      expect(metadata?.labels).toBeUndefined();
      expect(metadata?.ownerReferences).toMatchObject([{ uid: main.metadata?.uid }]);
      expect(spec?.ingressClassName).toBe('nginx');
      expect(spec?.tls).toBeUndefined();
      expect(spec?.rules?.[0]).toEqual({
        host: HOST,
        http: { paths: mainSpec('green').rules[0]?.http.paths.filter(({ path }) => path !== '/static') },
      });
      await shop.close();
    });
  });

  describe('a write that was left half-done', () => {
    it('is completed by the claim of the next run', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      proxy.intercept(shop.isWriteTo('shop'), cutAfter);
      await expect(shift(shop.proxied, split(20), revision, 1)).rejects.toThrow();
      const found = await shop.router.read(signal());
      expect(found).toMatchObject({ weights: BLUE, fence: fence(1) });
      const next = await shop.router.claim(found.revision, fence(0, 2, 'b'), signal());
      expect(next).toMatchObject({ kind: 'written', state: { weights: BLUE, before: BLUE } });
      expect((await shop.router.convergence(BLUE, signal())).converged).toBe(true);
      await shop.close();
    });

    it('is completed by the same claim, where there was no canary yet', async () => {
      const shop = await open();
      const { revision } = await shop.router.read(signal());
      proxy.intercept(({ method, path }) => method === 'POST' && path.startsWith(shop.folder), cutBefore);
      await expect(shop.proxied.claim(revision, fence(0), signal())).rejects.toThrow();
      expect((await shop.table()).routed(HOST, '/')).toEqual(byService(BLUE));
      const again = await shop.router.claim(revision, fence(0), signal());
      expect(again).toMatchObject({ kind: 'already', state: { weights: BLUE, before: BLUE, revision: '1.0' } });
      expect((await shop.table()).known).toEqual(expect.arrayContaining(Object.values(SERVICES)));
      await shop.close();
    });

    it('is drift when the canary is deleted right before it would be written', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const { state } = await shift(shop.router, split(10), revision, 1);
      const held = proxy.hold(shop.isWriteTo('shop-canary'), 'before');
      const writing = shift(shop.proxied, split(20), state.revision, 2);
      await held.caught;
      await plane.api('DELETE', `${shop.folder}/shop-canary`);
      held.release();
      const written = await writing;
      expect(written).toMatchObject({ kind: 'written', state: { weights: BLUE, fence: fence(2) } });
      expect(written.state.revision).not.toBe(written.state.fenced_revision);
      await shop.close();
    });

    it('is not completed over what somebody else made of the canary since', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const first = await shift(shop.router, split(10), revision, 1);
      proxy.intercept(shop.isWriteTo('shop-canary'), cutBefore);
      await expect(shift(shop.proxied, split(20), first.state.revision, 2)).rejects.toThrow();
      await shop.edit('shop-canary', { metadata: { annotations: { [WEIGHT]: '90' } } });
      const again = await shift(shop.router, split(20), first.state.revision, 2);
      expect(again).toMatchObject({ kind: 'already', state: { weights: split(90), fence: fence(2) } });
      expect(again.state.revision).not.toBe(again.state.fenced_revision);
      const over = await shift(shop.router, BLUE, again.state.revision, 3);
      expect(over).toMatchObject({ kind: 'written', state: { weights: BLUE } });
      await shop.close();
    });

    it('is completed past what a controller writes into the status of the canary meanwhile', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const held = proxy.hold(shop.isWriteTo('shop-canary'), 'before');
      const writing = shift(shop.proxied, split(20), revision, 1);
      await held.caught;
      const status = { status: { loadBalancer: { ingress: [{ ip: '10.9.9.9' }] } } };
      await plane.api('PATCH', `${shop.folder}/shop-canary/status`, status, MERGE);
      held.release();
      expect(await writing).toMatchObject({ kind: 'written', state: { weights: split(20) } });
      await shop.close();
    });
  });

  describe('a stale writer', () => {
    it('is stopped at the main Ingress', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const held = proxy.hold(shop.isWriteTo('shop'), 'before');
      const late = shift(shop.proxied, split(50), revision, 1);
      await held.caught;
      await shift(shop.router, BLUE, revision, 2);
      held.release();
      expect(await late).toMatchObject({ kind: 'superseded', state: { weights: BLUE, fence: fence(2) } });
      expect((await shop.table()).routed(HOST, '/')).toEqual(byService(BLUE));
      await shop.close();
    });

    it('is stopped at the canary when it froze between its two writes', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const held = proxy.hold(shop.isWriteTo('shop-canary'), 'before');
      const late = shift(shop.proxied, split(50), revision, 1);
      await held.caught;
      const found = await shop.router.read(signal());
      const back = await shift(shop.router, BLUE, found.revision, 2);
      expect(back).toMatchObject({ kind: 'written', state: { weights: BLUE } });
      held.release();
      expect(await late).toMatchObject({ kind: 'superseded', state: { weights: BLUE, fence: fence(2) } });
      expect((await shop.table()).routed(HOST, '/')).toEqual(byService(BLUE));
      await shop.close();
    });

    it('is overwritten when it wakes between the two writes of its successor', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const first = proxy.hold(shop.isWriteTo('shop-canary'), 'before');
      const late = shift(shop.proxied, split(50), revision, 1);
      await first.caught;
      const second = proxy.hold(shop.isWriteTo('shop-canary'), 'before');
      const found = await shop.router.read(signal());
      const back = shift(shop.proxied, BLUE, found.revision, 2);
      await second.caught;
      first.release();
      expect(await late).toMatchObject({ kind: 'written', state: { fence: fence(1) } });
      expect((await shop.router.read(signal())).fence).toEqual(fence(2));
      second.release();
      expect(await back).toMatchObject({ kind: 'written', state: { weights: BLUE, fence: fence(2) } });
      const state = await shop.router.read(signal());
      expect(state).toMatchObject({ weights: BLUE, revision: state.fenced_revision });
      await shop.close();
    });
  });

  describe('what somebody else writes', () => {
    const annotated = (weight: string) => ({ metadata: { annotations: { [WEIGHT]: weight } } });
    it.each<[string, Weights, (shop: Shop) => Promise<unknown>]>([
      ['the weight of the canary', split(50), (shop) => shop.edit('shop-canary', annotated('50'))],
      [
        'the weight of the canary, and back',
        split(10),
        async (shop) => {
          await shop.edit('shop-canary', annotated('50'));
          await shop.edit('shop-canary', annotated('10'));
        },
      ],
      [
        'the paths of the canary',
        split(10),
        async (shop) => {
          const { spec } = await shop.read('shop-canary');
          const [rule, ...rest] = spec?.rules ?? [];
          await shop.edit('shop-canary', { spec: { rules: [{ ...rule, host: 'other.example.com' }, ...rest] } });
        },
      ],
      ['the canary, by deleting it', BLUE, (shop) => plane.api('DELETE', `${shop.folder}/shop-canary`)],
      [
        'that it is a canary',
        BLUE,
        (shop) =>
          shop.edit('shop-canary', { metadata: { annotations: { 'nginx.ingress.kubernetes.io/canary': 'false' } } }),
      ],
      ['the Service of the main Ingress', GREEN, (shop) => shop.edit('shop', { spec: mainSpec('green') })],
    ])('is drift: %s; and it is overwritten when that is asked for', async (_title, weights, change) => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const { state } = await shift(shop.router, split(10), revision, 1);
      await change(shop);
      const found = await shop.router.read(signal());
      expect(found).toMatchObject({ weights, fence: fence(1), fenced_revision: state.revision });
      expect(found.revision).not.toBe(state.revision);
      expect((await shift(shop.router, BLUE, state.revision, 2)).kind).toBe('conflict');
      expect(await shift(shop.router, split(30), found.revision, 2)).toMatchObject({
        kind: 'written',
        state: { revision: '1.2' },
      });
      const { routed } = await shop.table();
      expect(Object.values(routed(HOST, '/') ?? {}).sort()).toEqual([30, 70]);
      await shop.close();
    });

    it('is no drift elsewhere: labels, other annotations, status', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const { state } = await shift(shop.router, split(10), revision, 1);
      for (const name of ['shop', 'shop-canary']) {
        await shop.edit(name, { metadata: { labels: { team: 'a' }, annotations: { note: 'b' } } });
        const status = { status: { loadBalancer: { ingress: [{ ip: '10.9.9.9' }] } } };
        await plane.api('PATCH', `${shop.folder}/${name}/status`, status, MERGE);
      }
      expect((await shop.router.read(signal())).revision).toBe(state.revision);
      await shop.close();
    });
  });

  describe('a colour without ready endpoints', () => {
    it('is given nothing, unless forced, and is not proven then', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      await endpoints(shop.namespace, SERVICES.green, false);
      for (const weights of [split(10), GREEN]) {
        await expect(shift(shop.router, weights, revision, 1)).rejects.toMatchObject({
          code: 'CUTOVER_CAPACITY_SHORT',
          message: `Service ${shop.namespace}/checkout-green has no ready endpoint`,
        });
      }
      expect((await shop.router.read(signal())).weights).toEqual(BLUE);
      expect((await shift(shop.router, GREEN, revision, 1, true)).kind).toBe('written');
      expect(await shop.router.convergence(GREEN, signal())).toMatchObject({
        converged: false,
        detail: expect.stringContaining('has no ready endpoint'),
      });
      await shop.close();
    });

    it('does not keep its share from being taken back', async () => {
      const shop = await open();
      const { revision } = await claimed(shop.router);
      const { state } = await shift(shop.router, split(50), revision, 1);
      await endpoints(shop.namespace, SERVICES.green, false);
      const less = await shift(shop.router, split(10), state.revision, 2);
      expect(less.kind).toBe('written');
      expect((await shift(shop.router, BLUE, less.state.revision, 3)).kind).toBe('written');
      await shop.close();
    });
  });

  it('says that more than storing cannot be proven', async () => {
    const shop = await open();
    const { revision } = await claimed(shop.router);
    await shift(shop.router, split(20), revision, 1);
    expect(await shop.router.convergence(split(20), signal())).toMatchObject({
      converged: true,
      detail: expect.stringContaining('does not tell when its controllers have read them'),
    });
    await shop.close();
  });

  describe('is refused at the claim', () => {
    const own = (name: string) => ({ ingressClassName: 'nginx', rules: ruleTo(name) });
    const ruleTo = (name: string) => [
      {
        host: 'preview.example.com',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: 80 } } } }] },
      },
    ];
    it.each<[string, (shop: Shop) => Promise<unknown>, string]>([
      ['when the canary’s name is another Ingress’s', (shop) => shop.post('shop-canary', own('wiki')), 'is no canary'],
      [
        'when another Ingress of the class names a colour',
        (shop) => shop.post('preview', own('checkout-green')),
        'names checkout-green, too',
      ],
      [
        'when its paths name both colours',
        (shop) => shop.edit('shop', { spec: { rules: [...mainSpec('blue').rules, ...ruleTo('checkout-green')] } }),
        'names the Services of both colours',
      ],
      ['when they name neither', (shop) => shop.edit('shop', { spec: own('wiki') }), 'names wiki; a path must name'],
      [
        'when its default backend is a colour',
        (shop) =>
          shop.edit('shop', { spec: { defaultBackend: { service: { name: 'checkout-blue', port: { number: 80 } } } } }),
        'as the default backend',
      ],
    ])('%s', async (_title, change, message) => {
      const shop = await open();
      await change(shop);
      await expect(claimed(shop.router)).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining(message),
      });
      await shop.close();
    });

    it('when the canary is not younger than the main Ingress', async () => {
      const shop = await open();
      const annotations = { 'nginx.ingress.kubernetes.io/canary': 'true' };
      await plane.api('DELETE', `${shop.folder}/shop`);
      await shop.post('shop-canary', own('checkout-blue'), annotations);
      await shop.post('shop', mainSpec('blue'));
      await expect(claimed(shop.router)).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('must be younger than'),
      });
      await shop.close();
    });
  });
});
