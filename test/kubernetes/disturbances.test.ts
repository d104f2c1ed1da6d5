import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Colour } from '../../src/plan/types.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 1_200_000;
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const LONG = { observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] } };
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

interface Made {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: { clusterIP?: string; clusterIPs?: string[] };
}

kubernetes.suite('a deployment on a cluster that is not left alone', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await stage.worker();
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  const core = ({ namespace }: StagedShop) => `/api/v1/namespaces/${namespace}`;
  const workload = ({ namespace, service }: StagedShop, colour: Colour) =>
    `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-${colour}`;

  async function podsOf(shop: StagedShop, colour: Colour): Promise<Pod[]> {
    const { items } = await stage.plane.api<{ items: Pod[] }>(
      'GET',
      `${core(shop)}/pods?labelSelector=colour%3D${colour}`,
    );
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  const readyOf = async (shop: StagedShop, colour: Colour) =>
    (await podsOf(shop, colour)).filter(({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
    );

  /** As a kubelet tells it of containers that crash. */
  async function makeUnready(shop: StagedShop, colour: Colour): Promise<void> {
    for (const { metadata } of await podsOf(shop, colour)) {
      const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' };
      const state = { name: 'app', image: '', imageID: '', ready: false, restartCount: 7, state: { waiting } };
      const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'False', reason: 'Crashed' }));
      const status = { conditions, containerStatuses: [state] };
      await stage.plane.api('PATCH', `${core(shop)}/pods/${metadata.name}/status`, { status }, STRATEGIC);
    }
  }

  async function untouched(shop: StagedShop): Promise<void> {
    expect(await shop.selected()).toBe('blue');
    expect(await shop.image('blue')).toBe('registry.example.com/checkout:1.0.0');
    expect(await shop.replicas('blue')).toBe(2);
    expect(await readyOf(shop, 'blue')).toHaveLength(2);
  }

  const toObservation = (handle: Awaited<ReturnType<StagedShop['start']>>) =>
    until(handle, ({ phase }) => phase === 'observation', 'the observation');

  describe('before the switch', () => {
    const warmup = (duration: string) => ({
      blue_green_switch: {
        validation_phases: {
          warmup: { duration },
          full_switch: { duration: '2s', rollback_triggers: ['error_rate > 5'] },
        },
      },
    });

    it("goes on when the candidate's pods are deleted and come back", async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', warmup('6s'));
      await until(handle, ({ phase }) => phase === 'warmup', 'the warm-up');
      await stage.plane.api('DELETE', `${core(shop)}/pods?labelSelector=colour%3Dgreen`);
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      expect(await readyOf(shop, 'green')).toHaveLength(2);
      await shop.remove();
    });

    it('never switches to pods that do not come back', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', warmup('6s'));
      await until(handle, ({ phase }) => phase === 'warmup', 'the warm-up');
      await makeUnready(shop, 'green');
      const result = await handle.result();
      expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(result.reason).toContain('green has 0 of the 2 ready instances that 100 % needs');
      await untouched(shop);
      await shop.remove();
    });

    it('never switches to another version that somebody sets meanwhile', async () => {
      const shop = await stage.shop();
      const approval = { required: 1, approvers: ['ana@example.com'] };
      const handle = await shop.start('2.0.0', { approval });
      await until(handle, ({ phase }) => phase === 'approval', 'the approval');
      const image = 'registry.example.com/checkout:9.9.9';
      const template = { spec: { containers: [{ name: 'app', image }] } };
      await stage.plane.api('PATCH', workload(shop, 'green'), { spec: { template } }, STRATEGIC);
      await handle.approve({ by: 'ana@example.com' });
      const result = await handle.result();
      expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(result.reason).toContain('green runs 9.9.9, not 2.0.0');
      expect(await shop.selected()).toBe('blue');
      await shop.remove();
    });
  });

  describe('with the candidate at 100 %', () => {
    it('goes on when the node under it is drained', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', {
        observation: { duration: '10s', rollback_triggers: ['error_rate > 5'] },
      });
      await toObservation(handle);
      const [pod] = await podsOf(shop, 'green');
      const node = pod?.spec.nodeName ?? '';
      await stage.plane.api('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: true } }, MERGE);
      for (const { metadata, spec } of await podsOf(shop, 'green')) {
        if (spec.nodeName !== node) continue;
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } };
        await stage.plane.api('POST', `${core(shop)}/pods/${metadata.name}/eviction`, eviction);
      }
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      const nodes = (await readyOf(shop, 'green')).map(({ spec }) => spec.nodeName);
      expect(nodes).toHaveLength(2);
      expect(nodes).not.toContain(node);
      await stage.plane.api('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: null } }, MERGE);
      await shop.remove();
    });

    it('goes back from a candidate that crashes, without waiting for it', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', LONG);
      await toObservation(handle);
      await makeUnready(shop, 'green');
      shop.failing.green = 100;
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      await untouched(shop);
      await shop.remove();
    });

    it('scales the old colour up again before it goes back to it, when somebody had scaled it down', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', LONG);
      await toObservation(handle);
      await stage.plane.api(
        'PATCH',
        `${workload(shop, 'blue')}?fieldManager=kubectl`,
        { spec: { replicas: 0 } },
        MERGE,
      );
      await patiently(async () => (await podsOf(shop, 'blue')).length === 0, 'blue to be gone');
      await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      await untouched(shop);
      await shop.remove();
    });

    it('scales the old colour up again also while the candidate fails', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', LONG);
      await toObservation(handle);
      await stage.plane.api(
        'PATCH',
        `${workload(shop, 'blue')}?fieldManager=kubectl`,
        { spec: { replicas: 0 } },
        MERGE,
      );
      await patiently(async () => (await podsOf(shop, 'blue')).length === 0, 'blue to be gone');
      shop.failing.green = 100;
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      await untouched(shop);
      await shop.remove();
    });

    it('calls a person when the namespace is gone, and goes back once somebody has made it again', async () => {
      const shop = await stage.shop();
      const made = await Promise.all([workload(shop, 'blue'), workload(shop, 'green'), service(shop)].map(read));
      const handle = await shop.start('2.0.0', LONG);
      await toObservation(handle);
      await shop.remove();
      await patiently(() => isGone(core(shop)), 'the namespace to be gone', 60_000);
      await handle.rollback({ by: 'ana@example.com', reason: 'where is it?' });
      const { rollback } = await until(handle, (status) => status.rollback?.state === 'stuck', 'the call for a person');
      expect(rollback?.note).toContain('not found');

      await makeAgain(shop, made);
      await handle.rollback({ by: 'ana@example.com', reason: 'it is there again' });
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      await untouched(shop);
      await shop.remove();
    });
  });

  const service = (shop: StagedShop) => `${core(shop)}/services/${shop.service}`;

  async function read(path: string): Promise<{ path: string; object: Made }> {
    return { path, object: await stage.plane.api<Made>('GET', path) };
  }

  const isGone = (path: string) =>
    stage.plane.api('GET', path).then(
      () => false,
      () => true,
    );

  async function makeAgain({ namespace }: StagedShop, made: { path: string; object: Made }[]): Promise<void> {
    const metadata = { name: namespace };
    await stage.plane.api('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    for (const { path, object } of made) {
      const { apiVersion, kind, metadata, spec } = object;
      const { clusterIP: _, clusterIPs: __, ...rest } = spec;
      const named = { name: metadata.name };
      await stage.plane.api('POST', path.slice(0, path.lastIndexOf('/')), {
        apiVersion,
        kind,
        metadata: named,
        spec: rest,
      });
    }
  }
});
