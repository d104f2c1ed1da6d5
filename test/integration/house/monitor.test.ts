import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { requirePart } from '../../support/parts.ts';
import { criterion } from '../../support/plans.ts';
import { type SpawnedProcess, temporaryFolder } from '../../support/processes.ts';
import { readiness, sample, spawnMonitored, urlOf } from './monitored-worker.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));
/** A count of all deployments is 15 s old at most; a loaded machine gets the rest. */
const COUNTED = { timeout: 60_000, interval: 500 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('monitor');
});
afterAll(() => folder?.remove());

cli.suite('a worker with deployments', () => {
  let cluster: Cluster;
  let url: string;
  let worker: SpawnedProcess;

  beforeAll(async () => {
    cluster = await startCluster({ persistent: true });
    worker = await spawnMonitored(
      folder.path,
      'cluster',
      '--address',
      cluster.server.address,
      '--local-url',
      cluster.localUrl,
    );
    url = await urlOf(worker);
    await worker.waitForLine(/"msg":"worker ready"/, 30_000);
  });
  afterAll(async () => {
    await worker?.stop();
    await cluster?.stop();
  });

  const metrics = async () => (await fetch(`${url}/metrics`)).text();

  it('is ready, and shows the SDK’s metrics beside its own', async () => {
    expect(await readiness(url)).toEqual({ code: 200, status: 'ready' });
    const page = await metrics();
    expect(sample(page, 'cutover_sdk_metrics_up')).toBe(1);
    expect(sample(page, 'cutover_worker_ready')).toBe(1);
    const slots = { task_queue: 'cutover-watch', worker_type: 'ActivityWorker' };
    expect(sample(page, 'temporal_worker_task_slots_available', slots)).toBe(5_000);
    expect(sample(page, 'cutover_slots', { queue: 'cutover', state: 'available' })).toBe(500);
    expect(sample(page, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('counts a deployment that succeeds', async () => {
    const shop = await cluster.shop('monitored');
    const deployment = await shop.start(shop.plan());
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    await shop.load.stop();
    const page = await metrics();
    expect(sample(page, 'cutover_deployments_started_total')).toBe(1);
    expect(sample(page, 'cutover_deployments_ended_total', { outcome: 'succeeded' })).toBe(1);
    expect(sample(page, 'cutover_deployments_ended_total', { outcome: 'rolled_back' })).toBe(0);
    for (const phase of ['provision', 'switch', 'decision_window', 'observation']) {
      expect(sample(page, 'cutover_phase_duration_seconds_count', { phase, state: 'passed' })).toBe(1);
    }
    expect(sample(page, 'cutover_phase_duration_seconds_sum', { phase: 'observation' })).toBeGreaterThanOrEqual(1);
    expect(sample(page, 'cutover_rollback_seconds_count')).toBeUndefined();
    // Two windows of a second each, judged every 500 ms; ticks of the guard come on top.
    expect(sample(page, 'cutover_watch_ticks_total', { result: 'judged' })).toBeGreaterThanOrEqual(3);
    expect(sample(page, 'cutover_watch_lag_seconds_count')).toBeGreaterThanOrEqual(3);
    expect(sample(page, 'cutover_watchers')).toBe(0);
    const shift = { role: 'router', kind: 'local', operation: 'shift', result: 'ok' };
    expect(sample(page, 'cutover_adapter_seconds_count', shift)).toBe(1);
    const deploy = { role: 'platform', kind: 'local', operation: 'deploy', result: 'ok' };
    expect(sample(page, 'cutover_adapter_seconds_count', deploy)).toBe(1);
    expect(sample(page, 'cutover_adapter_seconds_count', { role: 'metrics', operation: 'sample' })).toBeGreaterThan(1);
    await vi.waitFor(async () => {
      const closed = { phase: 'closed', outcome: 'succeeded' };
      expect(sample(await metrics(), 'cutover_deployments', closed)).toBe(1);
    }, COUNTED);
  });

  it('names the deployment and its phase in the log', async () => {
    const line = JSON.parse(await worker.waitForLine(/"msg":"Switched: /, 1_000));
    const service = 'monitored';
    expect(line).toMatchObject({ workflowId: `cutover/production/${service}`, service, phase: 'switch' });
  });

  it('shows an approval that nobody answers, and the rollback out of it', async () => {
    const shop = await cluster.shop('waiting');
    const { phases } = shop.plan();
    const trigger = [criterion('error_rate > 50')];
    const share = { duration_ms: 1_000, traffic_percentage: 20, success_criteria: [], rollback_triggers: trigger };
    const deployment = await shop.start(
      shop.plan({
        phases: { ...phases, performance_validation: share },
        approval: {
          ...{ required: 1, approvers: ['ana@example.com'], timeout_ms: 600_000 },
          ...{ on_timeout: 'rollback', starter_may_approve: false },
        },
      }),
    );
    await shop.until(({ phase }) => phase === 'approval', 'the approval');
    const openedMs = Date.now();
    await vi.waitFor(async () => {
      const page = await metrics();
      expect(sample(page, 'cutover_deployments', { phase: 'approval' })).toBe(1);
      expect(sample(page, 'cutover_oldest_unanswered_approval_seconds')).toBeGreaterThan(0);
    }, COUNTED);
    const page = await metrics();
    const elapsedSeconds = (Date.now() - openedMs) / 1_000;
    expect(sample(page, 'cutover_oldest_unanswered_approval_seconds')).toBeLessThan(elapsedSeconds + 5);
    // The guard watches while people think.
    expect(sample(page, 'cutover_watchers')).toBe(1);
    expect(sample(page, 'cutover_slots', { queue: 'cutover-watch', state: 'used' })).toBe(1);
    expect(sample(page, 'cutover_watch_coverage_ratio')).toBeGreaterThan(0);

    await deployment.rollback({ by: 'ana@example.com' });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    await shop.load.stop();
    const after = await metrics();
    const rollback = { from_phase: 'approval', automatic: 'false' };
    expect(sample(after, 'cutover_rollback_seconds_count', rollback)).toBe(1);
    expect(sample(after, 'cutover_deployments_ended_total', { outcome: 'rolled_back' })).toBe(1);
    expect(sample(after, 'cutover_phase_duration_seconds_count', { phase: 'approval' })).toBeUndefined();
  });

  it('is not ready while the server is gone, and alive all the same', async () => {
    process.kill(cluster.server.pid, 'SIGKILL');
    await vi.waitFor(async () => {
      expect(await readiness(url)).toMatchObject({ code: 503, reason: /^Temporal does not answer/ });
    }, 20_000);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(sample(await metrics(), 'cutover_worker_ready')).toBe(0);
    cluster.server = await cluster.server.restart();
    await vi.waitFor(async () => expect((await readiness(url)).code).toBe(200), 30_000);
  });

  it('ends with code 0, and its port with it', async () => {
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
