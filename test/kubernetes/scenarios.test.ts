import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentHandle } from '../../src/client/cutover-client.ts';
import type { Colour } from '../../src/plan/types.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 1_200_000;
const ANA = { by: 'ana@example.com', reason: 'carts are empty' };
const TRIGGERS = ['error_rate > 5'];
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

const full_switch = { duration: '2s', rollback_triggers: TRIGGERS };
const WARMING = { blue_green_switch: { validation_phases: { warmup: { duration: '1h' }, full_switch } } };
const OBSERVING = { observation: { duration: '1h', rollback_triggers: TRIGGERS } };
const LEASED = { observation: { duration: '2s', rollback_triggers: TRIGGERS }, lease: { duration: '1h' } };

interface Scenario {
  what: string;
  /** Over the plan as written. */
  changes: object;
  /** Until this phase, then `act`. */
  phase: string;
  act(handle: DeploymentHandle, stage: KubernetesStage): Promise<unknown>;
  outcome: 'succeeded' | 'rolled_back';
}

const SCENARIOS: Scenario[] = [
  {
    what: 'aborted before the switch, the active colour is never touched',
    ...{ changes: WARMING, phase: 'warmup', act: (handle) => handle.rollback(ANA), outcome: 'rolled_back' },
  },
  {
    what: 'promoted before the switch, it switches early',
    ...{ changes: WARMING, phase: 'warmup', act: (handle) => handle.promote(ANA), outcome: 'succeeded' },
  },
  {
    what: 'aborted after the switch, the traffic goes back',
    ...{ changes: OBSERVING, phase: 'observation', act: (handle) => handle.rollback(ANA), outcome: 'rolled_back' },
  },
  {
    what: 'promoted in the observation, it ends early',
    ...{ changes: OBSERVING, phase: 'observation', act: (handle) => handle.promote(ANA), outcome: 'succeeded' },
  },
  {
    what: 'rolled back from the lease, the traffic goes back to the pods that were kept',
    ...{ changes: LEASED, phase: 'lease', act: (handle) => handle.rollback(ANA), outcome: 'rolled_back' },
  },
  {
    what: 'released from the lease, it frees the old colour',
    ...{ changes: LEASED, phase: 'lease', act: releaseIt, outcome: 'succeeded' },
  },
];

function releaseIt({ workflow_id: id }: DeploymentHandle, { client }: KubernetesStage): Promise<unknown> {
  return client.release(id, ANA);
}

kubernetes.suite('what is done with a deployment on Kubernetes', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await stage.worker();
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  async function podsOf({ namespace }: StagedShop, colour: Colour): Promise<string[]> {
    interface Pods {
      items: { metadata: { uid: string } }[];
    }
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=colour%3D${colour}`;
    return (await stage.plane.api<Pods>('GET', path)).items.map(({ metadata }) => metadata.uid).sort();
  }

  async function generationOf({ namespace, service }: StagedShop, colour: Colour): Promise<number> {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-${colour}`;
    return (await stage.plane.api<{ metadata: { generation: number } }>('GET', path)).metadata.generation;
  }

  it.each(SCENARIOS)('$what', async ({ changes, phase, act, outcome }) => {
    const shop = await stage.shop();
    const handle = await shop.start('2.0.0', changes);
    await until(handle, (status) => status.phase === phase, phase);
    const before = { pods: await podsOf(shop, 'blue'), generation: await generationOf(shop, 'blue') };
    await act(handle, stage);
    expect(await handle.result()).toMatchObject({ outcome });
    const serving = outcome === 'succeeded' ? 'green' : 'blue';
    expect(await shop.selected()).toBe(serving);
    expect([await shop.replicas('blue'), await shop.replicas('green')]).toEqual(serving === 'blue' ? [2, 0] : [0, 2]);
    expect(await shop.image('blue')).toBe('registry.example.com/checkout:1.0.0');
    if (outcome === 'rolled_back') {
      expect({ pods: await podsOf(shop, 'blue'), generation: await generationOf(shop, 'blue') }).toEqual(before);
    }
    await shop.remove();
  });

  it('leaves the active colour alone when a quota refuses the candidate its pods, and says so', async () => {
    const shop = await stage.shop();
    await patiently(async () => (await podsOf(shop, 'blue')).length === 2, 'the pods of blue');
    const quotas = `/api/v1/namespaces/${shop.namespace}/resourcequotas`;
    await stage.plane.api('POST', quotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard: { pods: '2' } },
    });
    // Until it is counted, the API server lets pods through.
    const used = async () => {
      const { status } = await stage.plane.api<{ status?: { used?: { pods?: string } } }>('GET', `${quotas}/small`);
      return status?.used?.pods;
    };
    await patiently(async () => (await used()) === '2', 'a quota that counts the pods of blue');
    const before = { pods: await podsOf(shop, 'blue'), generation: await generationOf(shop, 'blue') };
    const handle = await shop.start('2.0.0', { provision: { timeout: '8s' } });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(result.reason).toContain('exceeded quota: small');
    expect(await shop.selected()).toBe('blue');
    expect({ pods: await podsOf(shop, 'blue'), generation: await generationOf(shop, 'blue') }).toEqual(before);
    expect(await shop.replicas('green')).toBe(0);
    await shop.remove();
  });

  describe('with less than a new rollout', () => {
    it('does not touch a standby colour that runs the version already', async () => {
      const shop = await stage.shop({ replicas: { green: 2 }, tags: { green: '2.0.0' } });
      const before = await generationOf(shop, 'green');
      const handle = await shop.start('2.0.0', OBSERVING);
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      expect(await generationOf(shop, 'green')).toBe(before);
      await handle.promote(ANA);
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      await shop.remove();
    });

    it('validates at a reduced size, and switches at the full one', async () => {
      const shop = await stage.shop({ replicas: { blue: 4 } });
      const handle = await shop.start('2.0.0', { ...WARMING, capacity: { validation: '25%' } });
      await until(handle, ({ phase }) => phase === 'warmup', 'the warm-up');
      expect(await shop.replicas('green')).toBe(1);
      await handle.promote(ANA);
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      expect(await shop.replicas('green')).toBe(4);
      await shop.remove();
    });

    it('lets the next deployment take over from the lease, to the colour that was kept', async () => {
      const shop = await stage.shop();
      const first = await shop.start('2.0.0', LEASED);
      await until(first, ({ phase }) => phase === 'lease', 'the lease');
      const second = await shop.start('3.0.0');
      expect(second.took_over).not.toBeNull();
      expect(await second.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 100, green: 0 } });
      expect(await shop.selected()).toBe('blue');
      expect(await shop.image('blue')).toBe('registry.example.com/checkout:3.0.0');
      expect([await shop.replicas('blue'), await shop.replicas('green')]).toEqual([2, 0]);
      await shop.remove();
    });
  });
});
