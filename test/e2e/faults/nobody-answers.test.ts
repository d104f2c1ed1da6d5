import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

cli.suite('a rollback that nobody answers', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ persistent: true });
  });
  afterEach(() => cluster.killWorkers());
  afterAll(() => cluster?.stop());

  it('is kept by the server over its own restart, and done once when a worker is back', async () => {
    const shop = await cluster.shop('alone');
    const worker = await cluster.worker();
    const deployment = await shop.start(shop.plan({ observation: { duration_ms: 600_000, rollback_triggers: [] } }));
    await shop.until(({ phase }) => phase === 'observation', 'the observation');
    worker.kill('SIGKILL');
    await worker.exited;

    const message = { by: 'ana@example.com', reason: 'wrong version', request_id: 'late-1' };
    expect(await deployment.rollback(message)).toEqual({ delivery: 'recorded', request_id: 'late-1', receipt: null });
    // A person in a hurry sends it again.
    expect(await deployment.rollback(message)).toMatchObject({ delivery: 'recorded' });
    expect((await shop.view()).router.weights).toEqual({ blue: 0, green: 100 });

    await cluster.restartServer();
    await cluster.worker();
    await shop.until(({ outcome }) => outcome === 'rolled_back', 'the rollback');
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    const { messages } = await deployment.status();
    expect(messages.filter(({ request_id, accepted }) => request_id === 'late-1' && accepted)).toHaveLength(1);
    expect(shop.writes().map(({ weights, fence }) => [weights.green, fence?.step])).toEqual([
      [100, 1],
      [0, 2],
    ]);
    expect(await shop.settle()).toEqual([]);
  });
});
