/** Switch and rollback on a real control plane, by the selector of a Service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DEFAULT_REQUESTS_PER_SECOND } from '../../src/plan/schema/platforms.ts';
import {
  type KubernetesStage,
  openKubernetesStage,
  type StagedShop,
  until,
} from '../../test/support/kubernetes/stage.ts';
import { epochMs } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import { watchEndpoints } from '../lib/endpoints.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { acceptedMs } from '../lib/history.ts';
import { measureConcurrent } from '../lib/kubernetes/concurrent.ts';
import { percentile, spread, tidy } from '../lib/statistics.ts';

const SAMPLES = 15;
/** Until the watches of what came before have ended, which is when the server counts them. */
const SETTLE_MS = 65_000;
const OBSERVED_MS = 60_000;
const HOUR_MS = 3_600_000;
const REPLICAS = 2;
const APPROVER = 'ana@example.com';
/** Deployments at once; CUTOVER_BENCH_CLUSTER names another number, for a machine that does not carry as many. */
const CONCURRENT = Number(process.env.CUTOVER_BENCH_CLUSTER ?? '200');
/** The default of a plan, and a fifth of it for the burst within ten seconds. */
const MOST_PER_SECOND = 1.2 * DEFAULT_REQUESTS_PER_SECOND;

export const kubernetes: Figure = {
  name: 'kubernetes',
  title: 'command accepted → EndpointSlices hold exactly the wanted ready pods',
  unit: 'ms',
  goal: [
    { stat: 'switch_p50', below: 40 },
    { stat: 'switch_p99', below: 500 },
    { stat: 'rollback_p50', below: 50 },
    { stat: 'rollback_p99', below: 500 },
    { stat: 'requests_per_deployment', below: 60 },
    { stat: 'requests_per_observed_hour', below: 20 },
    { stat: 'concurrent_wrong', at_most: 0 },
    { stat: 'concurrent_requests_per_second', at_most: MOST_PER_SECOND },
  ],
  limitMs: 2_400_000,
  run: async ({ progress }: Context) => {
    const stage = await openKubernetesStage();
    try {
      await stage.worker();
      return await measure(stage, progress);
    } finally {
      await stage.stop();
    }
  },
};

async function measure(stage: KubernetesStage, progress: (line: string) => void): Promise<Measured> {
  const connection = await Connection.connect({ address: stage.server.address });
  const temporal = new Client({ connection });
  try {
    const floor = await bareWrites(stage);
    const switches: number[] = [];
    const rollbacks: number[] = [];
    for (let index = 0; index < SAMPLES; index += 1) {
      if (index % 5 === 0) progress(`deployment ${index + 1} of ${SAMPLES} …`);
      const { switchMs, rollbackMs } = await sample(stage, temporal);
      switches.push(switchMs);
      rollbacks.push(rollbackMs);
    }
    progress('requests of a deployment and of its observation …');
    const requests = await countRequests(stage);
    const { measured: concurrent, details: ofConcurrent } = await measureConcurrent(stage, CONCURRENT, progress);
    const [switched, rolledBack] = [spread(switches), spread(rollbacks)];
    const floorMs = tidy(percentile(floor, 50));
    const floorP99 = spread(floor).p99;
    return {
      report: { floor_ms: floorMs, switch_ms: switched, rollback_ms: rolledBack, ...requests, concurrent },
      stats: {
        switch_p50: switched.p50,
        switch_p99: switched.p99,
        rollback_p50: rolledBack.p50,
        rollback_p99: rolledBack.p99,
        ...requests,
        concurrent_wrong: concurrent.wrong,
        concurrent_requests_per_second: concurrent.requests_per_second,
      },
      units: {
        requests_per_deployment: 'requests',
        requests_per_observed_hour: 'requests',
        concurrent_wrong: `of ${concurrent.deployments} deployments`,
        concurrent_requests_per_second: 'requests/s',
      },
      floor: { switch_p50: floorMs, switch_p99: floorP99, rollback_p50: floorMs, rollback_p99: floorP99 },
      floor_is: 'the bare patch of the selector',
      details: {
        samples: SAMPLES,
        switches: switches.map(tidy),
        rollbacks: rollbacks.map(tidy),
        floor: floor.map(tidy),
        concurrent: ofConcurrent,
      },
    };
  } finally {
    await connection.close();
  }
}

