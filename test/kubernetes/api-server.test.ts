import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentHandle } from '../../src/client/cutover-client.ts';
import { createAccount, writeKubeconfig } from '../support/kubernetes/account.ts';
import { type ApiProxy, isServiceWrite, isSwitch, startApiProxy } from '../support/kubernetes/api-proxy.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 1_200_000;
const STALL_MS = 20_000;
const HANG_MS = 8_000;
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

/** The worker has an account of its own: an API server that has just started may not know its rights yet. */
kubernetes.suite('a deployment whose API server is lost', () => {
  let stage: KubernetesStage;
  let proxy: ApiProxy;
  beforeAll(async () => {
    stage = kubernetes.value();
    const token = await createAccount(stage.plane, 'cutover');
    proxy = await startApiProxy(stage.plane);
    await stage.worker(await writeKubeconfig(stage.plane, 'proxied', proxy.url, token));
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await stage?.stop();
  }, START_MS);

  /** Killed, away for a while, and back. */
  async function loseApiserver(awayMs = 2_000): Promise<void> {
    const { plane } = stage;
    plane.apiserver.kill('SIGKILL');
    await plane.apiserver.exited;
    await sleep(awayMs);
    await plane.restartApiserver();
  }

  async function expectSwitched(shop: StagedShop, handle: DeploymentHandle): Promise<void> {
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(await shop.selected()).toBe('green');
    expect(await shop.image('green')).toBe('registry.example.com/checkout:2.0.0');
    expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([2, 0]);
    await shop.remove();
  }

  async function expectBack(shop: StagedShop, handle: DeploymentHandle): Promise<void> {
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(await shop.selected()).toBe('blue');
    expect(await shop.image('blue')).toBe('registry.example.com/checkout:1.0.0');
    expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([0, 2]);
    await shop.remove();
  }

  const toObservation = (handle: DeploymentHandle) =>
    until(handle, ({ phase }) => phase === 'observation', 'the observation');

  it('goes on when it was lost while the candidate was provisioned', async () => {
    const shop = await stage.shop();
    const handle = await shop.start('2.0.0');
    await until(handle, ({ phase }) => phase === 'provision', 'the provisioning');
    await loseApiserver();
    await expectSwitched(shop, handle);
  });

  describe('around the switch', () => {
    it('switches late when it was lost right before the write', async () => {
      const shop = await stage.shop();
      const write = proxy.hold(isSwitch, 'before');
      const handle = await shop.start('2.0.0', { switch: { strategy: 'instant', deadline: '60s', drain: '1s' } });
      await write.caught;
      const back = loseApiserver();
      await sleep(500);
      write.release();
      await back;
      await expectSwitched(shop, handle);
    });

    it('finds its own write when it was lost right after it', async () => {
      const shop = await stage.shop();
      const write = proxy.hold(isSwitch, 'after');
      const handle = await shop.start('2.0.0', { switch: { strategy: 'instant', deadline: '60s', drain: '1s' } });
      await write.caught;
      expect(await shop.selected()).toBe('green');
      await loseApiserver();
      write.release();
      await expectSwitched(shop, handle);
    });

    it('puts back when it stays away beyond the deadline of the shift', async () => {
      const shop = await stage.shop();
      const write = proxy.hold(isSwitch, 'before');
      const handle = await shop.start('2.0.0', { switch: { strategy: 'instant', deadline: '5s', drain: '1s' } });
      await write.caught;
      const back = loseApiserver(8_000);
      await sleep(500);
      write.release();
      await back;
      await expectBack(shop, handle);
    });
  });

  describe('with the candidate at 100 %', () => {
    it('goes on observing, since its metrics come from elsewhere', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', observing('12s'));
      await toObservation(handle);
      await loseApiserver();
      await expectSwitched(shop, handle);
    });

    it('goes back as soon as it is there again when the candidate fails meanwhile', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', observing('1h'));
      await toObservation(handle);
      const { plane } = stage;
      plane.apiserver.kill('SIGKILL');
      await plane.apiserver.exited;
      shop.failing.green = 50;
      await until(handle, ({ phase }) => phase === 'rolling_back', 'the rollback');
      await plane.restartApiserver();
      await expectBack(shop, handle);
    });

    it('ends a rollback whose write was done as it was lost', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', observing('1h'));
      await toObservation(handle);
      const write = proxy.hold((call) => isServiceWrite(call) && call.body.includes('"colour":"blue"'), 'after');
      await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      await write.caught;
      await loseApiserver();
      write.release();
      await expectBack(shop, handle);
    });

    it('ends a rollback whose API server hangs, however many of its attempts arrive late', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', observing('1h'));
      await toObservation(handle);
      stage.plane.apiserver.kill('SIGSTOP');
      // Answered only when it is through.
      const sent = handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      await sleep(HANG_MS);
      expect((await handle.status()).rollback?.state).toBe('writing');
      stage.plane.apiserver.kill('SIGCONT');
      expect(await sent).toMatchObject({ delivery: 'answered' });
      await expectBack(shop, handle);
    });

    it('sits out an etcd that does not answer, and then goes on', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', observing('30s'));
      await toObservation(handle);
      stage.plane.etcd.kill('SIGSTOP');
      await sleep(STALL_MS);
      const { phase, rollback } = await handle.status();
      stage.plane.etcd.kill('SIGCONT');
      expect({ phase, rollback }).toEqual({ phase: 'observation', rollback: null });
      await expectSwitched(shop, handle);
    });
  });
});

function observing(duration: string): object {
  return { observation: { duration, rollback_triggers: ['error_rate > 5'] } };
}
