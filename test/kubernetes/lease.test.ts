import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KubernetesStage, openKubernetesStage, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

kubernetes.suite('the lease on Kubernetes', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await stage.worker();
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  it('shrinks the old colour no further than its disruption budget allows, and says so', async () => {
    const shop = await stage.shop({ replicas: { blue: 4, green: 0 } });
    await stage.plane.api('POST', `/apis/policy/v1/namespaces/${shop.namespace}/poddisruptionbudgets`, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'checkout-blue' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'checkout', colour: 'blue' } } },
    });
    const handle = await shop.start('2.0.0', {
      observation: { duration: '1s' },
      lease: { duration: '1h', shrink_to: '25%' },
    });
    await patiently(async () => (await shop.replicas('blue')) < 4, 'blue to be shrunk', 60_000);
    const status = await until(handle, ({ phases }) => phases.some(({ note }) => note?.includes('kept')), 'the note');
    expect(await shop.replicas('blue')).toBe(3);
    expect(status.lease?.old_size).toBe(3);
    const note = 'blue is kept × 3, not × 1: PodDisruptionBudget checkout-blue has maxUnavailable 1';
    expect(status.phases.find(({ name }) => name === 'lease')?.note).toBe(note);
    await stage.client.release(handle.workflow_id, { by: 'ana@example.com' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await shop.replicas('blue')).toBe(0);
    const ended = (await handle.status()).phases.find(({ name }) => name === 'lease');
    expect(ended?.note).toBe(`released; ${note}`);
    await shop.remove();
  });

  it('tells of an image that somebody else sets on the new colour', async () => {
    const shop = await stage.shop();
    const handle = await shop.start('2.0.0', { observation: { duration: '1s' }, lease: { duration: '1h' } });
    await until(handle, ({ phase }) => phase === 'lease', 'the lease');
    await stage.setImage(shop, 'green', '6.6.6');
    const { attention } = await until(handle, (status) => status.attention.length > 0, 'the drift');
    expect(attention).toEqual(['Drift: somebody else has put 6.6.6 on green; the traffic stays there']);
    await stage.client.release(handle.workflow_id, { by: 'ana@example.com' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await shop.image('green')).toContain(':6.6.6');
    await shop.remove();
  });
});
