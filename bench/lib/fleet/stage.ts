/** Many deployments at once: a Temporal server, one worker and the fleet, apart from what the other figures use. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CutoverClient, type ValidatedPlan } from '../../../src/client/cutover-client.ts';
import { CutoverError } from '../../../src/errors.ts';
import { freePorts } from '../../../src/local/temporal/free-port.ts';
import { startTemporal } from '../../../src/local/temporal/server.ts';
import type { Context } from '../context.ts';
import { planFrom } from '../plans.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts';
import { type Fleet, startFleet } from './fleet.ts';

export interface FleetStage {
  client: CutoverClient;
  /** For what the client does not do. */
  temporal: Client;
  fleet: Fleet;
  worker: WorkerProcess;
  /** The worker's metrics. */
  metricsUrl: string;
  stop(): Promise<void>;
}

const STARTED_AGAIN = 10;
let stages = 0;

export async function startFleetStage({ folder, progress }: Context): Promise<FleetStage> {
  stages += 1;
  const cleanUps: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    // In memory: the worker is what is measured, and the commits of one file would bound how fast the fleet begins.
    const server = await startTemporal({
      logFile: join(folder, `fleet-temporal-${stages}.log`),
      cliPath: process.env.CUTOVER_TEMPORAL_CLI,
      onProgress: progress,
    });
    cleanUps.push(() => server.stop());
    const fleet = await startFleet();
    cleanUps.push(() => fleet.stop());
    const [metricsPort = 0] = await freePorts(1);
    const { address } = server;
    const worker = await startWorkerProcess({ address, localUrl: fleet.url, folder, metricsPort });
    cleanUps.push(() => worker.kill());
    const client = await CutoverClient.connect({ address, namespace: 'default' });
    cleanUps.push(() => client.close());
    const connection = await Connection.connect({ address });
    cleanUps.push(() => connection.close());
    const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    return { client, temporal: new Client({ connection }), fleet, worker, metricsUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Switches at once, and is then observed every second for much longer than any figure takes. */
export function fleetPlan(service: string, provider: object = { scrape: {} }): ValidatedPlan {
  return planFrom({
    service,
    environment: 'bench',
    version: '2.0.0',
    platform: 'local',
    metrics: { ...provider, resolution: '1s', window: '10s' },
    blue_green_switch: {
      validation_phases: {
        full_switch: { duration: '1s', rollback_triggers: ['error_rate > 5', 'p99_latency > 250ms'] },
      },
    },
    switch: { strategy: 'instant', drain: '0s' },
    observation: { duration: '4h' },
    lease: { duration: '0s' },
    keep_failed: '0s',
  });
}

/**
 * A server under this load may not answer in time; the same request starts once, so it is sent again. Returns how often
 * it was.
 */
export async function startInFleet({ client }: FleetStage, service: string, provider?: object): Promise<number> {
  const plan = fleetPlan(service, provider);
  for (let again = 0; ; again += 1) {
    try {
      await client.start(plan, { startedBy: 'bench', requestId: service });
      return again;
    } catch (error) {
      const isLate = error instanceof CutoverError && error.code === 'CUTOVER_TEMPORAL_UNREACHABLE';
      if (!isLate || again === STARTED_AGAIN) throw error;
    }
  }
}

/** Runs `work` on all items, `atOnce` at a time. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const next = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}
