/**
 * The whole of Cutover on AWS: Temporal, a worker, and shops of two ECS services behind a load balancer, on a moto with what it
 * makes too easy put right.
 */
import { CutoverClient, type DeploymentHandle } from '../../../src/client/cutover-client.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { type Cutover, SHORT_PHASES, startCutover } from './cutover.ts';
import { type EcsRunner, startEcsRunner } from './ecs-runner.ts';
import { type EcsShop, openEcsShop } from './ecs-shop.ts';
import type { AwsCall } from './fault-proxy.ts';
import { type LoadBalancer, openLoadBalancer } from './load-balancer.ts';
import { type AwsStage, openAwsStage, REGION } from './stage.ts';

export interface AwsDeployments extends Cutover {
  stage: AwsStage;
  runner: EcsRunner;
  shop(): Promise<AwsShop>;
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

export async function openAwsDeployments(): Promise<AwsDeployments> {
  const stage = await openAwsStage();
  const runner = startEcsRunner(stage, { startMs: 200 });
  const cutover = await startCutover(stage);
  return {
    ...cutover,
    stage,
    runner,
    shop: () => openShop(stage, cutover),
    async stop() {
      await cutover.stop();
      runner.stop();
      await stage.stop();
    },
  };
}

async function openShop(stage: AwsStage, { client, count }: Cutover): Promise<AwsShop> {
  const ecs = await openEcsShop(stage, { desired: { blue: SIZE, green: 0 } });
  const balancer = await openLoadBalancer(stage, { targets: { blue: SIZE, green: SIZE } });
  const name = balancer.arn.split('/')[2] ?? '';
  const marks = [ecs.cluster, `/${name}/`, `/${name}-`];
  const failing = { blue: 0, green: 0 };

  async function weights(): Promise<Weights> {
    const [action] = await balancer.actionsOf(balancer.listener);
    const groups = action?.ForwardConfig?.TargetGroups ?? [];
    const of = (colour: Colour) =>
      groups.find(({ TargetGroupArn }) => TargetGroupArn === balancer.groups[colour])?.Weight ?? 0;
    const total = of('blue') + of('green');
    return { blue: (100 * of('blue')) / total, green: (100 * of('green')) / total };
  }

  const plan = {
    ...SHORT_PHASES,
    target: ecs.cluster,
    platform: { ecs: { region: REGION, cluster: ecs.cluster, services: ecs.names } },
    router: { alb: { listener: balancer.listener, target_groups: balancer.groups } },
    metrics: count(ecs.cluster, { weights, failing }),
  };
  return {
    ecs,
    balancer,
    failing,
    owns({ body }) {
      const plain = decodeURIComponent(body);
      return marks.some((mark) => plain.includes(mark));
    },
    weights,
    desired: async (colour) => (await ecs.service(colour)).desiredCount ?? 0,
    async image(colour) {
      const { taskDefinition } = await ecs.definition(colour);
      return taskDefinition?.containerDefinitions?.[0]?.image ?? '';
    },
    async start(version, changes = {}) {
      const text = JSON.stringify({ ...plan, version, ...changes });
      return client.start(CutoverClient.validate([{ name: 'plan.yaml', text }]), { startedBy: 'dora@example.com' });
    },
  };
}
