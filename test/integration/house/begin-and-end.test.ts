import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { MutationActivities, WatchActivities } from '../../../src/activities/types.ts';
import { CutoverClient } from '../../../src/client/cutover-client.ts';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { writeBundle } from '../../../src/worker/bundle.ts';
import { startMonitor } from '../../../src/worker/monitor.ts';
import { startWorker } from '../../../src/worker/run.ts';
import { TASK_QUEUE } from '../../../src/workflows/api.ts';
import { requirePart } from '../../support/parts.ts';
import { testPlan } from '../../support/plans.ts';
import { freePort } from '../../support/ports.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { startDevServer } from '../../support/temporal.ts';
import { readiness, sample, spawnMonitored, urlOf } from './monitored-worker.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));
const ADDRESS = { host: '127.0.0.1', port: 0, isDefault: false };
const QUIET = { info: () => undefined, warn: () => undefined };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('monitor');
});
afterAll(() => folder?.remove());

cli.suite('a worker that ends', () => {
  it('is not ready from then on, and serves its metrics to the last', async () => {
    const server = await startDevServer();
    const bundlePath = join(folder.path, 'tiny-bundle.js');
    await writeBundle(join(packageRoot(), 'test/support/tiny-workflow.ts'), bundlePath);
    let isMutating = false;
    const mutations: Partial<MutationActivities> & { checkPlan(): Promise<string[]> } = {
      async checkPlan() {
        isMutating = true;
        await sleep(2_000);
        return ['done'];
      },
    };
    const activities = {
      mutations: mutations as MutationActivities & typeof mutations,
      watch: { notify: async () => undefined } as Partial<WatchActivities> as WatchActivities,
    };
    const monitor = await startMonitor({ address: ADDRESS, sdkPort: () => null, log: QUIET });
    const worker = await startWorker({
      ...{ address: server.address, localUrl: 'http://127.0.0.1:1', bundlePath },
      ...{ activities, meters: monitor.meters },
    });
    monitor.attach(worker);
    await vi.waitFor(async () => expect((await readiness(monitor.url)).code).toBe(200), 20_000);
    const connection = await Connection.connect({ address: server.address });
    const handle = await new Client({ connection }).workflow.start('mutate', {
      ...{ workflowId: 'ending', taskQueue: TASK_QUEUE },
    });
    await vi.waitFor(() => expect(isMutating).toBe(true), 20_000);

    monitor.ending();
    const ended = worker.shutdown();
    expect(await readiness(monitor.url)).toMatchObject({ code: 503, reason: 'the worker is ending' });
    const page = await (await fetch(`${monitor.url}/metrics`)).text();
    expect(sample(page, 'cutover_slots', { queue: 'cutover', state: 'used' })).toBe(1);
    expect(sample(page, 'cutover_worker_ready')).toBe(0);
    expect(sample(page, 'cutover_sdk_metrics_up')).toBe(0);
    await ended;
    expect((await readiness(monitor.url)).code).toBe(503);
    await monitor.close();
    await expect(fetch(`${monitor.url}/healthz`)).rejects.toThrow();
    await handle.terminate();
    await connection.close();
    await server.stop();
  });
});

cli.suite('a worker that is asked twice to end', () => {
  it('is not ready after the first signal, and gone after the second', async () => {
    const server = await startDevServer();
    // A local program that never answers: the claim of the router keeps the worker from ending for 6 s.
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const args = ['--address', server.address, '--local-url', `http://127.0.0.1:${port}`];
    const worker = await spawnMonitored(folder.path, 'twice', ...args);
    const url = await urlOf(worker);
    await worker.waitForLine(/"msg":"worker ready"/, 30_000);
    const client = await CutoverClient.connect({ address: server.address });
    await client.start(testPlan(), { startedBy: 'dora@example.com' });
    const slots = async () => sample(await (await fetch(`${url}/metrics`)).text(), 'cutover_slots', { state: 'used' });
    await vi.waitFor(async () => expect(await slots()).toBe(1), 20_000);

    worker.kill('SIGTERM');
    await worker.waitForLine(/"msg":"worker ending"/, 10_000);
    expect(await readiness(url)).toMatchObject({ code: 503, reason: 'the worker is ending' });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(143);
    silent.closeAllConnections();
    silent.close();
    await client.close();
    await server.stop();
  });
});

it('a worker that waits for its server says so', async () => {
  const worker = await spawnMonitored(folder.path, 'waiting', '--address', `127.0.0.1:${await freePort()}`);
  const url = await urlOf(worker);
  expect(await readiness(url)).toMatchObject({ code: 503, reason: 'the worker has not connected to Temporal yet' });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(sample(await (await fetch(`${url}/metrics`)).text(), 'cutover_deployments')).toBeUndefined();
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
});

it('a worker whose port is taken ends with code 2', async () => {
  const other = await startMonitor({ address: ADDRESS, sdkPort: () => null, log: QUIET });
  const worker = await spawnMonitored(folder.path, 'taken', '--metrics-address', new URL(other.url).host);
  expect(await worker.exited).toBe(2);
  expect(await worker.log()).toMatch(/^CUTOVER_PORT_TAKEN: .*EADDRINUSE\nChoose another port/m);
  await other.close();
});

it('a worker without a port serves nothing', async () => {
  const worker = await spawnMonitored(
    folder.path,
    'off',
    '--metrics-address',
    'off',
    '--address',
    `127.0.0.1:${await freePort()}`,
  );
  await worker.waitForLine(/Temporal does not answer/, 30_000);
  expect(await worker.log()).not.toContain('are served');
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
});