/** Milliseconds from a bare patch of the selector to the EndpointSlices. */
async function bareWrites(stage: KubernetesStage): Promise<number[]> {
  const shop = await stage.shop({ replicas: { blue: REPLICAS, green: REPLICAS } });
  const samples: number[] = [];
  const watch = await watchEndpoints(stage.plane, shop.namespace);
  const pods = { blue: await podsOf(stage, shop, 'blue'), green: await podsOf(stage, shop, 'green') };
  for (let index = 0; index < 2 * SAMPLES; index += 1) {
    const colour = index % 2 === 0 ? 'green' : 'blue';
    const sentMs = epochMs();
    const path = `/api/v1/namespaces/${shop.namespace}/services/${shop.service}`;
    await stage.plane.api('PATCH', path, { spec: { selector: { colour } } }, 'application/merge-patch+json');
    samples.push((await watch.heldAt(pods[colour], sentMs)) - sentMs);
    await sleep(200);
  }
  watch.close();
  await shop.remove();
  return samples;
}

async function sample(stage: KubernetesStage, temporal: Client): Promise<{ switchMs: number; rollbackMs: number }> {
  const shop = await stage.shop({ replicas: { blue: REPLICAS, green: 0 } });
  const handle = await shop.start('2.0.0', {
    approval: { required: 1, approvers: [APPROVER] },
    observation: { duration: '1h' },
  });
  await until(handle, ({ phase }) => phase === 'approval', 'the approval');
  const watch = await watchEndpoints(stage.plane, shop.namespace);
  const pods = { blue: await podsOf(stage, shop, 'blue'), green: await podsOf(stage, shop, 'green') };
  const accepted = async () => {
    const { events } = await temporal.workflow.getHandle(handle.workflow_id).fetchHistory();
    return acceptedMs(events ?? []);
  };
  try {
    const sentMs = epochMs();
    await handle.approve({ by: APPROVER });
    const switchedMs = await watch.heldAt(pods.green, sentMs);
    const approvedMs = await accepted();
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    const askedMs = epochMs();
    await handle.rollback({ by: APPROVER, reason: 'bench' });
    const restoredMs = await watch.heldAt(pods.blue, askedMs);
    const rollbackMs = restoredMs - (await accepted());
    await handle.result();
    return { switchMs: switchedMs - approvedMs, rollbackMs };
  } finally {
    watch.close();
    await shop.remove();
  }
}

/** What one deployment asks of the API server in all, and what its observation adds in an hour. */
async function countRequests({ plane, shop: open }: KubernetesStage) {
  const shop = await open({ replicas: { blue: REPLICAS, green: 0 } });
  await sleep(SETTLE_MS);
  const before = await plane.requests();
  const handle = await shop.start('2.0.0');
  await handle.result();
  await sleep(SETTLE_MS);
  const whole = (await plane.requests()) - before;
  const other = await shop.start('3.0.0', { observation: { duration: '1h' } });
  await until(other, ({ phase }) => phase === 'observation', 'the observation');
  await sleep(SETTLE_MS);
  const from = await plane.requests();
  await sleep(OBSERVED_MS);
  const observed = (await plane.requests()) - from;
  await other.rollback({ by: APPROVER, reason: 'bench' });
  await other.result();
  await shop.remove();
  return {
    requests_per_deployment: whole,
    requests_per_observed_hour: Math.round((observed * HOUR_MS) / OBSERVED_MS),
  };
}

async function podsOf({ plane }: KubernetesStage, shop: StagedShop, colour: string): Promise<Set<string>> {
  interface Pods {
    items: { metadata: { uid: string }; status?: { conditions?: { type: string; status: string }[] } }[];
  }
  const path = `/api/v1/namespaces/${shop.namespace}/pods?labelSelector=colour%3D${colour}`;
  for (;;) {
    const { items } = await plane.api<Pods>('GET', path);
    const ready = items.filter(({ status }) =>
      status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
    );
    if (ready.length === REPLICAS) return new Set(ready.map(({ metadata }) => metadata.uid));
    await sleep(50);
  }
}
