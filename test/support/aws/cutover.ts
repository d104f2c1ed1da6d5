/** Temporal, workers and a page of counters, for services that run on a stage's moto. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CutoverClient } from '../../../src/client/cutover-client.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { type SpawnedProcess, temporaryFolder } from '../processes.ts';
import { listen } from '../prometheus.ts';
import { type DevServer, spawnWorker, startDevServer } from '../temporal.ts';
import type { AwsStage } from './stage.ts';

/** What a load balancer or its clients see: requests follow the weights. */
export interface Counted {
  weights(): Promise<Weights>;
  /** Percent of a colour's requests that fail. */
  failing: Record<Colour, number>;
}

export interface Cutover {
  client: CutoverClient;
  server: DevServer;
  /** A worker that reaches moto through the proxy; ends with this at the latest. */
  worker(): Promise<SpawnedProcess>;
  /** Those that were started, the first one first. */
  workers(): readonly SpawnedProcess[];
  /** The `metrics` of a plan that read what happened to the service's requests just now. */
  count(service: string, counted: Counted): object;
  /** A run's whole history, as JSON. */
  history(workflowId: string): Promise<string>;
  /** What every worker has logged. */
  logs(): Promise<string[]>;
  stop(): Promise<void>;
}

const REQUESTS = 100;

export async function startCutover({ env }: AwsStage): Promise<Cutover> {
  const folder = await temporaryFolder('aws-deployments');
  const server = await startDevServer();
  const client = await CutoverClient.connect({ address: server.address });
  const workers: SpawnedProcess[] = [];
  const services = new Map<string, Counted>();
  const page = await listen((request, response) => {
    const [, service = '', colour = ''] = (request.url ?? '').split('/');
    const counted = services.get(service);
    if (counted === undefined || (colour !== 'blue' && colour !== 'green')) return void response.writeHead(404).end();
    counted.weights().then(
      (weights) => {
        const requests = weights[colour] > 0 ? REQUESTS : 0;
        const rates = { error_rate: requests === 0 ? 0 : counted.failing[colour], request_rate: requests };
        response.end(JSON.stringify({ requests, ...rates }));
      },
      () => response.destroy(),
    );
  });
  return {
    client,
    server,
    async worker() {
      const worker = await spawnWorker({
        address: server.address,
        localUrl: 'http://127.0.0.1:1',
        logFile: join(folder.path, `worker-${workers.length + 1}.log`),
        env: { ...env, CUTOVER_METRICS_ADDRESS: '127.0.0.1:0' },
      });
      workers.push(worker);
      return worker;
    },
    workers: () => workers,
    count(service, counted) {
      services.set(service, counted);
      const web = {
        url: `${page.url}/${service}/$colour`,
        queries: { error_rate: '$.error_rate', request_rate: '$.request_rate' },
        counts: { error_rate: '$.requests' },
      };
      return { web, window: '3s', min_observations: 5, no_data_limit: '60s' };
    },
    async history(workflowId) {
      const connection = await Connection.connect({ address: server.address });
      const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
      await connection.close();
      const decoded = (_: string, data: string) => `"data":${Buffer.from(data, 'base64').toString('utf8')}`;
      return JSON.stringify(history).replace(/"data":"([^"]+)"/g, decoded);
    },
    logs: () => Promise.all(workers.map((worker) => worker.log())),
    async stop() {
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => worker.exited));
      await client.close();
      await page.close();
      await server.stop();
      await folder.remove();
    },
  };
}

/** What every plan of these tests says, with every phase short. */
export const SHORT_PHASES = {
  service: 'checkout',
  environment: 'test',
  blue_green_switch: { validation_phases: { full_switch: { duration: '2s', rollback_triggers: ['error_rate > 5'] } } },
  switch: { strategy: 'instant', deadline: '60s', drain: '1s' },
  observation: { duration: '2s', rollback_triggers: ['error_rate > 5'] },
  lease: { duration: '0s' },
  keep_failed: '0s',
};
