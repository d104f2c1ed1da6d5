/** Many deployments at once on one worker and one control plane: whether each ends right, and what it asks of the API server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CutoverClient, type DeploymentHandle } from '../../../src/client/cutover-client.ts';
import type { Colour } from '../../../src/plan/types.ts';
import type { ControlPlane } from '../../../test/support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../../test/support/kubernetes/shop.ts';
import { type KubernetesStage, planText } from '../../../test/support/kubernetes/stage.ts';
import { eachOf } from '../fleet/stage.ts';
import { tidy } from '../statistics.ts';
import { type ClusterTraffic, startClusterTraffic } from './traffic.ts';

export interface Concurrent {
  deployments: number;
  /** That did not end as they should have: in another outcome, or with another selector, image or size. */
  wrong: number;
  /** The most that the worker made, over any ten seconds. */
  requests_per_second: number;
}

const AT_ONCE = 20;
/** Every tenth candidate fails, and must be rolled back. */
const FAILING = 10;
const SPAN_MS = 10_000;
const LIMIT_MS = 900_000;
const VERSION = '2.0.0';

interface Started {
  shop: KubernetesShop;
  handle: DeploymentHandle;
  fails: boolean;
}

export async function measureConcurrent(
  { plane, client }: KubernetesStage,
  size: number,
  progress: (line: string) => void,
): Promise<{ measured: Concurrent; details: object }> {
  progress(`opening ${size} shops …`);
  const shops: KubernetesShop[] = [];
  await eachOf([...Array(size).keys()], AT_ONCE, async () => {
    shops.push(await openShop(plane, { replicas: { blue: 1, green: 0 } }));
  });
  const traffic = await startClusterTraffic(plane, shops);
  try {
    progress(`${size} deployments at once …`);
    const fromMs = Date.now();
    const started: Started[] = [];
    await eachOf([...shops.entries()], AT_ONCE, async ([index, shop]) => {
      const fails = index % FAILING === FAILING - 1;
      if (fails) traffic.break(shop.namespace);
      started.push({ shop, fails, handle: await start(client, shop, traffic) });
    });
    const problems = await Promise.all(started.map((one) => problemOf(plane, one)));
    const tookMs = Date.now() - fromMs;
    const found = problems.filter((problem) => problem !== null);
    const requests_per_second = await mostPerSecond(plane, fromMs);
    const measured = { deployments: size, wrong: found.length, requests_per_second };
    return { measured, details: { took_s: tidy(tookMs / 1_000), problems: found } };
  } finally {
    await traffic.stop();
    await eachOf(shops, AT_ONCE, (shop) => shop.remove());
  }
}

function start(client: CutoverClient, shop: KubernetesShop, { url }: ClusterTraffic): Promise<DeploymentHandle> {
  const { namespace, service } = shop;
  const text = planText(
    { namespace, service, version: VERSION, url },
    {
      // With so many at once each waits for its turn.
      switch: { strategy: 'instant', deadline: '1m', drain: '1s' },
      observation: { duration: '30s', rollback_triggers: ['error_rate > 5'] },
    },
  );
  return client.start(CutoverClient.validate([{ name: 'plan.yaml', text }]), {
    startedBy: 'bench',
    requestId: namespace,
  });
}

interface Deployment {
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
}

/** What is not as it should be at the end of a deployment; null: nothing. */
async function problemOf(plane: ControlPlane, { shop, handle, fails }: Started): Promise<string | null> {
  const { namespace, service } = shop;
  const wanted = fails ? 'rolled_back, blue, 1 × 1.0.0, 0 × 2.0.0' : 'succeeded, green, 0 × 1.0.0, 1 × 2.0.0';
  const deployment = async (colour: Colour) => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${service}-${colour}`;
    const { spec } = await plane.api<Deployment>('GET', path);
    return `${spec.replicas} × ${spec.template.spec.containers[0]?.image.split(':').at(-1)}`;
  };
  try {
    const { outcome, reason } = await inTime(handle.result());
    const path = `/api/v1/namespaces/${namespace}/services/${service}`;
    const { spec } = await plane.api<{ spec: { selector: { colour: string } } }>('GET', path);
    const found = [outcome, spec.selector.colour, await deployment('blue'), await deployment('green')].join(', ');
    return found === wanted ? null : `${namespace}: ${found}; ${reason}`;
  } catch (error) {
    return `${namespace}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it has not ended')), LIMIT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** From the API server's audit log, which holds the worker's requests alone. */
async function mostPerSecond(plane: ControlPlane, fromMs: number): Promise<number> {
  const lines = (await readFile(join(plane.folder, 'audit.log'), 'utf8')).split('\n');
  const times = lines
    .filter((line) => line !== '')
    .map((line) => Date.parse((JSON.parse(line) as { requestReceivedTimestamp: string }).requestReceivedTimestamp))
    .filter((atMs) => atMs >= fromMs)
    .sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [index, atMs] of times.entries()) {
    while (atMs - (times[first] ?? atMs) > SPAN_MS) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return tidy((1_000 * most) / SPAN_MS);
}
