/**
 * What every figure shares, started once: the embedded Temporal server with its database on disk, the local program with
 * one live service, a worker in a process of its own, and the load generator.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { CutoverClient } from '../../src/client/cutover-client.ts';
import { LocalClient } from '../../src/local/client.ts';
import { startLocal } from '../../src/local/spawn.ts';
import { startTemporal } from '../../src/local/temporal/server.ts';
import { until } from './clock.ts';
import { type Load, startLoad } from './load.ts';
import { ACTIVE_VERSION, APP_COMMAND, REPLICAS, SERVICE } from './plans.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export interface Context {
  client: CutoverClient;
  /** For what the client does not tell: histories. */
  workflows: WorkflowClient;
  local: LocalClient;
  localUrl: string;
  /** Over the service's public port; paused between figures. */
  load: Load;
  /** Alive; a figure that kills one starts another before it ends. */
  workers: WorkerProcess[];
  startWorker(): Promise<WorkerProcess>;
  /** State and logs. */
  folder: string;
  progress(line: string): void;
  /** `keepFolder`: for whoever has to find out what went wrong. */
  stop(options: { keepFolder: boolean }): Promise<void>;
}

export async function startContext(progress: (line: string) => void): Promise<Context> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
  const cleanUps: (() => Promise<unknown>)[] = [];
  forgetOtherTemporal(folder);
  const stop = async ({ keepFolder }: { keepFolder: boolean }) => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    if (!keepFolder) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  endWhenAsked(() => stop({ keepFolder: false }));
  try {
    return { ...(await startAll(folder, progress, cleanUps)), folder, progress, stop };
  } catch (error) {
    await stop({ keepFolder: true });
    throw error;
  }
}

/** Ends what runs on SIGINT or SIGTERM, also while it is being started: two of the programs would outlive this one. */
function endWhenAsked(stop: () => Promise<void>): void {
  const end = (code: number) => void stop().finally(() => process.exit(code));
  process.once('SIGINT', () => end(130));
  process.once('SIGTERM', () => end(143));
}

/** TLS, keys and profiles of another Temporal must reach neither this process nor its workers. */
function forgetOtherTemporal(folder: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  process.env.TEMPORAL_CONFIG_FILE = join(folder, 'no-temporal.toml');
}

/** Whatever was started when this throws is in `cleanUps`. */
async function startAll(
  folder: string,
  progress: (line: string) => void,
  cleanUps: (() => Promise<unknown>)[],
): Promise<Omit<Context, 'folder' | 'progress' | 'stop'>> {
  progress('starting Temporal, the local program, a worker and the sample service …');
  const temporal = await startTemporal({
    dbFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    cliPath: process.env.CUTOVER_TEMPORAL_CLI,
    onProgress: progress,
  });
  cleanUps.push(() => temporal.stop());
  const program = await startLocal({ stateDir: join(folder, 'local'), logFile: join(folder, 'local.log') });
  cleanUps.push(() => program.stop());
  const local = new LocalClient({ url: program.url });
  const workers: WorkerProcess[] = [];
  cleanUps.push(() => Promise.all(workers.map((worker) => worker.stop())));
  const startWorker = async () => {
    const worker = await startWorkerProcess({ address: temporal.address, localUrl: program.url, folder });
    workers.push(worker);
    return worker;
  };
  await startWorker();
  const client = await CutoverClient.connect({ address: temporal.address, namespace: 'default' });
  cleanUps.push(() => client.close());
  const connection = await Connection.connect({ address: temporal.address });
  cleanUps.push(() => connection.close());
  const load = startLoad(await openService(local));
  cleanUps.push(() => load.stop());
  return {
    client,
    workflows: new WorkflowClient({ connection }),
    local,
    localUrl: program.url,
    load,
    workers,
    startWorker,
  };
}

/** All traffic on blue, ready. Returns the public address. */
async function openService(local: LocalClient): Promise<string> {
  await local.define(SERVICE, { command: APP_COMMAND, drain_timeout_ms: 5_000 });
  await local.deploy(SERVICE, 'blue', { version: ACTIVE_VERSION, replicas: REPLICAS });
  await until(async () => (await local.service(SERVICE)).colours.blue.ready === REPLICAS, 'the sample service');
  return (await local.service(SERVICE)).public_url;
}
