/**
 * The whole of Cutover as separate processes: a Temporal server, the local program with a service under constant load,
 * and workers to be killed. Its oracle is what the instances and the router themselves have written down.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection, WorkflowClient } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { expect } from 'vitest';
import type { Fence } from '../../src/adapters/types.ts';
import { CutoverClient, type DeploymentHandle, type LiveStatus } from '../../src/client/cutover-client.ts';
import type { ServiceView } from '../../src/local/api.ts';
import { LocalClient } from '../../src/local/client.ts';
import { type LocalProgram, startLocal } from '../../src/local/spawn.ts';
import type { Plan, Weights } from '../../src/plan/types.ts';
import { type DeploymentStatus, deploymentWorkflowId } from '../../src/workflows/api.ts';
import { type ActivityRecord, activitiesOf } from './activity-history.ts';
import { type Answer, type Load, startLoad } from './load.ts';
import { patiently } from './patiently.ts';
import { criterion, testPlan } from './plans.ts';
import { type SpawnedProcess, temporaryFolder } from './processes.ts';
import { type DevServer, spawnWorker, startDevServer } from './temporal.ts';

const APP = [process.execPath, fileURLToPath(new URL('./apps/strict-app.mjs', import.meta.url))];
const REQUESTS_PER_SECOND = 150;

/** One change of the weights, as the router logged it when it was on disk and in effect. */
export interface RouterWrite {
  weights: Weights;
  /** Null: foreign. */
  fence: Fence | null;
  revision: string;
}

export interface Shop {
  service: string;
  publicUrl: string;
  load: Load;
  view(): Promise<ServiceView>;
  /** The deployment's fenced writes and foreign ones, in order, claims left out. */
  writes(): RouterWrite[];
  /** Every phase short, 2 instances; `changes` over it. */
  plan(changes?: Partial<Plan>): Plan;
  start(plan: Plan): Promise<DeploymentHandle>;
  /** Waits for a status that fits. */
  until(fits: (status: LiveStatus) => boolean, what: string, limitMs?: number): Promise<LiveStatus>;
  history(): Promise<temporal.api.history.v1.IHistory>;
  activities(): Promise<ActivityRecord[]>;
  /**
   * Ends the load and accounts for each request: answered 200 by an instance that was ready and has it in its own log.
   * Returns those that were not, which only `excused` may hold: spans in which the router itself was not there.
   */
  settle(excused?: { fromMs: number; toMs: number }[]): Promise<Answer[]>;
}

export interface Cluster {
  client: CutoverClient;
  local: LocalClient;
  localUrl: string;
  /** Running server; replaced by `restartServer`. */
  server: DevServer;
  /** Ready to poll; ends with the cluster at the latest. */
  worker(options?: { localUrl?: string; watchSlots?: number }): Promise<SpawnedProcess>;
  shop(service: string, options?: { perSecond?: number }): Promise<Shop>;
  /** Kills every worker that is left. */
  killWorkers(): Promise<void>;
  /** SIGKILL; returns when the program is gone. */
  killLocal(): Promise<void>;
  /** Another one on the same state and port, ready when this returns. */
  startLocal(): Promise<void>;
  /** Kills the server and starts another on the same database. */
  restartServer(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(options: { persistent?: boolean } = {}): Promise<Cluster> {
  const folder = await temporaryFolder('cluster');
  const stateDir = join(folder.path, 'local');
  const localLog = join(folder.path, 'local.log');
  const server = await startDevServer(options);
  let program: LocalProgram = await startLocal({ stateDir, logFile: localLog });
  const port = Number(new URL(program.url).port);
  const workers: SpawnedProcess[] = [];
  const shops: Shop[] = [];
  const cluster: Cluster = {
    server,
    client: await CutoverClient.connect({ address: server.address }),
    local: new LocalClient({ url: program.url }),
    localUrl: program.url,
    async worker({ localUrl = cluster.localUrl, watchSlots } = {}) {
      const worker = await spawnWorker({
        address: cluster.server.address,
        localUrl,
        logFile: join(folder.path, `worker-${workers.length + 1}.log`),
        ...(watchSlots === undefined ? {} : { watchSlots }),
      });
      workers.push(worker);
      return worker;
    },
    async shop(service, { perSecond = REQUESTS_PER_SECOND } = {}) {
      const shop = await openShop(cluster, service, perSecond, { stateDir, localLog });
      shops.push(shop);
      return shop;
    },
    async killWorkers() {
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => worker.exited));
    },
    async killLocal() {
      process.kill(program.pid, 'SIGKILL');
      await program.stop();
    },
    async startLocal() {
      program = await startLocal({ port, stateDir, logFile: localLog });
    },
    async restartServer() {
      process.kill(cluster.server.pid, 'SIGKILL');
      cluster.server = await cluster.server.restart();
    },
    async stop() {
      await Promise.all(shops.map((shop) => shop.load.stop()));
      await cluster.killWorkers();
      await cluster.client.close();
      for (const { service } of shops) await cluster.local.remove(service, true).catch(() => undefined);
      await program.stop();
      await cluster.server.stop();
      await folder.remove();
    },
  };
  return cluster;
}

