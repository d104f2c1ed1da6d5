import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ServiceView } from '../../../src/local/api.ts';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import type { Answer } from '../../support/load.ts';
import { requirePart } from '../../support/parts.ts';
import { criterion } from '../../support/plans.ts';
import { type HoldingProxy, isWrite, startProxy } from '../../support/proxy.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

/** Between a test's clock and the kernel's, and for a connection that was accepted right before the end. */
const MARGIN_MS = 50;
const CONNECTION_ERRORS = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

function pidsOf(view: ServiceView): (number | null)[] {
  return Object.values(view.colours)
    .flatMap(({ instances }) => instances.map(({ pid }) => pid))
    .sort();
}

function expectConnectionErrors(failed: Answer[]): void {
  expect(failed.filter(({ error }) => !CONNECTION_ERRORS.includes(error ?? ''))).toEqual([]);
}

cli.suite('the local program, killed under load', () => {
  let cluster: Cluster;
  let proxy: HoldingProxy;
  beforeAll(async () => {
    cluster = await startCluster();
    proxy = await startProxy(cluster.localUrl);
  });
  afterEach(() => cluster.killWorkers());
  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  it('comes back in performance validation with weights, fence and instances, and the deployment goes on', async () => {
    const shop = await cluster.shop('validated');
    await cluster.worker();
    const { phases } = shop.plan();
    const performance_validation = {
      duration_ms: 4_000,
      traffic_percentage: 10,
      success_criteria: [criterion('http_success_rate > 95')],
      rollback_triggers: [criterion('error_rate > 5')],
    };
    const deployment = await shop.start(shop.plan({ phases: { ...phases, performance_validation } }));
    await shop.until(
      ({ phase, weights }) => phase === 'performance_validation' && weights?.green === 10,
      'performance validation',
    );
    await sleep(1_000);
    const before = await shop.view();
    const fromMs = Date.now() - MARGIN_MS;
    await cluster.killLocal();
    await sleep(500);
    await cluster.startLocal();
    const toMs = Date.now() + MARGIN_MS;
    const after = await shop.view();
    expect(after.router).toMatchObject({
      weights: before.router.weights,
      fence: before.router.fence,
      revision: before.router.revision,
    });
    expect(pidsOf(after)).toEqual(pidsOf(before));

    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(shop.writes().map(({ weights }) => weights.green)).toEqual([10, 100]);
    const failed = await shop.settle([{ fromMs, toMs }]);
    console.log(
      `router away for ${toMs - fromMs} ms in validation: ${failed.length} of ${shop.load.answers.length} requests failed`,
    );
    expectConnectionErrors(failed);
  });

  it('comes back in a rollback, whose write it had made but not answered: done once, and proven', async () => {
    const shop = await cluster.shop('returned');
    await cluster.worker({ localUrl: proxy.url });
    const deployment = await shop.start(shop.plan({ observation: { duration_ms: 600_000, rollback_triggers: [] } }));
    await shop.until(({ phase }) => phase === 'observation', 'the observation');
    const before = await shop.view();
    const written = proxy.trap(isWrite, 'answer');
    const answered = deployment.rollback({ by: 'ana@example.com' });
    await written.caught;
    const fromMs = Date.now() - MARGIN_MS;
    await cluster.killLocal();
    written.cut();
    await sleep(500);
    await cluster.startLocal();
    const toMs = Date.now() + MARGIN_MS;
    expect(pidsOf(await shop.view())).toEqual(pidsOf(before));

    expect(await answered).toMatchObject({ delivery: 'answered', receipt: { weights: { blue: 100, green: 0 } } });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect((await shop.view()).router).toMatchObject({ weights: { blue: 100, green: 0 }, fence: { step: 2 } });
    expect(shop.writes().map(({ fence }) => fence?.step)).toEqual([1, 2]);
    const failed = await shop.settle([{ fromMs, toMs }]);
    console.log(
      `router away for ${toMs - fromMs} ms in a rollback: ${failed.length} of ${shop.load.answers.length} requests failed`,
    );
    expectConnectionErrors(failed);
  });

  it('is waited for when it is away at the moment of the rollback', async () => {
    const shop = await cluster.shop('awaited');
    await cluster.worker();
    const deployment = await shop.start(shop.plan({ observation: { duration_ms: 600_000, rollback_triggers: [] } }));
    await shop.until(({ phase }) => phase === 'observation', 'the observation');
    const fromMs = Date.now() - MARGIN_MS;
    await cluster.killLocal();
    const answered = deployment.rollback({ by: 'ana@example.com' });
    await sleep(2_000);
    await cluster.startLocal();
    const toMs = Date.now() + MARGIN_MS;
    expect(await answered).toMatchObject({ delivery: 'answered', receipt: { weights: { blue: 100, green: 0 } } });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(shop.writes().map(({ weights }) => weights.green)).toEqual([100, 0]);
    expectConnectionErrors(await shop.settle([{ fromMs, toMs }]));
  });
});
