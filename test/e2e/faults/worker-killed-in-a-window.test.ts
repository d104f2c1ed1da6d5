import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import type { DeploymentStatus, PhaseStatus } from '../../../src/workflows/api.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';
import { criterion } from '../../support/plans.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

const RESOLUTION_MS = 500;

function observationOf({ phases }: Pick<DeploymentStatus, 'phases'>): PhaseStatus {
  const phase = phases.find(({ name }) => name === 'observation');
  if (phase === undefined) throw new Error('there is no observation');
  return phase;
}

function endOf(phase: PhaseStatus): number {
  return Date.parse(phase.ends_at ?? '');
}

cli.suite('a worker that is lost while it watches', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.killWorkers());
  afterAll(() => cluster?.stop());

  const triggers = [criterion('error_rate > 5')];
  const inObservation = ({ phase }: DeploymentStatus) => phase === 'observation';

  it('leaves the observation going on where it was, with its end kept or grown by the gap', async () => {
    const shop = await cluster.shop('observed');
    const worker = await cluster.worker();
    const deployment = await shop.start(
      shop.plan({ observation: { duration_ms: 8_000, rollback_triggers: triggers } }),
    );
    const before = observationOf(await shop.until(inObservation, 'the observation'));
    await sleep(2_500);
    const killedAtMs = Date.now();
    worker.kill('SIGKILL');
    await cluster.worker();
    const backAtMs = Date.now();

    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    const after = observationOf(await deployment.status());
    const grownMs = endOf(after) - endOf(before);
    const endedMs = Date.parse(after.ended_at ?? '');
    console.log(`observation of 8 s, no worker for ${backAtMs - killedAtMs} ms: grown by ${grownMs} ms`);
    expect(after.started_at).toBe(before.started_at);
    expect(grownMs).toBeGreaterThanOrEqual(0);
    // A window that began anew would end no sooner than this after the successor's start.
    expect(endedMs).toBeLessThan(backAtMs + 8_000 + grownMs);
    expect(endedMs).toBeGreaterThanOrEqual(endOf(after));
    expect(after.evidence?.coverage.percent).toBeGreaterThanOrEqual(95);
    const [watcher] = (await shop.activities()).filter(
      ({ type, input }) => type === 'watchWindow' && (input as { stage: string }).stage === 'observation',
    );
    expect(watcher?.attempt).toBeGreaterThanOrEqual(2);
    expect(await shop.settle()).toEqual([]);
  });

  it('does not let a window pass in which hardly anybody watched: it grows by what was missed', async () => {
    const shop = await cluster.shop('unwatched');
    const worker = await cluster.worker();
    const deployment = await shop.start(
      shop.plan({ observation: { duration_ms: 4_000, rollback_triggers: triggers } }),
    );
    const before = observationOf(await shop.until(inObservation, 'the observation'));
    await sleep(700);
    const killedAtMs = Date.now();
    worker.kill('SIGKILL');
    await sleep(endOf(before) - Date.now() + 1_000);
    await cluster.worker();
    const missedMs = endOf(before) - killedAtMs;

    // The guard of the switch was being ended when its worker died: that loss must not stop anything either.
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    const after = observationOf(await deployment.status());
    const grownMs = endOf(after) - endOf(before);
    const { coverage } = after.evidence ?? {};
    console.log(
      `window of 4 s, ${missedMs} ms of it without a worker: grown by ${grownMs} ms, ${JSON.stringify(coverage)}`,
    );
    expect(grownMs).toBeGreaterThanOrEqual(missedMs - 2 * RESOLUTION_MS);
    expect(after.note).toMatch(/^lengthened by /);
    expect(coverage?.percent).toBeGreaterThanOrEqual(95);
    expect(coverage?.judged).toBeGreaterThanOrEqual(Math.floor((0.95 * 4_000) / RESOLUTION_MS));
    expect(Date.parse(after.ended_at ?? '')).toBeGreaterThanOrEqual(endOf(after));
    expect(await shop.settle()).toEqual([]);
  });
});
