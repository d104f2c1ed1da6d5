import type { V1Ingress } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeKubeconfig } from '../support/kubernetes/account.ts';
import { type ApiCall, type ApiProxy, startApiProxy } from '../support/kubernetes/api-proxy.ts';
import { routingTable } from '../support/kubernetes/ingress-controller.ts';
import { type KubernetesStage, openKubernetesStage, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 1_200_000;
const HOST = 'shop.example.com';
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

kubernetes.suite('a deployment behind an Ingress of ingress-nginx', () => {
  let stage: KubernetesStage;
  let proxy: ApiProxy;
  let kubeconfig: string;
  beforeAll(async () => {
    stage = kubernetes.value();
    proxy = await startApiProxy(stage.plane);
    kubeconfig = await writeKubeconfig(stage.plane, 'proxied', proxy.url, stage.plane.token);
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await stage?.stop();
  }, START_MS);

  it('outlives a worker that is killed between the two writes of a shift, and leaves no canary in charge at either end', async () => {
    const shop = await stage.shop();
    const core = `/api/v1/namespaces/${shop.namespace}`;
    const ingresses = `/apis/networking.k8s.io/v1/namespaces/${shop.namespace}/ingresses`;
    for (const colour of ['blue', 'green']) {
      const spec = { selector: { app: 'checkout', colour }, ports: [{ port: 80, targetPort: 8080 }] };
      await stage.plane.api('POST', `${core}/services`, { metadata: { name: `checkout-${colour}` }, spec });
    }
    const backend = { service: { name: 'checkout-blue', port: { number: 80 } } };
    const rules = [{ host: HOST, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
    await stage.plane.api('POST', ingresses, { metadata: { name: 'shop' }, spec: { rules } });
    const table = async () => routingTable((await stage.plane.api<{ items: V1Ingress[] }>('GET', ingresses)).items);

    const isCanaryWrite = ({ method, path, body }: ApiCall) =>
      method === 'PATCH' && path.startsWith(`${ingresses}/shop-canary?`) && body.includes('canary-weight":"50"');
    const first = await stage.worker(kubeconfig);
    const held = proxy.hold(isCanaryWrite, 'before');
    const handle = await shop.start('2.0.0', {
      router: { ingress_nginx: { ingress: 'shop' } },
      // No controller runs, so nothing is measured.
      metrics: { prometheus: { url: 'http://127.0.0.1:1' }, on_no_data: 'ignore' },
      blue_green_switch: { validation_phases: { full_switch: { duration: '1s' } } },
      switch: {
        strategy: 'gradual',
        steps: [{ share: 50, duration: '1s' }, 100],
        deadline: '60s',
        drain: '1s',
      },
      observation: { duration: '1m' },
    });
    await held.caught;
    expect((await table()).routed(HOST, '/')).toEqual({ 'checkout-blue': 100 });
    first.kill('SIGKILL');
    await first.exited;
    const second = await stage.worker(kubeconfig);
    await until(handle, ({ weights }) => weights?.green === 100, 'all traffic on green');
    held.release();
    const after = await table();
    expect(after.routed(HOST, '/')).toEqual({ 'checkout-green': 100 });
    expect(after.canaries).toEqual([]);
    await handle.rollback({ by: 'dora@example.com', reason: 'enough seen' });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    const back = await table();
    expect(back.routed(HOST, '/')).toEqual({ 'checkout-blue': 100 });
    expect(back.canaries).toEqual([]);
    second.kill('SIGKILL');
    await second.exited;
    await shop.remove();
  });
});
