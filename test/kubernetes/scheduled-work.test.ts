import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runDirectRollback } from '../../src/direct/run.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Colour } from '../../src/plan/types.ts';
import {
  addWork,
  editWork,
  RESTS,
  RUNS,
  SELECTOR,
  type WorkObject,
  type WorkPlural,
  workOf,
  workPath,
} from '../support/kubernetes/active-only.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 1_200_000;
const ANA = { by: 'ana@example.com' };
const LOOK_MS = 15;
const LEASED = { observation: { duration: '2s' }, lease: { duration: '1h' } };
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

kubernetes.suite('work that only one colour may run, in a deployment', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    process.env.KUBECONFIG = stage.plane.kubeconfig;
    await stage.worker();
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  async function openShop(): Promise<StagedShop> {
    const shop = await stage.shop();
    await addWork(stage.plane, shop);
    return shop;
  }

  const start = (shop: StagedShop, version: string, changes: object = {}) =>
    shop.start(version, {
      platform: { kubernetes: { namespace: shop.namespace, active_only: SELECTOR } },
      ...changes,
    });

  const standing = async (shop: StagedShop) => ({
    blue: await workOf(stage.plane, shop, 'blue'),
    green: await workOf(stage.plane, shop, 'green'),
  });

  /** The colours whose work of that kind runs, both read in one moment. */
  async function running(shop: StagedShop, plural: WorkPlural): Promise<Colour[]> {
    const path = `${workPath(shop, plural)}?labelSelector=${encodeURIComponent(SELECTOR)}`;
    const { items } = await stage.plane.api<{ items: (WorkObject & { metadata: { name: string } })[] }>('GET', path);
    const runs = items.filter(({ spec }) => spec.suspend === false || (spec.replicas ?? 0) > 0);
    return runs.map(({ metadata }) => (metadata.name.endsWith('-blue') ? 'blue' : 'green'));
  }

  /** Looks all the while; which colours were seen to run each kind, in order, each change once. */
  function observe(shop: StagedShop): () => Promise<string[][]> {
    const kinds = ['cronjobs', 'deployments', 'statefulsets'] as const;
    let stopped = false;
    const looking = Promise.all(
      kinds.map(async (plural) => {
        const seen: string[] = [];
        while (!stopped) {
          const now = (await running(shop, plural)).sort().join(' and ');
          if (seen.at(-1) !== now) seen.push(now);
          await sleep(LOOK_MS);
        }
        return seen.filter((colours) => colours !== '');
      }),
    );
    return () => {
      stopped = true;
      return looking;
    };
  }

  it('goes with the traffic to the candidate, and with the next deployment back, never on both', async () => {
    const shop = await openShop();
    const stop = observe(shop);
    const first = await start(shop, '2.0.0', LEASED);
    await until(first, ({ phase }) => phase === 'lease', 'the lease');
    expect(await standing(shop)).toEqual({ blue: RESTS, green: RUNS });
    const second = await start(shop, '3.0.0');
    expect(second.took_over).not.toBeNull();
    expect(await second.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 100, green: 0 } });
    expect(await standing(shop)).toEqual({ blue: RUNS, green: RESTS });
    // Both ran before Cutover came.
    for (const seen of await stop()) expect(seen).toEqual(['blue and green', 'blue', 'green', 'blue']);
    expect((await second.status()).attention).toEqual([]);
    await shop.remove();
  });

  it('goes back with the traffic when the candidate fails', async () => {
    const shop = await openShop();
    shop.failing.green = 50;
    const stop = observe(shop);
    const handle = await start(shop, '2.0.0');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(await standing(shop)).toEqual({ blue: RUNS, green: RESTS });
    for (const seen of await stop()) {
      expect([seen[0], seen[1], seen.at(-1)]).toEqual(['blue and green', 'blue', 'blue']);
      expect(seen.slice(1)).not.toContain('blue and green');
    }
    await shop.remove();
  });

  it('that a person has suspended stays so, and is told of', async () => {
    const shop = await openShop();
    await editWork(stage.plane, shop, 'cronjobs', 'report-green', { spec: { suspend: true } });
    const handle = await start(shop, '2.0.0', { ...LEASED });
    await until(handle, ({ phase }) => phase === 'lease', 'the lease');
    expect((await handle.status()).attention).toEqual([
      'Scheduled work stays suspended: CronJob report-green of green: suspended before Cutover came',
    ]);
    expect(await standing(shop)).toEqual({ blue: RESTS, green: ['report: suspended', ...RUNS.slice(1)] });
    await handle.rollback(ANA);
    await patiently(async () => (await workOf(stage.plane, shop, 'blue')).join() === RUNS.join(), 'the work of blue');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(await standing(shop)).toEqual({ blue: RUNS, green: RESTS });
    await shop.remove();
  });

  it('goes back with a rollback past Temporal', async () => {
    const shop = await openShop();
    const handle = await start(shop, '2.0.0', LEASED);
    await until(handle, ({ phase }) => phase === 'lease', 'the lease');
    const { plan } = loadPlan([{ name: 'plan.yaml', text: directPlan(shop) }]);
    const { outcome, events } = await runDirectRollback(plan, { localUrl: '', force: false, onEvent: () => undefined });
    expect([outcome, events.at(-1)?.text]).toEqual([
      'restored',
      expect.stringMatching(/^suspended .*CronJob report-green.*; resumed .*CronJob report-blue/),
    ]);
    expect(await standing(shop)).toEqual({ blue: RUNS, green: RESTS });
    await handle.rollback(ANA);
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(await standing(shop)).toEqual({ blue: RUNS, green: RESTS });
    await shop.remove();
  });
});

function directPlan({ namespace, service }: StagedShop): string {
  return JSON.stringify({
    ...{ service, environment: 'test', target: namespace, version: '2.0.0' },
    platform: { kubernetes: { namespace, active_only: SELECTOR } },
    router: { service_selector: { service } },
    metrics: { prometheus: { url: 'http://127.0.0.1:1' } },
  });
}
