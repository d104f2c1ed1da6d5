import { afterAll, beforeAll, expect, it } from 'vitest';
import { kubeconfigOf, kubectl, manifests } from '../support/kubernetes/kubectl.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

kubernetes.suite('a worker with the account of deploy/kubernetes', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await kubectl(stage.plane, ['create', 'namespace', 'cutover']);
    await kubectl(stage.plane, ['create', 'serviceaccount', 'cutover', '-n', 'cutover']);
    await stage.worker(await kubeconfigOf(stage.plane, 'cutover', 'cutover'));
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  const allow = ({ namespace }: StagedShop, target: string) =>
    kubectl(stage.plane, ['apply', '-n', namespace, '-k', manifests(`target/${target}`)]);

  it('deploys under the Role of its router', async () => {
    const shop = await stage.shop();
    await allow(shop, 'service-selector');
    const handle = await shop.start('2.0.0', { require_parity: false });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect([await shop.selected(), await shop.replicas('blue')]).toEqual(['green', 0]);
    await shop.remove();
  });

  it('rolls back under it', async () => {
    const shop = await stage.shop();
    await allow(shop, 'service-selector');
    shop.failing.green = 50;
    const handle = await shop.start('2.0.0');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect([await shop.selected(), await shop.replicas('green')]).toEqual(['blue', 0]);
    await shop.remove();
  });

  it('changes nothing under the read-only Role, and names the rule that it lacks', async () => {
    const shop = await stage.shop();
    await allow(shop, 'read-only');
    const handle = await shop.start('2.0.0');
    const result = await handle.result();
    expect(result.outcome).not.toBe('succeeded');
    expect(result.reason).toContain('"verbs":["patch"]');
    expect([await shop.selected(), await shop.image('green')]).toEqual(['blue', 'registry.example.com/checkout:1.0.0']);
    await shop.remove();
  });
});
