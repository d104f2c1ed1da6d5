/** Two ECS services of a shop, one per colour, in a cluster of their own. */
import { randomUUID } from 'node:crypto';
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  RegisterScalableTargetCommand,
  type SuspendedState,
} from '@aws-sdk/client-application-auto-scaling';
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs';
import { createEcsPlatform, type EcsPlatformOptions } from '../../../src/adapters/platforms/ecs.ts';
import type { Platform } from '../../../src/adapters/types.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { type AwsStage, REGION } from './stage.ts';

export const IMAGE = 'registry.example.com/shop/checkout';
const OF_SERVICES = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const;

export interface EcsShopOptions {
  /** Null: an image without a tag. */
  tags?: Partial<Record<Colour, string | null>>;
  desired?: Partial<Record<Colour, number>>;
  definition?: (colour: Colour) => Partial<RegisterTaskDefinitionCommandInput>;
  service?: (colour: Colour) => Partial<CreateServiceCommandInput>;
  /** What CreateService of moto does not keep. */
  settings?: (colour: Colour) => Partial<UpdateServiceCommandInput>;
}

export type EcsShop = Awaited<ReturnType<typeof openEcsShop>>;

export async function openEcsShop(stage: AwsStage, options: EcsShopOptions = {}) {
  const ecs = new ECSClient(stage.direct);
  const autoscaling = new ApplicationAutoScalingClient(stage.direct);
  const cluster = `shop-${randomUUID().slice(0, 8)}`;
  const names = { blue: 'checkout-blue', green: 'checkout-green' };
  const familyOf = (colour: Colour) => `${cluster}-${names[colour]}`;
  const networkConfiguration = { awsvpcConfiguration: await networkOf(stage) };
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));

  async function create(colour: Colour): Promise<void> {
    const tag = options.tags?.[colour] === undefined ? '1.0.0' : options.tags[colour];
    const { taskDefinition } = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: familyOf(colour),
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        cpu: '256',
        memory: '512',
        executionRoleArn: 'arn:aws:iam::123456789012:role/shop-execution',
        tags: [{ key: 'team', value: 'shop' }],
        containerDefinitions: [
          {
            name: 'app',
            image: tag === null ? IMAGE : `${IMAGE}:${tag}`,
            portMappings: [{ containerPort: 8080, protocol: 'tcp' }],
            environment: [{ name: 'LOG_LEVEL', value: 'info' }],
            secrets: [{ name: 'DATABASE', valueFrom: `arn:aws:ssm:${REGION}:123456789012:parameter/shop/database` }],
          },
        ],
        ...options.definition?.(colour),
      }),
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster,
        serviceName: names[colour],
        taskDefinition: taskDefinition?.taskDefinitionArn,
        desiredCount: options.desired?.[colour] ?? 1,
        launchType: 'FARGATE',
        networkConfiguration,
        loadBalancers: [
          {
            targetGroupArn: `arn:aws:elasticloadbalancing:${REGION}:123456789012:targetgroup/tg-${colour}/${colour === 'blue' ? 1 : 2}`,
            containerName: 'app',
            containerPort: 8080,
          },
        ],
        ...options.service?.(colour),
      }),
    );
    const settings = options.settings?.(colour);
    if (settings !== undefined) await update(colour, settings);
  }

  async function update(colour: Colour, changes: Partial<UpdateServiceCommandInput>): Promise<void> {
    await ecs.send(new UpdateServiceCommand({ cluster, service: names[colour], ...changes }));
  }

  await create('blue');
  await create('green');
  return {
    cluster,
    names,
    ecs,
    autoscaling,
    familyOf,
    /** As somebody else would. */
    update,
    platform(changes: Partial<EcsPlatformOptions> = {}): Platform {
      const rest = { container: null, image: null, port: null };
      return createEcsPlatform({ region: REGION, cluster, names, ...rest, ...changes });
    },
    async service(colour: Colour) {
      const input = { cluster, services: [names[colour]], include: ['TAGS' as const] };
      const { services } = await ecs.send(new DescribeServicesCommand(input));
      return services?.[0] ?? {};
    },
    /** What the service is to run. */
    async definition(colour: Colour) {
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [names[colour]] }));
      const taskDefinition = services?.[0]?.taskDefinition;
      return ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }));
    },
    async revisions(colour: Colour): Promise<number> {
      const { taskDefinitionArns = [] } = await ecs.send(
        new ListTaskDefinitionsCommand({ familyPrefix: familyOf(colour) }),
      );
      return taskDefinitionArns.length;
    },
    async scalable(colour: Colour, MinCapacity: number, MaxCapacity: number): Promise<void> {
      const ResourceId = `service/${cluster}/${names[colour]}`;
      await autoscaling.send(
        new RegisterScalableTargetCommand({ ...OF_SERVICES, ResourceId, MinCapacity, MaxCapacity }),
      );
    },
    async suspend(colour: Colour, SuspendedState: SuspendedState): Promise<void> {
      const ResourceId = `service/${cluster}/${names[colour]}`;
      await autoscaling.send(new RegisterScalableTargetCommand({ ...OF_SERVICES, ResourceId, SuspendedState }));
    },
    async suspended(colour: Colour): Promise<SuspendedState | undefined> {
      const ResourceIds = [`service/${cluster}/${names[colour]}`];
      const input = { ...OF_SERVICES, ResourceIds };
      const { ScalableTargets } = await autoscaling.send(new DescribeScalableTargetsCommand(input));
      return ScalableTargets?.[0]?.SuspendedState;
    },
    /** Lower and upper bound, and what is kept of the lower one. */
    async bounds(
      colour: Colour,
    ): Promise<{ min: number | undefined; max: number | undefined; kept: string | undefined }> {
      const ResourceIds = [`service/${cluster}/${names[colour]}`];
      const { ScalableTargets } = await autoscaling.send(
        new DescribeScalableTargetsCommand({ ...OF_SERVICES, ResourceIds }),
      );
      const { tags = [] } = await this.service(colour);
      const [target] = ScalableTargets ?? [];
      const kept = tags.find(({ key }) => key === 'cutover:min-capacity')?.value;
      return { min: target?.MinCapacity, max: target?.MaxCapacity, kept };
    },
    close(): void {
      ecs.destroy();
      autoscaling.destroy();
    },
  };
}

async function networkOf(stage: AwsStage) {
  const ec2 = new EC2Client(stage.direct);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  ec2.destroy();
  return { subnets: [Subnets[0]?.SubnetId ?? ''], securityGroups: [SecurityGroups[0]?.GroupId ?? ''] };
}
