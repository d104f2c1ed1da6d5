import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubernetesApi, type KubernetesApi } from '../../../src/adapters/kubernetes/api.ts';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import { createServiceSelectorRouter } from '../../../src/adapters/routers/kubernetes/service-selector.ts';
import type { Fence } from '../../../src/adapters/types.ts';
import { createAccount } from '../../support/kubernetes/account.ts';
import {
  type ApiProxy,
  cutAfter,
  cutBefore,
  type Interception,
  isServiceWrite,
  isWorkloadWrite,
  refusal,
  startApiProxy,
} from '../../support/kubernetes/api-proxy.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';

const START_MS = 1_200_000;
const GREEN = { blue: 0, green: 100 };
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('what an API server may answer', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let folder: string;
  let proxy: ApiProxy;
  let contexts = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-answers-'));
    proxy = await startApiProxy(plane);
    process.env.KUBECONFIG = join(folder, 'kubeconfig');
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await rm(folder, { recursive: true, force: true });
    await plane.stop();
  }, START_MS);

  const signal = (ms = 20_000) => AbortSignal.timeout(ms);

  /** A context of its own, since connections are kept by context. */
  async function context(token = plane.token): Promise<string> {
    contexts += 1;
    const name = `context-${contexts}`;
    await writeContext(name, { token });
    return name;
  }

  function writeContext(name: string, user: object): Promise<void> {
    const config = {
      clusters: [{ name, cluster: { server: proxy.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    return writeFile(join(folder, 'kubeconfig'), JSON.stringify(config));
  }

  async function routerOf({ namespace, service }: KubernetesShop, token?: string) {
    return createServiceSelectorRouter({ context: await context(token), namespace, service, label: 'colour' });
  }

  async function platformOf({ namespace, service }: KubernetesShop, token?: string) {
    const names = { blue: `${service}-blue`, green: `${service}-green` };
    const rest = { kind: 'Deployment', container: null, image: null, port: null } as const;
    return createKubernetesPlatform({ context: await context(token), namespace, names, ...rest });
  }

  async function readyShop(): Promise<KubernetesShop> {
    const shop = await openShop(plane, { replicas: { blue: 1, green: 1 } });
    const platform = await platformOf(shop);
    await patiently(async () => (await platform.inspect('green', signal())).ready === 1, 'a ready pod');
    return shop;
  }

  /** Claimed, and about to give green all traffic. */
  async function claimedShop() {
    const shop = await readyShop();
    const router = await routerOf(shop);
    const claim: Fence = { run: 'a', epoch: 1, step: 0 };
    const { state } = await router.claim((await router.read(signal())).revision, claim, signal());
    const shift = { weights: GREEN, expected_revision: state.revision, fence: { ...claim, step: 1 } };
    const from = proxy.calls.length;
    const writes = () => proxy.calls.slice(from).filter(isServiceWrite);
    return { shop, router, shift, writes };
  }

  async function expectGreen(router: Awaited<ReturnType<typeof routerOf>>): Promise<void> {
    const state = await router.read(signal());
    expect(state).toMatchObject({ weights: GREEN, revision: '1.1', before: { blue: 100, green: 0 } });
  }

  describe('to a write', () => {
    const busy = (status: number) => refusal(status, 'too many requests', { 'retry-after': '1' });
    const repeated: [string, Interception, number][] = [
      ['a conflict is read again', refusal(409, 'the object has been modified'), 2],
      ['429 with Retry-After is waited out', busy(429), 2],
      ['503 with Retry-After is waited out', busy(503), 2],
      ['500 with Retry-After is waited out', busy(500), 2],
    ];
    it.each(repeated)('%s, and it is written once', async (_, what, times) => {
      const { shop, router, shift, writes } = await claimedShop();
      proxy.intercept(isServiceWrite, what, times);
      expect(await router.shift(shift, signal())).toMatchObject({ kind: 'written' });
      expect(writes().filter(({ status }) => status === 200)).toHaveLength(1);
      expect(writes()).toHaveLength(times + 1);
      await expectGreen(router);
      await shop.remove();
    });

    it('a conflict without end is thrown, and so is a server that stays busy', async () => {
      const { shop, router, shift, writes } = await claimedShop();
      proxy.intercept(isServiceWrite, refusal(409, 'the object has been modified'), 5);
      await expect(router.shift(shift, signal())).rejects.toMatchObject({ code: 'CUTOVER_KUBERNETES_CONFLICT' });
      expect(writes()).toHaveLength(5);
      proxy.intercept(isServiceWrite, busy(429), 4);
      await expect(router.shift(shift, signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_THROTTLED',
        details: { status: 429, retry_after_ms: 1_000 },
      });
      expect(writes()).toHaveLength(9);
      await shop.remove();
    });

    const thrown: [string, Interception, string, object][] = [
      [
        '429 with a longer Retry-After',
        refusal(429, 'busy', { 'retry-after': '30' }),
        'THROTTLED',
        { retry_after_ms: 30_000 },
      ],
      ['429 without Retry-After', refusal(429, 'busy'), 'THROTTLED', { status: 429 }],
      ['500', refusal(500, 'etcdserver: request timed out'), 'UNWELL', { status: 500 }],
      [
        'an admission that refuses',
        refusal(403, 'admission webhook "freeze" denied the request'),
        'REFUSED',
        { status: 403 },
      ],
      ['an object that is not valid', refusal(422, 'spec.selector: Invalid value'), 'REFUSED', { status: 422 }],
    ];
    it.each(thrown)('%s is thrown at once, and the next attempt writes', async (_, what, code, details) => {
      const { shop, router, shift, writes } = await claimedShop();
      proxy.intercept(isServiceWrite, what);
      const attempt = router.shift(shift, signal());
      await expect(attempt).rejects.toMatchObject({ code: `CUTOVER_KUBERNETES_${code}`, details });
      expect(writes()).toHaveLength(1);
      expect(await router.shift(shift, signal())).toMatchObject({ kind: 'written' });
      await expectGreen(router);
      await shop.remove();
    });

    it('a connection cut before it leaves the router as it was; the next attempt writes', async () => {
      const { shop, router, shift } = await claimedShop();
      proxy.intercept(isServiceWrite, cutBefore);
      await expect(router.shift(shift, signal())).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_UNREACHABLE' });
      expect((await router.read(signal())).weights).toEqual({ blue: 100, green: 0 });
      expect(await router.shift(shift, signal())).toMatchObject({ kind: 'written' });
      await shop.remove();
    });

    it('a connection cut after it: the next attempt finds its own write', async () => {
      const { shop, router, shift, writes } = await claimedShop();
      proxy.intercept(isServiceWrite, cutAfter);
      await expect(router.shift(shift, signal())).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_UNREACHABLE' });
      expect(await router.shift(shift, signal())).toMatchObject({ kind: 'already' });
      expect(writes()).toHaveLength(1);
      await expectGreen(router);
      await shop.remove();
    });

    it('an answer that is no JSON: the next attempt finds its own write', async () => {
      const { shop, router, shift } = await claimedShop();
      proxy.intercept(isServiceWrite, async (pass) => ({ ...(await pass()), headers: {}, body: '<html>' }));
      await expect(router.shift(shift, signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_UNREACHABLE',
        message: expect.stringContaining('the answer is no JSON'),
      });
      expect(await router.shift(shift, signal())).toMatchObject({ kind: 'already' });
      await shop.remove();
    });

    it('a version whose write was cut off is not written twice', async () => {
      const shop = await readyShop();
      const platform = await platformOf(shop);
      const from = proxy.calls.length;
      proxy.intercept(isWorkloadWrite, cutAfter);
      await expect(platform.deploy('green', '2.0.0', 2, signal())).rejects.toMatchObject({
        code: 'CUTOVER_PLATFORM_UNREACHABLE',
      });
      await platform.deploy('green', '2.0.0', 2, signal());
      const done = proxy.calls.slice(from).filter((call) => isWorkloadWrite(call) && call.done === 200);
      expect(done).toHaveLength(1);
      expect(await platform.inspect('green', signal())).toMatchObject({ version: '2.0.0', desired: 2 });
      await shop.remove();
    });
  });

  describe('to a caller that waits no longer', () => {
    const isRead = ({ method }: { method: string }) => method === 'GET';
    const late: [string, Interception][] = [
      ['a slow answer', (pass) => sleep(3_000).then(pass)],
      ['a busy server', refusal(429, 'busy', { 'retry-after': '1' })],
    ];
    it.each(late)('%s ends with its signal', async (_, what) => {
      const api = apiOf(await context());
      proxy.intercept(isRead, what);
      const startedMs = Date.now();
      await expect(api.get('/api/v1/namespaces/default', signal(300))).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(Date.now() - startedMs).toBeLessThan(2_500);
    });
  });

  describe('to credentials', () => {
    it('that have run out, until the kubeconfig holds others', async () => {
      const name = await context('expired');
      const api = apiOf(name);
      const read = () => api.get<{ kind: string }>('/api/v1/namespaces/default', signal());
      await expect(read()).rejects.toMatchObject({ code: 'CUTOVER_KUBERNETES_UNAUTHORIZED' });
      await expect(read()).rejects.toMatchObject({ code: 'CUTOVER_KUBERNETES_UNAUTHORIZED' });
      await writeContext(name, { token: plane.token });
      expect(await read()).toMatchObject({ kind: 'Namespace' });
    });

    it('in a file of its own, which is read again once they were refused', async () => {
      const name = await context();
      await writeContext(name, { tokenFile: 'token' });
      await writeFile(join(folder, 'token'), 'expired');
      const read = () => apiOf(name).get<{ kind: string }>('/api/v1/namespaces/default', signal());
      await expect(read()).rejects.toMatchObject({ code: 'CUTOVER_KUBERNETES_UNAUTHORIZED' });
      await writeFile(join(folder, 'token'), plane.token);
      expect(await read()).toMatchObject({ kind: 'Namespace' });
    });

    it('that may not do it: the rule is named that would allow it', async () => {
      const shop = await readyShop();
      const router = await routerOf(shop, await createAccount(plane, 'without-services', 'services'));
      const rule = { apiGroups: [''], resources: ['services'], verbs: ['get'] };
      await expect(router.read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_FORBIDDEN',
        fault: 'user',
        details: { status: 403, rule },
        message: expect.stringContaining(JSON.stringify(rule)),
      });
      const platform = await platformOf(shop, await createAccount(plane, 'without-pods', 'pods'));
      await expect(platform.inspect('blue', signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_FORBIDDEN',
        details: { rule: { apiGroups: [''], resources: ['pods'], verbs: ['list'] } },
      });
      await shop.remove();
    });
  });

  describe('before it is ready', () => {
    const isReadiness = ({ path }: { path: string }) => path === '/readyz';
    const isRead = ({ path }: { path: string }) => path.endsWith('/services/checkout');
    const forbidden = refusal(403, 'services "checkout" is forbidden: User "a" cannot get resource "services"');

    it.each([403, 500])('is not believed when it forbids (its readiness: %s), and asked again', async (status) => {
      const shop = await readyShop();
      const router = await routerOf(shop);
      proxy.intercept(isRead, forbidden);
      proxy.intercept(isReadiness, refusal(status, 'not now'));
      await expect(router.read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_UNWELL',
        fault: 'system',
        message: expect.stringContaining('the API server does not say that it is ready'),
      });
      expect((await router.read(signal())).weights).toEqual({ blue: 100, green: 0 });
      await shop.remove();
    });

    it('is asked once more when it has become ready meanwhile', async () => {
      const shop = await readyShop();
      const router = await routerOf(shop);
      proxy.intercept(isRead, forbidden);
      expect((await router.read(signal())).weights).toEqual({ blue: 100, green: 0 });
      await shop.remove();
    });

    it('is waited for no longer than its caller waits', async () => {
      const api = apiOf(await context());
      const path = '/api/v1/namespaces/default/services/checkout';
      proxy.intercept(isRead, forbidden);
      proxy.intercept(isReadiness, (pass) => sleep(3_000).then(pass));
      await expect(api.get(path, signal(300))).rejects.toMatchObject({ name: 'TimeoutError' });
    });
  });

  describe('is not asked when the kubeconfig', () => {
    it('has no such context, or names no cluster for it', async () => {
      await context();
      await expect(apiOf('prod').get('/api', signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_CONFIG',
        message: `the kubeconfig has no context "prod"; it has context-${contexts}`,
      });
      const contextsOnly = { contexts: [{ name: 'lost', context: { cluster: 'gone', user: 'gone' } }] };
      await writeFile(join(folder, 'kubeconfig'), JSON.stringify(contextsOnly));
      await expect(apiOf('lost').get('/api', signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_CONFIG',
        message: 'the kubeconfig names no cluster for the context "lost"',
      });
    });

    it('cannot be read, and is asked as soon as it can', async () => {
      const name = await context();
      await writeFile(join(folder, 'kubeconfig'), 'clusters: [');
      const api = apiOf(name);
      await expect(api.get('/api', signal())).rejects.toMatchObject({
        code: 'CUTOVER_KUBERNETES_CONFIG',
        message: expect.stringContaining('the kubeconfig cannot be read: '),
      });
      await rm(join(folder, 'kubeconfig'));
      await expect(api.get('/api', signal())).rejects.toMatchObject({ code: 'CUTOVER_KUBERNETES_CONFIG' });
      await writeContext(name, { token: plane.token });
      expect(await api.get('/api', signal())).toMatchObject({ kind: 'APIVersions' });
    });
  });

  function apiOf(name: string): KubernetesApi {
    return createKubernetesApi({ context: name, unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  }
});
