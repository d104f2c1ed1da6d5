/**
 * The whole of Cutover on a real control plane: Temporal, a worker, a real Prometheus, and a page of counters that stand for
 * the traffic, since pods without containers answer nothing: they grow on whichever colour the Service selects.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverClient, type DeploymentHandle, type LiveStatus } from '../../../src/client/cutover-client.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { patiently } from '../patiently.ts';
import { type SpawnedProcess, temporaryFolder } from '../processes.ts';
import { type Listening, listen, type Prometheus, startPrometheus } from '../prometheus.ts';
import { type DevServer, spawnWorker, startDevServer } from '../temporal.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { type KubernetesShop, openShop, type ShopOptions } from './shop.ts';

const COLOURS = ['blue', 'green'] as const;
const PER_LOOK = 5;
const LOOK_MS = 50;

export interface KubernetesStage {
  plane: ControlPlane;
  client: CutoverClient;
  server: DevServer;
  /** A worker with the kubeconfig; ends with the stage at the latest. */
  worker(kubeconfig?: string): Promise<SpawnedProcess>;
  shop(options?: ShopOptions): Promise<StagedShop>;
  /** As `kubectl set image` does. */
  setImage(shop: KubernetesShop, colour: Colour, tag: string): Promise<void>;
  stop(): Promise<void>;
}

export interface StagedShop extends KubernetesShop {
  /** Percent of a colour's requests that fail from now on. */
  failing: Record<Colour, number>;
  selected(): Promise<string>;
  replicas(colour: Colour): Promise<number>;
  image(colour: Colour): Promise<string>;
  /** Short phases; `changes` over the plan as written. */
  start(version: string, changes?: object): Promise<DeploymentHandle>;
}

