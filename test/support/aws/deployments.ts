/**
 * The whole of Cutover on AWS: Temporal, a worker, and shops of two ECS services behind a load balancer, on a moto with what it
 * makes too easy put right. A page stands for what the load balancer counts: its requests follow the weights.
 */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CutoverClient, type DeploymentHandle } from '../../../src/client/cutover-client.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { type SpawnedProcess, temporaryFolder } from '../processes.ts';
import { type Listening, listen } from '../prometheus.ts';
import { type DevServer, spawnWorker, startDevServer } from '../temporal.ts';
import { type EcsRunner, startEcsRunner } from './ecs-runner.ts';
import { type EcsShop, openEcsShop } from './ecs-shop.ts';
import type { AwsCall } from './fault-proxy.ts';
import { type LoadBalancer, openLoadBalancer } from './load-balancer.ts';
import { type AwsStage, openAwsStage, REGION } from './stage.ts';

export interface AwsDeployments {
  stage: AwsStage;
  runner: EcsRunner;
  client: CutoverClient;
  server: DevServer;
  /** A worker that reaches moto through the proxy; ends with the stage at the latest. */
  worker(): Promise<SpawnedProcess>;
  /** Those that were started, the first one first. */
  workers(): readonly SpawnedProcess[];
  shop(): Promise<AwsShop>;
  /** A run's whole history, as JSON. */
  history(workflowId: string): Promise<string>;
  /** What every worker has logged. */
  logs(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface AwsShop {
  ecs: EcsShop;
  balancer: LoadBalancer;
  /** Percent of a colour's requests that fail from now on. */
  failing: Record<Colour, number>;
  /** Whether a call is about this shop. */
  owns(call: AwsCall): boolean;
  /** As AWS has them, in percent. */
  weights(): Promise<Weights>;
  desired(colour: Colour): Promise<number>;
  image(colour: Colour): Promise<string>;
  /** Short phases; `changes` over the plan as written. */
  start(version: string, changes?: object): Promise<DeploymentHandle>;
}

const SIZE = 2;
const REQUESTS = 100;

export async function openAwsDeployments(): Promise<AwsDeployments> {
  const stage = await openAwsStage();
  const runner = startEcsRunner(stage, { startMs: 200 });
  const folder = await temporaryFolder('aws-deployments');
  const server = await startDevServer();
  const client = await CutoverClient.connect({ address: server.address });
  const workers: SpawnedProcess[] = [];
  const shops = new Map<string, AwsShop>();
  const page = await servePage(shops);
  return {
    stage,
    runner,
    client,
    server,
    async worker() {
      const worker = await spawnWorker({
        address: server.address,
        localUrl: 'http://127.0.0.1:1',
        logFile: join(folder.path, `worker-${workers.length + 1}.log`),
        env: { ...stage.env, CUTOVER_METRICS_ADDRESS: '127.0.0.1:0' },
      });
      workers.push(worker);
      return worker;
    },
    workers: () => workers,
    async shop() {
      const shop = await openShop(stage, client, page.url);
      shops.set(shop.ecs.cluster, shop);
      return shop;
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
      runner.stop();
      await stage.stop();
      await folder.remove();
    },
  };
}

/** `/CLUSTER/COLOUR`: what happened to that colour's requests just now. */
function servePage(shops: ReadonlyMap<string, AwsShop>): Promise<Listening> {
  return listen((request, response) => {
    const [, cluster = '', colour = ''] = (request.url ?? '').split('/');
    const shop = shops.get(cluster);
    if (shop === undefined || (colour !== 'blue' && colour !== 'green')) return void response.writeHead(404).end();
    shop.weights().then(
      (weights) => {
        const requests = weights[colour] > 0 ? REQUESTS : 0;
        const rates = { error_rate: requests === 0 ? 0 : shop.failing[colour], request_rate: requests };
        response.end(JSON.stringify({ requests, ...rates }));
      },
      () => response.destroy(),
    );
  });
}

async function openShop(stage: AwsStage, client: CutoverClient, pageUrl: string): Promise<AwsShop> {
  const ecs = await openEcsShop(stage, { desired: { blue: SIZE, green: 0 } });
  const balancer = await openLoadBalancer(stage, { targets: { blue: SIZE, green: SIZE } });
  const name = balancer.arn.split('/')[2] ?? '';
  const marks = [ecs.cluster, `/${name}/`, `/${name}-`];
  return {
    ecs,
    balancer,
    failing: { blue: 0, green: 0 },
    owns({ body }) {
      const plain = decodeURIComponent(body);
      return marks.some((mark) => plain.includes(mark));
    },
    async weights() {
      const [action] = await balancer.actionsOf(balancer.listener);
      const groups = action?.ForwardConfig?.TargetGroups ?? [];
      const of = (colour: Colour) =>
        groups.find(({ TargetGroupArn }) => TargetGroupArn === balancer.groups[colour])?.Weight ?? 0;
      const total = of('blue') + of('green');
      return { blue: (100 * of('blue')) / total, green: (100 * of('green')) / total };
    },
    desired: async (colour) => (await ecs.service(colour)).desiredCount ?? 0,
    async image(colour) {
      const { taskDefinition } = await ecs.definition(colour);
      return taskDefinition?.containerDefinitions?.[0]?.image ?? '';
    },
    async start(version, changes = {}) {
      const text = planText({ ecs, balancer, pageUrl, version }, changes);
      return client.start(CutoverClient.validate([{ name: 'plan.yaml', text }]), { startedBy: 'dora@example.com' });
    },
  };
}

interface Written {
  ecs: EcsShop;
  balancer: LoadBalancer;
  pageUrl: string;
  version: string;
}

/** As a person would write it, with every phase short. */
function planText({ ecs, balancer, pageUrl, version }: Written, changes: object): string {
  return JSON.stringify({
    service: 'checkout',
    environment: 'test',
    target: ecs.cluster,
    version,
    platform: { ecs: { region: REGION, cluster: ecs.cluster, services: ecs.names } },
    router: { alb: { listener: balancer.listener, target_groups: balancer.groups } },
    metrics: {
      web: {
        url: `${pageUrl}/${ecs.cluster}/$colour`,
        queries: { error_rate: '$.error_rate', request_rate: '$.request_rate' },
        counts: { error_rate: '$.requests' },
      },
      window: '3s',
      min_observations: 5,
      no_data_limit: '60s',
    },
    blue_green_switch: {
      validation_phases: { full_switch: { duration: '2s', rollback_triggers: ['error_rate > 5'] } },
    },
    switch: { strategy: 'instant', deadline: '60s', drain: '1s' },
    observation: { duration: '2s', rollback_triggers: ['error_rate > 5'] },
    lease: { duration: '0s' },
    keep_failed: '0s',
    ...changes,
  });
}
