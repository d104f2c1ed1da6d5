import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAdapters } from '../../../src/adapters/registry.ts';
import { writeKubeconfig } from '../../support/kubernetes/account.ts';
import { type ApiProxy, startApiProxy } from '../../support/kubernetes/api-proxy.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';
import { testPlan } from '../../support/plans.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('the bound of requests that a plan sets', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let proxy: ApiProxy;
  let shop: KubernetesShop;
  beforeAll(async () => {
    proxy = await startApiProxy(plane, plane.token);
    process.env.KUBECONFIG = await writeKubeconfig(plane, 'limited', proxy.url, plane.token);
    shop = await openShop(plane);
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await plane.stop();
  }, START_MS);
  const signal = () => AbortSignal.timeout(30_000);

  it('holds for platform and router together, and a rollback waits for nothing', async () => {
    const { namespace, service } = shop;
    const bound = { requests_per_second: 20, request_burst: 10 };
    const plan = testPlan({
      platform: { kind: 'kubernetes', namespace, ...bound },
      router: { kind: 'service_selector', service },
    });
    const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => undefined });
    // The client is loaded, and connected.
    await adapters.router(plan, true).read(signal());
    const before = proxy.calls.length;
    const startedAtMs = performance.now();
    const reads = Array.from({ length: 15 }, () => adapters.router(plan).read(signal()));
    // A workload and its pods: two requests each.
    const looks = Array.from({ length: 15 }, () => adapters.platform(plan).inspect('blue', signal()));
    const router = adapters.router(plan, true);
    const state = await router.read(signal());
    const fence = { run: 'limit', epoch: (state.fence?.epoch ?? 0) + 1, step: 0 };
    const claimed = await router.claim(state.revision, fence, signal());
    expect(claimed.kind).toBe('written');
    const urgentMs = performance.now() - startedAtMs;
    const meanwhile = proxy.calls.length - before;
    expect(meanwhile).toBeLessThanOrEqual(3 + bound.request_burst + (urgentMs / 1_000) * bound.requests_per_second);
    expect(meanwhile).toBeLessThan(40);
    await Promise.all([...reads, ...looks]);
    const tookMs = performance.now() - startedAtMs;
    const requests = proxy.calls.length - before;
    expect(requests).toBe(15 + 30 + 3);
    // All but the burst at the bound: the one read before has had the time to be made up for.
    expect(tookMs).toBeGreaterThanOrEqual(((requests - bound.request_burst) / bound.requests_per_second) * 1_000 - 50);
  });
});
