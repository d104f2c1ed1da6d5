import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, type Shop, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';
import { type HoldingProxy, isRouterRead, isWrite, startProxy } from '../../support/proxy.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

/** Steps rise by one, no write is there twice, and nobody else has written. */
function expectOneWritePerStep(shop: Shop, greens: number[]): void {
  const writes = shop.writes();
  expect(writes.map(({ weights }) => weights.green)).toEqual(greens);
  expect(writes.map(({ fence }) => fence?.step)).toEqual(greens.map((_, index) => index + 1));
}

async function shiftResults(shop: Shop) {
  const shifts = (await shop.activities()).filter(({ type }) => type === 'shiftTraffic');
  return shifts.map(({ attempt, result }) => ({ attempt, kind: (result as { kind: string } | null)?.kind }));
}

cli.suite('a worker that is lost in a shift', () => {
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

  const halves = [50, 100].map((share) => ({ share, duration_ms: 1_000, success_criteria: [] }));

  it('is replaced: a write that was made but not answered is found made, and one that was not proven is proven', async () => {
    const shop = await cluster.shop('killed');
    const first = await cluster.worker({ localUrl: proxy.url });
    const written = proxy.trap(isWrite, 'answer');
    const deployment = await shop.start(
      shop.plan({ switch: { strategy: 'gradual', steps: halves, deadline_ms: 30_000, drain_ms: 2_000 } }),
    );
    expect(JSON.parse((await written.caught).answer)).toMatchObject({ kind: 'written' });
    first.kill('SIGKILL');

    const second = await cluster.worker({ localUrl: proxy.url });
    await shop.until(({ weights }) => weights?.green === 50, 'the second worker to go on');
    const second100 = proxy.trap((call) => isWrite(call) && call.body.includes('"green":100'), 'answer');
    await second100.caught;
    const verified = proxy.trap(isRouterRead, 'request');
    second100.release();
    await verified.caught;
    second.kill('SIGKILL');

    await cluster.worker();
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expectOneWritePerStep(shop, [50, 100]);
    expect(await shiftResults(shop)).toEqual([
      { attempt: 2, kind: 'already' },
      { attempt: 2, kind: 'already' },
    ]);
    expect(await shop.settle()).toEqual([]);
  });

  it('changes nothing when merely the answer of the shift is lost: attempt 2 finds its own write', async () => {
    const shop = await cluster.shop('cut');
    await cluster.worker({ localUrl: proxy.url });
    const written = proxy.trap((call) => isWrite(call) && call.path.includes('/cut/'), 'answer');
    const deployment = await shop.start(shop.plan());
    await written.caught;
    written.cut();
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expectOneWritePerStep(shop, [100]);
    expect(await shiftResults(shop)).toEqual([{ attempt: 2, kind: 'already' }]);
    expect(await shop.settle()).toEqual([]);
  });
});
