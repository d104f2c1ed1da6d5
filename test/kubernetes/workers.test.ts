import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FENCE_ANNOTATION } from '../../src/adapters/routers/kubernetes/fence-annotation.ts';
import type { Fence } from '../../src/adapters/types.ts';
import { writeKubeconfig } from '../support/kubernetes/account.ts';
import {
  type ApiCall,
  type ApiProxy,
  isServiceWrite,
  isSwitch,
  isWorkloadWrite,
  startApiProxy,
} from '../support/kubernetes/api-proxy.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';
import type { SpawnedProcess } from '../support/processes.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

const isSwitchBack = (call: ApiCall) => isServiceWrite(call) && call.body.includes('"colour":"blue"');
/** Not the claim, which writes the selector as it is. */
const isMoved = ({ body }: ApiCall) => body.includes('\\"step\\":') && !body.includes('\\"step\\":0');

kubernetes.suite('a worker that is lost on Kubernetes', () => {
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

  const worker = () => stage.worker(kubeconfig);
  const of = (shop: StagedShop) => (call: ApiCall) => call.path.includes(`/${shop.namespace}/`);
  const done = (shop: StagedShop, fits: (call: ApiCall) => boolean) =>
    proxy.calls.filter((call) => of(shop)(call) && fits(call) && call.done === 200).length;

  async function kill(lost: SpawnedProcess): Promise<void> {
    lost.kill('SIGKILL');
    await lost.exited;
  }

  async function serviceOf({ namespace, service }: StagedShop) {
    const path = `/api/v1/namespaces/${namespace}/services/${service}`;
    const found = await stage.plane.api<{
      metadata: { annotations: Record<string, string>; resourceVersion: string };
    }>('GET', path);
    const { fence } = JSON.parse(found.metadata.annotations[FENCE_ANNOTATION] ?? '') as { fence: Fence };
    return { fence, resourceVersion: found.metadata.resourceVersion };
  }

  describe('by being killed', () => {
    it('after the selector changed: the next one finds the write, proves it, and ends the deployment', async () => {
      const shop = await stage.shop();
      const first = await worker();
      const write = proxy.hold((call) => of(shop)(call) && isSwitch(call), 'after');
      const handle = await shop.start('2.0.0');
      await write.caught;
      expect(await shop.selected()).toBe('green');
      await kill(first);
      write.release();
      const second = await worker();
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
      expect(done(shop, isSwitch)).toBe(1);
      expect((await serviceOf(shop)).fence).toMatchObject({ epoch: 1, step: 1 });
      expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([2, 0]);
      await kill(second);
      await shop.remove();
    });

    it('after the selector was put back: the next one finds it so', async () => {
      const shop = await stage.shop();
      const first = await worker();
      const handle = await shop.start('2.0.0', { observation: { duration: '1h' } });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      const write = proxy.hold((call) => of(shop)(call) && isSwitchBack(call), 'after');
      await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      await write.caught;
      expect(await shop.selected()).toBe('blue');
      await kill(first);
      write.release();
      const second = await worker();
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(done(shop, (call) => isSwitchBack(call) && isMoved(call))).toBe(1);
      expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([0, 2]);
      await kill(second);
      await shop.remove();
    });

    it('after the new image was written: the next one does not write it again', async () => {
      const shop = await stage.shop();
      const first = await worker();
      const write = proxy.hold((call) => of(shop)(call) && isWorkloadWrite(call), 'after');
      const handle = await shop.start('2.0.0');
      await write.caught;
      await kill(first);
      write.release();
      const second = await worker();
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      expect(done(shop, (call) => isWorkloadWrite(call) && call.body.includes(':2.0.0'))).toBe(1);
      await kill(second);
      await shop.remove();
    });
  });

  it('by being frozen with its write on the way: woken after the rollback, all its writes are refused', async () => {
    const shop = await stage.shop();
    const frozen = await worker();
    const write = proxy.hold((call) => of(shop)(call) && isSwitch(call), 'before');
    const handle = await shop.start('2.0.0');
    const late = await write.caught;
    frozen.kill('SIGSTOP');
    const second = await worker();
    await handle.rollback({ by: 'ana@example.com', reason: 'not today' });
    await until(handle, ({ rollback }) => rollback?.state === 'restored', 'the rollback');
    const before = await serviceOf(shop);
    expect(before.fence).toMatchObject({ epoch: 1, step: 2 });

    write.release();
    await patiently(async () => late.done !== null, 'the late write to arrive');
    expect(late.done).toBe(409);
    frozen.kill('SIGCONT');
    // It reads again, finds the higher fence, and stops.
    await sleep(3_000);
    expect(done(shop, isSwitch)).toBe(0);
    expect(await serviceOf(shop)).toEqual(before);
    expect(await shop.selected()).toBe('blue');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([0, 2]);
    await Promise.all([kill(frozen), kill(second)]);
    await shop.remove();
  });
});
