import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesStage, openKubernetesStage, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

kubernetes.suite('a deployment on Kubernetes', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await stage.worker();
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  describe('by the selector of a Service', () => {
    it('switches, observes, and frees the old colour after the proof', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0');
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
      expect(await shop.selected()).toBe('green');
      expect(await shop.image('green')).toBe('registry.example.com/checkout:2.0.0');
      expect(await shop.image('blue')).toBe('registry.example.com/checkout:1.0.0');
      expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([2, 0]);
      await shop.remove();
    });

    it('goes back when the candidate fails, and leaves the old colour as it was', async () => {
      const shop = await stage.shop();
      shop.failing.green = 50;
      const handle = await shop.start('2.0.0');
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(await shop.selected()).toBe('blue');
      expect([await shop.replicas('green'), await shop.replicas('blue')]).toEqual([0, 2]);
      await shop.remove();
    });

    it('goes back when a person says so, from the observation', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', { observation: { duration: '1h' } });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
      expect(await shop.selected()).toBe('blue');
      await shop.remove();
    });

    it('leaves the active colour alone when the candidate fits on no node, and says why', async () => {
      const shop = await stage.shop({ unschedulable: 'green' });
      const handle = await shop.start('2.0.0', { provision: { timeout: '3s' } });
      const result = await handle.result();
      expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(result.reason).toContain('Unschedulable');
      expect(await shop.selected()).toBe('blue');
      await shop.remove();
    });

    it('sees an image that somebody else sets on the candidate, and goes back', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', { observation: { duration: '1h' } });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      await stage.setImage(shop, 'green', '6.6.6');
      expect(await handle.result()).toMatchObject({
        outcome: 'rolled_back',
        reason: 'somebody else has put 6.6.6 on green',
        weights: { blue: 100, green: 0 },
      });
      expect(await shop.selected()).toBe('blue');
      await shop.remove();
    });

    it('sees a selector that somebody edits, and goes back', async () => {
      const shop = await stage.shop();
      const handle = await shop.start('2.0.0', { observation: { duration: '1h' } });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      const path = `/api/v1/namespaces/${shop.namespace}/services/checkout?fieldManager=kubectl-edit`;
      const patch = { spec: { selector: { colour: 'blue' } } };
      await stage.plane.api('PATCH', path, patch, 'application/merge-patch+json');
      const result = await handle.result();
      expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      await shop.remove();
    });
  });
});
