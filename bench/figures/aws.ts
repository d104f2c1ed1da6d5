/** ECS behind a load balancer, on moto behind the proxy of the tests: what a deployment asks of AWS, and what it survives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeListenersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Client, Connection } from '@temporalio/client';
import { type AwsDeployments, type AwsShop, openAwsDeployments } from '../../test/support/aws/deployments.ts';
import { cleanRun, everyCase, runCases } from '../../test/support/aws/matrix.ts';
import { until } from '../../test/support/kubernetes/stage.ts';
import { epochMs } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { acceptedMs } from '../lib/history.ts';
import { spread, tidy } from '../lib/statistics.ts';

const SAMPLES = 15;
const AT_ONCE = 16;
const OBSERVED_MS = 60_000;
const HOUR_MS = 3_600_000;
const OBSERVED = { observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] } };

export const aws: Figure = {
  name: 'aws',
  title: 'rollback accepted → the weights are read back; every call of a deployment × every fault',
  unit: 'ms',
  goal: [{ stat: 'lost', at_most: 0 }],
  limitMs: 2_400_000,
  run: async ({ progress }: Context) => {
    const deployments = await openAwsDeployments();
    try {
      await deployments.worker();
      return await measure(deployments, progress);
    } finally {
      await deployments.stop();
    }
  },
};

async function measure(deployments: AwsDeployments, progress: (line: string) => void): Promise<Measured> {
  const clean = await cleanRun(deployments);
  const calls = [...clean.values()].reduce((sum, count) => sum + count, 0);
  progress('rollbacks …');
  const floor = await bareWrites(deployments);
  const rollbacks = await rollBack(deployments);
  progress('a minute of observation …');
  const hourly = await observe(deployments);
  const cases = everyCase(clean);
  const verdicts = await runCases(deployments, cases, AT_ONCE, progress);
  const lost = verdicts.filter(({ problem }) => problem !== null);
  const [rolledBack, bare] = [spread(rollbacks), spread(floor)];
  const counts = { calls_per_deployment: calls, calls_per_observed_hour: hourly };
  const matrix = { runs: verdicts.length, survived: verdicts.length - lost.length };
  return {
    report: { floor_ms: bare, rollback_ms: rolledBack, ...counts, matrix },
    stats: { rollback_p50: rolledBack.p50, rollback_p99: rolledBack.p99, ...counts, ...matrix, lost: lost.length },
    units: {
      calls_per_deployment: 'calls',
      calls_per_observed_hour: 'calls',
      runs: 'deployments',
      survived: 'deployments',
      lost: 'deployments',
    },
    floor: { rollback_p50: bare.p50, rollback_p99: bare.p99 },
    floor_is: 'the bare ModifyListener, and DescribeListeners after it',
    details: {
      samples: SAMPLES,
      rollbacks: rollbacks.map(tidy),
      floor: floor.map(tidy),
      calls: Object.fromEntries(clean),
      lost,
    },
  };
}

async function bareWrites(deployments: AwsDeployments): Promise<number[]> {
  const { stage } = deployments;
  const { balancer } = await deployments.shop();
  // Through the proxy, as the worker's.
  const elb = new ElasticLoadBalancingV2Client({ ...stage.direct, endpoint: stage.proxy.url });
  const samples: number[] = [];
  for (let index = 0; index < 2 * SAMPLES; index += 1) {
    const sentMs = epochMs();
    await balancer.putWeights(balancer.listener, index % 2 === 0 ? { blue: 0, green: 100 } : { blue: 100, green: 0 });
    await elb.send(new DescribeListenersCommand({ ListenerArns: [balancer.listener] }));
    samples.push(epochMs() - sentMs);
  }
  elb.destroy();
  return samples;
}

async function rollBack(deployments: AwsDeployments): Promise<number[]> {
  const connection = await Connection.connect({ address: deployments.server.address });
  const temporal = new Client({ connection });
  const samples: number[] = [];
  for (let index = 0; index < SAMPLES; index += 1) {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0', OBSERVED);
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    const readBack = nextReadBack(deployments, shop);
    await handle.rollback({ by: 'ana@example.com', reason: 'bench' });
    const readMs = await readBack;
    const { events } = await temporal.workflow.getHandle(handle.workflow_id).fetchHistory();
    samples.push(readMs - acceptedMs(events ?? []));
    await handle.result();
    shop.ecs.close();
  }
  await connection.close();
  return samples;
}

/** When the listener was described for the first time after its next write. */
function nextReadBack({ stage }: AwsDeployments, shop: AwsShop): Promise<number> {
  return new Promise((resolve) => {
    let isWritten = false;
    const fits = (action: string) => (call: Parameters<AwsShop['owns']>[0]) =>
      shop.owns(call) && call.action === action && (action === 'ModifyListener' || isWritten);
    stage.proxy.intercept(fits('ModifyListener'), async (pass) => {
      const answer = await pass();
      isWritten = true;
      return answer;
    });
    stage.proxy.intercept(fits('DescribeListeners'), async (pass) => {
      const answer = await pass();
      resolve(epochMs());
      return answer;
    });
  });
}

async function observe(deployments: AwsDeployments): Promise<number> {
  const { proxy } = deployments.stage;
  const shop = await deployments.shop();
  const handle = await shop.start('2.0.0', OBSERVED);
  await until(handle, ({ phase }) => phase === 'observation', 'the observation');
  const from = proxy.calls.length;
  await sleep(OBSERVED_MS);
  const observed = proxy.calls.slice(from).filter(shop.owns).length;
  await handle.rollback({ by: 'ana@example.com', reason: 'bench' });
  await handle.result();
  return Math.round((observed * HOUR_MS) / OBSERVED_MS);
}
