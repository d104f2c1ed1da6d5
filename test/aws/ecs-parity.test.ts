import { PutScalingPolicyCommand } from '@aws-sdk/client-application-auto-scaling';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Colour } from '../../src/plan/types.ts';
import { type EcsShop, type EcsShopOptions, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const SECRET = 'hunter2';

moto.suite('parity of the colours of an ECS service', () => {
  const stage = moto.missing === null ? moto.value() : (null as never as AwsStage);
  const shops: EcsShop[] = [];
  afterEach(() => {
    stage.proxy.calm();
    for (const shop of shops.splice(0)) shop.close();
  });
  afterAll(() => stage?.stop());

  const open = async (options: EcsShopOptions = {}) => {
    const shop = await openEcsShop(stage, options);
    shops.push(shop);
    return shop;
  };
  const compare = (shop: EcsShop, container: string | null = null) =>
    shop.platform({ container }).compare('blue', AbortSignal.timeout(10_000));
  const green =
    <T extends object>(changes: T) =>
    (colour: Colour) =>
      colour === 'green' ? changes : {};
  const app = (changes: object) => ({
    containerDefinitions: [{ name: 'app', image: `${IMAGE}:1.0.0`, memory: 128, ...changes }],
  });

  it('finds none but version, size and the colours’ own names, and changes nothing', async () => {
    const shop = await open({ tags: { green: '2.0.0' }, desired: { blue: 3, green: 0 } });
    const from = stage.proxy.calls.length;
    expect(await compare(shop)).toEqual([]);
    const asked = new Set(stage.proxy.calls.slice(from).map(({ action }) => action));
    expect([...asked].sort()).toEqual(['DescribeScalableTargets', 'DescribeServices', 'DescribeTaskDefinition']);
  });

  it('has nothing to compare with where nothing was ever deployed', async () => {
    expect(await compare(await open({ tags: { blue: null } }))).toBeNull();
  });

  it('obeys an aborted signal', async () => {
    const platform = (await open()).platform();
    await expect(platform.compare('blue', AbortSignal.abort())).rejects.toThrow();
  });

  describe('tells of', () => {
    const common = (colour: Colour, changes: object) => ({ ...app({}), ...green(changes)(colour) });
    it.each<[string, object, string]>([
      ['memory', { memory: '1024' }, 'taskDefinition.memory'],
      ['another role', { taskRoleArn: 'arn:aws:iam::123456789012:role/other' }, 'taskDefinition.taskRoleArn'],
      ['a tag', { tags: [{ key: 'tier', value: 'gold' }] }, 'taskDefinition.tags.tier'],
      ['a command', app({ command: ['serve', '--fast'] }), 'containers.app.command.1'],
      ['a variable, without its value', app({ environment: [{ name: 'API_KEY', value: SECRET }] }), 'API_KEY'],
      [
        'where a secret is kept',
        app({ secrets: [{ name: 'TOKEN', valueFrom: 'arn:aws:ssm:eu-west-1:123456789012:parameter/token' }] }),
        'containers.app.secrets.TOKEN',
      ],
    ])('%s', async (_title, changes, path) => {
      const shop = await open({ definition: (colour) => common(colour, changes) });
      const differences = await compare(shop);
      expect(differences?.map((one) => one.path)).toContainEqual(expect.stringContaining(path));
      expect(JSON.stringify(differences)).not.toContain(SECRET);
    });

    it('an image that is not the version', async () => {
      const definition = (colour: Colour) => ({
        containerDefinitions: [
          { name: 'app', image: `${IMAGE}:${colour}`, memory: 128 },
          { name: 'envoy', image: `envoy:${colour === 'blue' ? '1.30' : '1.31'}`, memory: 128 },
        ],
      });
      const path = 'containers.envoy.image';
      expect(await compare(await open({ definition }), 'app')).toEqual([
        { path, active: 'envoy:1.30', standby: 'envoy:1.31' },
      ]);
    });

    it.each<[string, object, string]>([
      ['a platform version', { platformVersion: '1.3.0' }, 'service.platformVersion'],
      ['a grace period', { healthCheckGracePeriodSeconds: 60 }, 'service.healthCheckGracePeriodSeconds'],
      [
        'a deployment configuration',
        { deploymentConfiguration: { maximumPercent: 150 } },
        'service.deploymentConfiguration.maximumPercent',
      ],
      [
        'capacity providers',
        { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] },
        'service.capacityProviderStrategy.0.capacityProvider',
      ],
      [
        'the port behind the load balancer, and not the target group',
        { loadBalancers: [{ targetGroupArn: 'arn:other', containerName: 'app', containerPort: 9090 }] },
        'service.loadBalancers.0.containerPort',
      ],
    ])('%s', async (_title, settings, path) => {
      const paths = (await compare(await open({ settings: green(settings) })))?.map((one) => one.path) ?? [];
      expect(paths).toContain(path);
      expect(paths.filter((one) => !one.startsWith(path.split('.').slice(0, 2).join('.')))).toEqual([]);
    });

    it('scaling that only one has, its policies and its upper bound, and not of its lower one', async () => {
      const shop = await open();
      await shop.scalable('blue', 2, 9);
      expect((await compare(shop))?.map(({ path }) => path)).toContain('scaling.maxCapacity');
      await shop.scalable('green', 1, 9);
      expect(await compare(shop)).toEqual([]);
      const policy = (colour: Colour, TargetValue: number) =>
        shop.autoscaling.send(
          new PutScalingPolicyCommand({
            PolicyName: 'requests',
            PolicyType: 'TargetTrackingScaling',
            ServiceNamespace: 'ecs',
            ScalableDimension: 'ecs:service:DesiredCount',
            ResourceId: `service/${shop.cluster}/${shop.names[colour]}`,
            TargetTrackingScalingPolicyConfiguration: {
              TargetValue,
              PredefinedMetricSpecification: {
                PredefinedMetricType: 'ALBRequestCountPerTarget',
                ResourceLabel: `app/shop/1/targetgroup/tg/${colour === 'blue' ? 1 : 2}`,
              },
            },
          }),
        );
      await policy('blue', 100);
      await policy('green', 100);
      expect(await compare(shop)).toEqual([]);
      await policy('green', 50);
      const path = 'scaling.policies.requests.tracking.TargetValue';
      expect(await compare(shop)).toEqual([{ path, active: '100', standby: '50' }]);
    });

    it('a policy on the second page', async () => {
      const shop = await open();
      await shop.scalable('blue', 1, 9);
      await shop.scalable('green', 1, 9);
      const page = (policies: object[], NextToken?: string) => ({
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify({ ScalingPolicies: policies, NextToken }),
      });
      const isOfGreen = ({ action, body }: { action: string; body: string }) =>
        isAction('DescribeScalingPolicies')({ action } as never) && body.includes('checkout-green');
      const steps = { PolicyName: 'steps', PolicyType: 'StepScaling' };
      stage.proxy.intercept(isOfGreen, async () => page([], 'more'));
      stage.proxy.intercept(isOfGreen, async (_, { body }) => page(body.includes('"more"') ? [steps] : []));
      const path = 'scaling.policies.steps.type';
      expect(await compare(shop)).toEqual([{ path, active: null, standby: 'StepScaling' }]);
    });
  });
});
