import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, type Shop, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';
import { criterion } from '../../support/plans.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

/** Without triggers before the observation there is one watcher at a time: a single slot is enough to come so far. */
function oneWatcherPlan(shop: Shop) {
  const { phases } = shop.plan();
  return shop.plan({
    phases: { ...phases, decision_window: { ...phases.decision_window, rollback_triggers: [] } },
    observation: { duration_ms: 600_000, rollback_triggers: [criterion('error_rate > 5')] },
  });
}

cli.suite('a worker whose watch slots are all taken', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.killWorkers());
  afterAll(() => cluster?.stop());

  it('rolls back promptly all the same, while other deployments wait in vain for a slot', async () => {
    const shop = await cluster.shop('busy');
    const others = await Promise.all(['parked-1', 'parked-2'].map((name) => cluster.shop(name, { perSecond: 20 })));
    await cluster.worker({ watchSlots: 1 });
    const deployment = await shop.start(oneWatcherPlan(shop));
    await shop.until(({ live, phase }) => phase === 'observation' && live.evidence !== null, 'the observation');
    for (const other of others) {
      await other.start(oneWatcherPlan(other));
      await other.until(({ phase }) => phase === 'provision', 'to be parked');
    }

    const sentMs = Date.now();
    const answer = await deployment.rollback({ by: 'ana@example.com', reason: 'too slow for me' });
    const answeredMs = Date.now() - sentMs;
    expect(answer).toMatchObject({ delivery: 'answered', receipt: { weights: { blue: 100, green: 0 } } });
    await shop.until(({ outcome }) => outcome === 'rolled_back', 'the outcome');
    const lost = await shop.settle();
    const lastGreenMs = Math.max(
      ...shop.load.answers.filter(({ colour }) => colour === 'green').map(({ startedMs }) => startedMs),
    );
    console.log(
      `rollback with every slot taken: answered after ${answeredMs} ms, last request to green after ${lastGreenMs - sentMs} ms`,
    );
    expect(lost).toEqual([]);
    expect(answeredMs).toBeLessThan(5_000);
    expect(lastGreenMs - sentMs).toBeLessThan(5_000);

    for (const other of others) {
      const parked = await cluster.client.rollback(other.service, {});
      expect(parked).toMatchObject({ delivery: 'answered' });
      expect(other.writes()).toEqual([]);
      expect(other.load.countOf('green')).toBe(0);
    }
  });
});