export async function openKubernetesStage(): Promise<KubernetesStage> {
  const plane = await openControlPlane();
  const folder = await temporaryFolder('kubernetes-stage');
  const server = await startDevServer();
  const client = await CutoverClient.connect({ address: server.address });
  const workers: SpawnedProcess[] = [];
  const traffic: Traffic[] = [];
  const page = await listen((_, response) => response.end(traffic.map((one) => one.page()).join('')));
  const prometheus = await startPrometheus({ jobs: { traffic: [page.host] } });
  return {
    plane,
    client,
    server,
    async worker(kubeconfig = plane.countedKubeconfig) {
      const worker = await spawnWorker({
        address: server.address,
        localUrl: 'http://127.0.0.1:1',
        logFile: join(folder.path, `worker-${workers.length + 1}.log`),
        env: { KUBECONFIG: kubeconfig, CUTOVER_METRICS_ADDRESS: '127.0.0.1:0' },
      });
      workers.push(worker);
      return worker;
    },
    async shop(options) {
      const shop = await openShop(plane, options);
      const one = startTraffic(plane, shop);
      traffic.push(one);
      return stagedShop({ plane, client, prometheus }, shop, one);
    },
    async setImage({ namespace, service }, colour, tag) {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-${colour}?fieldManager=kubectl-set`;
      const containers = [{ name: 'app', image: `registry.example.com/${service}:${tag}` }];
      const patch = { spec: { template: { spec: { containers } } } };
      await plane.api('PATCH', path, patch, 'application/strategic-merge-patch+json');
    },
    async stop() {
      for (const one of traffic) one.stop();
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => worker.exited));
      await client.close();
      await stopAll(prometheus, page, server, plane);
      await folder.remove();
    },
  };
}

async function stopAll(prometheus: Prometheus, page: Listening, server: DevServer, plane: ControlPlane): Promise<void> {
  await prometheus.stop();
  await page.close();
  await server.stop();
  await plane.stop();
}

interface Traffic {
  failing: Record<Colour, number>;
  page(): string;
  stop(): void;
}

function startTraffic(plane: ControlPlane, { namespace, service }: KubernetesShop): Traffic {
  const failing = { blue: 0, green: 0 };
  const counts = { blue: { good: 0, bad: 0 }, green: { good: 0, bad: 0 } };
  let stopped = false;
  let serving: Colour | null = null;
  const follow = async () => {
    while (!stopped) {
      // Pods go on serving while no API server answers.
      serving = await selectedColour(plane, namespace, service).catch(() => serving);
      await sleep(LOOK_MS);
    }
  };
  const serve = async () => {
    while (!stopped) {
      if (serving !== null) {
        const bad = (PER_LOOK * failing[serving]) / 100;
        counts[serving].bad += bad;
        counts[serving].good += PER_LOOK - bad;
      }
      await sleep(LOOK_MS);
    }
  };
  void follow();
  void serve();
  const line = (colour: Colour, status: number, value: number) =>
    `http_request_duration_seconds_count{service="${service}",namespace="${namespace}",colour="${colour}",status_code="${status}"} ${value}\n`;
  return {
    failing,
    page: () =>
      COLOURS.map((colour) => line(colour, 200, counts[colour].good) + line(colour, 500, counts[colour].bad)).join(''),
    stop() {
      stopped = true;
    },
  };
}

async function selectedColour(plane: ControlPlane, namespace: string, service: string): Promise<Colour | null> {
  const { spec } = await plane.api<{ spec: { selector: { colour?: string } } }>(
    'GET',
    `/api/v1/namespaces/${namespace}/services/${service}`,
  );
  return spec.selector.colour === 'blue' || spec.selector.colour === 'green' ? spec.selector.colour : null;
}

interface DeploymentObject {
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
}

function stagedShop(
  { plane, client, prometheus }: { plane: ControlPlane; client: CutoverClient; prometheus: Prometheus },
  shop: KubernetesShop,
  traffic: Traffic,
): StagedShop {
  const { namespace, service } = shop;
  const deployment = (colour: Colour) =>
    plane.api<DeploymentObject>('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-${colour}`);
  return {
    ...shop,
    failing: traffic.failing,
    selected: async () => (await selectedColour(plane, namespace, service)) ?? 'none',
    replicas: async (colour) => (await deployment(colour)).spec.replicas,
    image: async (colour) => (await deployment(colour)).spec.template.spec.containers[0]?.image ?? '',
    async start(version, changes = {}) {
      const text = planText({ namespace, service, version, url: prometheus.url }, changes);
      return client.start(CutoverClient.validate([{ name: 'plan.yaml', text }]), { startedBy: 'dora@example.com' });
    },
  };
}

/** As a person would write it, with every phase short. */
export function planText(
  { namespace, service, version, url }: { namespace: string; service: string; version: string; url: string },
  changes: object,
): string {
  return JSON.stringify({
    service,
    environment: 'test',
    target: namespace,
    version,
    platform: { kubernetes: { namespace } },
    router: { service_selector: { service } },
    metrics: {
      prometheus: { url, where: `namespace="${namespace}"` },
      window: '5s',
      min_observations: 5,
      no_data_limit: '20s',
    },
    blue_green_switch: {
      validation_phases: { full_switch: { duration: '2s', rollback_triggers: ['error_rate > 5'] } },
    },
    switch: { strategy: 'instant', deadline: '10s', drain: '1s' },
    observation: { duration: '5s', rollback_triggers: ['error_rate > 5'] },
    lease: { duration: '0s' },
    keep_failed: '0s',
    ...changes,
  });
}

/** Waits for a status that fits. */
export async function until(
  handle: DeploymentHandle,
  fits: (status: LiveStatus) => boolean,
  what: string,
  limitMs = 60_000,
): Promise<LiveStatus> {
  let seen: LiveStatus | null = null;
  const look = async () => {
    seen = await handle.status();
    return fits(seen);
  };
  await patiently(look, () => `${what}; ${JSON.stringify(seen)}`, limitMs);
  return handle.status();
}
