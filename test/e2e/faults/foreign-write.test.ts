import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

cli.suite('somebody else’s write to the router', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.killWorkers());
  afterAll(() => cluster?.stop());

  const steps = [25, 100].map((share) => ({ share, duration_ms: 3_000, success_criteria: [] }));

  it('is met by the next shift, reported as drift, and rolled back', async () => {
    const shop = await cluster.shop('drifted');
    await cluster.worker();
    const deployment = await shop.start(
      shop.plan({ switch: { strategy: 'gradual', steps, deadline_ms: 30_000, drain_ms: 2_000 } }),
    );
    await shop.until(({ weights }) => weights?.green === 25, 'the first step');
    const foreign = { weights: { blue: 60, green: 40 } };
    expect(await cluster.local.shift('drifted', foreign, '*')).toMatchObject({ kind: 'written' });

    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(result.reason).toContain('somebody else changed the router to blue 60 %, green 40 %');
    const { attention } = await deployment.status();
    expect(attention.join()).toContain('Drift: somebody else changed the router to blue 60 %, green 40 %');
    expect(shop.writes().map(({ weights, fence }) => [weights.green, fence === null])).toEqual([
      [25, false],
      [40, true],
      [0, false],
    ]);
    expect(await shop.settle()).toEqual([]);
  });

  it('is met by a rollback that a person asked for, reported, and overwritten', async () => {
    const shop = await cluster.shop('overwritten');
    await cluster.worker();
    const deployment = await shop.start(shop.plan({ observation: { duration_ms: 600_000, rollback_triggers: [] } }));
    await shop.until(({ phase }) => phase === 'observation', 'the observation');
    await cluster.local.shift('overwritten', { weights: { blue: 30, green: 70 } }, '*');
    expect(await deployment.rollback({ by: 'ana@example.com' })).toMatchObject({
      delivery: 'answered',
      receipt: { weights: { blue: 100, green: 0 } },
    });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect((await deployment.status()).attention.join()).toContain('Drift');
    expect(shop.writes().map(({ weights }) => weights.green)).toEqual([100, 70, 0]);
    expect(await shop.settle()).toEqual([]);
  });

  it('keeps an observation from succeeding: a colour that lost its traffic has not proved itself', async () => {
    const shop = await cluster.shop('unmet');
    await cluster.worker();
    const deployment = await shop.start(shop.plan({ observation: { duration_ms: 3_000, rollback_triggers: [] } }));
    await shop.until(({ phase }) => phase === 'observation', 'the observation');
    await cluster.local.shift('unmet', { weights: { blue: 50, green: 50 } }, '*');
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(result.reason).toContain('somebody else changed the router to blue 50 %, green 50 %');
    expect(await shop.settle()).toEqual([]);
  });

  it('in the lease keeps the old colour from being removed, and is told', async () => {
    const shop = await cluster.shop('leased');
    await cluster.worker();
    const deployment = await shop.start(shop.plan({ lease: { duration_ms: 600_000, shrink_to_percent: null } }));
    await shop.until(({ phase }) => phase === 'lease', 'the lease');
    await cluster.local.shift('leased', { weights: { blue: 100, green: 0 } }, '*');
    await cluster.client.release('leased');
    await shop.until(({ attention }) => attention.some((line) => line.startsWith('Drift')), 'the drift to be told');
    expect((await shop.view()).colours.blue.ready).toBe(2);

    await cluster.local.shift('leased', { weights: { blue: 0, green: 100 } }, '*');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect((await shop.view()).colours.blue.desired).toBe(0);
    expect(await shop.settle()).toEqual([]);
  });
});
