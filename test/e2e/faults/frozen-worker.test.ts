import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, type Shop, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';
import { type HoldingProxy, isInspection, isWrite, startProxy } from '../../support/proxy.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

/** Without triggers there is no guard: the only inspection after the provisioning is the one right before the write. */
function unguardedPlan(shop: Shop) {
  const { phases } = shop.plan();
  return shop.plan({ phases: { ...phases, decision_window: { ...phases.decision_window, rollback_triggers: [] } } });
}

/** The stale forward write, past every activity, is refused by the router's own fence. */
async function expectFenced(cluster: Cluster, shop: Shop): Promise<void> {
  const { router } = await shop.view();
  const fence = router.fence;
  if (fence === null) throw new Error('the router has no fence');
  const stale = { weights: { blue: 0, green: 100 }, fence: { ...fence, step: fence.step - 1 } };
  expect(await cluster.local.shift(shop.service, stale, router.revision)).toMatchObject({ kind: 'superseded' });
  expect((await shop.view()).router).toMatchObject({ weights: { blue: 100, green: 0 }, revision: router.revision });
}

cli.suite('a worker that is frozen before its write and wakes after the rollback', () => {
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

  it('does not undo the rollback: whatever it does with its old write is refused', async () => {
    const shop = await cluster.shop('frozen');
    const frozen = await cluster.worker({ localUrl: proxy.url });
    const ready = proxy.trap((call) => isInspection(call) && isProvisioned(call.answer), 'answer');
    const deployment = await shop.start(unguardedPlan(shop));
    await ready.caught;
    // The answer to this wait; the next inspection is the shift's own.
    const inspected = proxy.trap(isInspection, 'answer');
    ready.release();
    await inspected.caught;
    frozen.kill('SIGSTOP');
    inspected.release();

    await cluster.worker();
    const sentMs = Date.now();
    await deployment.rollback({ by: 'ana@example.com' });
    await shop.until(({ rollback }) => rollback?.state === 'restored', 'the rollback');
    console.log(`rollback past a frozen worker: ${Date.now() - sentMs} ms`);
    const { router } = await shop.view();
    expect(router).toMatchObject({ weights: { blue: 100, green: 0 }, fence: { step: 2 } });

    const before = proxy.calls.length;
    frozen.kill('SIGCONT');
    await patiently(
      async () => proxy.calls.length > before || (await frozen.log()).includes('shiftTraffic'),
      'the worker to wake',
      10_000,
    ).catch(() => undefined);
    await sleep(1_500);
    const late = proxy.calls.slice(before).filter(isWrite);
    console.log(
      `woken, it wrote ${late.length} times: ${late.map(({ status }) => status).join() || 'past its deadline'}`,
    );
    for (const call of late) expect(call.status).toBe(409);
    expect((await shop.view()).router).toMatchObject({ weights: { blue: 100, green: 0 }, revision: router.revision });
    await expectFenced(cluster, shop);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(shop.writes().map(({ weights }) => weights.green)).toEqual([0]);
    expect(shop.load.countOf('green')).toBe(0);
    expect(await shop.settle()).toEqual([]);
  });

  it('nor does a write that was on its way all the while: the router refuses it', async () => {
    const shop = await cluster.shop('delayed');
    const first = await cluster.worker({ localUrl: proxy.url });
    const delayed = proxy.trap(isWrite, 'request');
    const deployment = await shop.start(shop.plan());
    const call = await delayed.caught;
    first.kill('SIGSTOP');
    await cluster.worker();
    await deployment.rollback({ by: 'ana@example.com' });
    await shop.until(({ rollback }) => rollback?.state === 'restored', 'the rollback');
    const { router } = await shop.view();
    delayed.release();
    await patiently(async () => call.status !== null, 'the late write to arrive');
    expect(call.status).toBe(409);
    expect(JSON.parse(call.answer)).toMatchObject({ kind: 'superseded' });
    expect((await shop.view()).router).toMatchObject({ weights: { blue: 100, green: 0 }, revision: router.revision });
    first.kill('SIGCONT');
    await expectFenced(cluster, shop);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(shop.load.countOf('green')).toBe(0);
    expect(await shop.settle()).toEqual([]);
  });
});

/** Both instances of the candidate are ready: the wait for them ends with this answer. */
function isProvisioned(answer: string): boolean {
  const { colours } = JSON.parse(answer) as { colours: { green: { ready: number; version: string | null } } };
  return colours.green.ready === 2 && colours.green.version === '2.0.0';
}
