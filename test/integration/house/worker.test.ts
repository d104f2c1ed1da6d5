import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { MutationActivities, WatchActivities } from '../../../src/activities/types.ts';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { writeBundle } from '../../../src/worker/bundle.ts';
import { type RunningWorker, startWorker } from '../../../src/worker/run.ts';
import { TASK_QUEUE } from '../../../src/workflows/api.ts';
import { requirePart } from '../../support/parts.ts';
import { freePort } from '../../support/ports.ts';
import { spawnProcess, temporaryFolder } from '../../support/processes.ts';
import { type DevServer, spawnWorker, startDevServer } from '../../support/temporal.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));
const WORKER = join(packageRoot(), 'dist/src/worker/main.js');
const LOCAL_URL = 'http://127.0.0.1:1';

/** A watcher that heartbeats a rising count, and remembers over attempts where it was. */
async function watchWindow(): Promise<void> {
  const context = Context.current();
  for (let count = Number(context.info.heartbeatDetails ?? 0); ; count++) {
    context.heartbeat(count);
    await context.sleep(50);
  }
}

const activities = {
  mutations: { checkPlan: async () => ['done'] } as Partial<MutationActivities> as MutationActivities,
  watch: { watchWindow } as Partial<Record<keyof WatchActivities, unknown>> as unknown as WatchActivities,
};

cli.suite('one worker process', () => {
  let server: DevServer;
  let connection: Connection;
  let client: Client;
  let bundlePath: string;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder('worker');
    server = await startDevServer();
    connection = await Connection.connect({ address: server.address });
    client = new Client({ connection });
    bundlePath = join(folder.path, 'tiny-bundle.js');
    await writeBundle(join(packageRoot(), 'test/support/tiny-workflow.ts'), bundlePath);
  });

  afterAll(async () => {
    await connection?.close();
    await server?.stop();
    await folder?.remove();
  });

  function start(watchSlots: number): Promise<RunningWorker> {
    return startWorker({ address: server.address, localUrl: LOCAL_URL, bundlePath, watchSlots, activities });
  }

  async function pendingWatcher(handle: WorkflowHandle) {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.[0];
  }

  async function heartbeatCount(handle: WorkflowHandle): Promise<number> {
    const data = (await pendingWatcher(handle))?.heartbeatDetails?.payloads?.[0]?.data;
    return data == null ? -1 : Number(Buffer.from(data).toString());
  }

  it('starts mutations while every watch slot is taken', async () => {
    const worker = await start(2);
    const watchers = await Promise.all(
      [1, 2, 3, 4].map((n) => client.workflow.start('watch', { workflowId: `full-${n}`, taskQueue: TASK_QUEUE })),
    );
    await vi.waitFor(async () => {
      const started = await Promise.all(
        watchers.map(async (watcher) => (await pendingWatcher(watcher))?.lastStartedTime),
      );
      expect(started.filter((time) => time != null)).toHaveLength(2);
    }, 20_000);
    const answer = await client.workflow.execute('mutate', { workflowId: 'full', taskQueue: TASK_QUEUE });
    expect(answer).toEqual(['done']);
    const started = await Promise.all(
      watchers.map(async (watcher) => (await pendingWatcher(watcher))?.lastStartedTime),
    );
    expect(started.filter((time) => time != null)).toHaveLength(2);
    await Promise.all(watchers.map((watcher) => watcher.terminate()));
    await worker.shutdown();
    await expect(worker.done).resolves.toBeUndefined();
  });

  it('lets the server know a watcher’s heartbeat details far more often than its timeout', async () => {
    const worker = await start(10);
    const handle = await client.workflow.start('watch', { workflowId: 'live', taskQueue: TASK_QUEUE });
    await vi.waitFor(async () => expect(await heartbeatCount(handle)).toBeGreaterThanOrEqual(0), 20_000);
    const seen = new Set<number>();
    const limit = Date.now() + 20_000;
    // At 80 % of the heartbeat timeout, the default, four values would take 12 s; a loaded machine gets the rest.
    while (seen.size < 4 && Date.now() < limit) {
      seen.add(await heartbeatCount(handle));
      await sleep(100);
    }
    expect(seen.size).toBe(4);
    await handle.terminate();
    await worker.shutdown();
  });

  it('hands a watcher over with its state when it is asked to end', async () => {
    const first = await start(10);
    const handle = await client.workflow.start('watch', { workflowId: 'handover', taskQueue: TASK_QUEUE });
    await vi.waitFor(async () => expect(await heartbeatCount(handle)).toBeGreaterThan(20), 30_000);
    const before = await heartbeatCount(handle);
    await first.shutdown();
    const second = await start(10);
    await vi.waitFor(async () => expect(await heartbeatCount(handle)).toBeGreaterThan(before), 30_000);
    expect((await pendingWatcher(handle))?.attempt).toBeGreaterThan(1);
    await handle.terminate();
    await second.shutdown();
  });

  it('says that Temporal does not answer', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const failure = startWorker({ address, localUrl: LOCAL_URL, bundlePath, activities });
    await expect(failure).rejects.toMatchObject({ code: 'CUTOVER_TEMPORAL_UNREACHABLE' });
  });

  it('ends with code 0 on SIGTERM, as the built program with the built workflow code', async () => {
    const worker = await spawnWorker({
      address: server.address,
      localUrl: LOCAL_URL,
      logFile: join(folder.path, 'worker.log'),
    });
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    expect(await worker.log()).toContain('worker ended');
  });

  it('is healthy for its container while it polls, and not before', async () => {
    const program = join(packageRoot(), 'dist/src/worker/health.js');
    const health = async (address: string) => {
      const env = { TEMPORAL_ADDRESS: address };
      const logFile = join(folder.path, 'health.log');
      return (await spawnProcess({ command: process.execPath, args: [program], logFile, env })).exited;
    };
    expect(await health(`127.0.0.1:${await freePort()}`)).toBe(1);
    const worker = await spawnWorker({
      address: server.address,
      localUrl: LOCAL_URL,
      logFile: join(folder.path, 'healthy.log'),
    });
    await vi.waitFor(async () => expect(await health(server.address)).toBe(0), { timeout: 30_000, interval: 500 });
    await worker.stop();
  });

  it('waits for a server that is not there yet, and can be ended meanwhile', async () => {
    const args = [WORKER, '--address', `127.0.0.1:${await freePort()}`];
    const logFile = join(folder.path, 'patient.log');
    const worker = await spawnProcess({ command: process.execPath, args, logFile });
    await worker.waitForLine(/Temporal does not answer/, 30_000);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  });

  it('refuses a flag it does not know with code 2', async () => {
    const logFile = join(folder.path, 'usage.log');
    const worker = await spawnProcess({ command: process.execPath, args: [WORKER, '--nonsense'], logFile });
    expect(await worker.exited).toBe(2);
    expect(await worker.log()).toMatch(/^CUTOVER_USAGE: .*--nonsense/);
  });
});