async function openShop(
  cluster: Cluster,
  service: string,
  perSecond: number,
  files: { stateDir: string; localLog: string },
): Promise<Shop> {
  const { local } = cluster;
  await local.define(service, { command: APP, drain_timeout_ms: 5_000 });
  await local.deploy(service, 'blue', { version: '1.0.0', replicas: 2 });
  await patiently(async () => (await local.service(service)).colours.blue.ready === 2, 'version 1.0.0 to be ready');
  const { public_url: publicUrl } = await local.service(service);
  const load = startLoad(publicUrl, perSecond);
  const id = deploymentWorkflowId({ environment: 'production', service, target: null });
  let handle: DeploymentHandle | null = null;
  async function history(): Promise<temporal.api.history.v1.IHistory> {
    const connection = await Connection.connect({ address: cluster.server.address });
    try {
      return await new WorkflowClient({ connection }).getHandle(id).fetchHistory();
    } finally {
      await connection.close();
    }
  }
  return {
    service,
    publicUrl,
    load,
    view: () => local.service(service),
    writes: () => readWrites(files.localLog, service),
    plan: (changes = {}) => quickPlan({ ...changes, service }),
    async start(plan) {
      handle = await cluster.client.start(plan, { startedBy: 'dora@example.com' });
      return handle;
    },
    async until(fits, what, limitMs = 60_000) {
      let seen: LiveStatus | null = null;
      const look = async () => {
        seen = (await handle?.status()) ?? null;
        return seen !== null && fits(seen);
      };
      await patiently(look, () => `${what}; it is ${shownStatus(seen)}`, limitMs);
      if (seen === null) throw new Error('no status was read');
      return seen;
    },
    history,
    activities: async () => activitiesOf(await history()),
    async settle(excused = []) {
      const answers = await load.stop();
      return account(answers, readRequests(join(files.stateDir, 'logs', service)), excused);
    },
  };
}

/** Two instances, no approval, an instant switch, one second per window and no lease. */
function quickPlan(changes: Partial<Plan>): Plan {
  const plan = testPlan();
  const triggers = [criterion('error_rate > 5')];
  return {
    ...plan,
    metrics: { ...plan.metrics, resolution_ms: 500, window_ms: 2_000, min_observations: 5, settle_ms: 500 },
    phases: {
      warmup: null,
      health_check: null,
      performance_validation: null,
      decision_window: {
        duration_ms: 1_000,
        traffic_percentage: 100,
        success_criteria: [],
        rollback_triggers: triggers,
      },
    },
    approval: null,
    switch: { ...plan.switch, deadline_ms: 30_000, drain_ms: 2_000 },
    observation: { duration_ms: 1_000, rollback_triggers: triggers },
    lease: { duration_ms: 0, shrink_to_percent: null },
    keep_failed_ms: 0,
    provision_timeout_ms: 60_000,
    ...changes,
  };
}

function readWrites(localLog: string, service: string): RouterWrite[] {
  return lines(localLog)
    .filter((line) => line.msg === 'weights written' && line.service === service)
    .map(({ weights, fence, revision }) => ({ weights, fence, revision }) as RouterWrite)
    .filter(({ fence }) => fence === null || fence.step > 0);
}

/** What the instances say of the requests they got: id → for each time, whether the instance was ready. */
function readRequests(folder: string): Map<string, boolean[]> {
  const seen = new Map<string, boolean[]>();
  for (const name of readdirSync(folder)) {
    for (const { id, ready } of lines(join(folder, name))) {
      if (typeof id === 'string') seen.set(id, [...(seen.get(id) ?? []), ready === true]);
    }
  }
  return seen;
}

function account(
  answers: readonly Answer[],
  served: Map<string, boolean[]>,
  excused: { fromMs: number; toMs: number }[],
): Answer[] {
  const unready = [...served].filter(([, ready]) => ready.includes(false)).map(([id]) => id);
  expect(unready, 'requests that reached an instance that was not ready').toEqual([]);
  expect(answers.length).toBeGreaterThan(50);
  const bad = answers.filter((answer) => answer.status !== 200 || !served.has(answer.id));
  const isExcused = ({ startedMs, endedMs }: Answer) =>
    excused.some(({ fromMs, toMs }) => startedMs <= toMs && endedMs !== null && endedMs >= fromMs);
  expect(
    bad.filter((answer) => !isExcused(answer)),
    'requests that were lost',
  ).toEqual([]);
  return bad;
}

function lines(file: string): Record<string, unknown>[] {
  const parse = (line: string) => {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      // Output of a program that is no JSON, or a last line that is being written.
      return {};
    }
  };
  return readFileSync(file, 'utf8').split('\n').map(parse);
}

function shownStatus(status: DeploymentStatus | null): string {
  if (status === null) return 'not answering';
  const notes = status.phases
    .filter(({ state }) => state !== 'pending')
    .map(({ name, state, note }) => `${name} ${state} ${note ?? ''}`);
  return `in ${status.phase}, ${status.reason ?? ''} ${status.attention.join('; ')} (${notes.join(', ')})`;
}
