import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAdapters } from '../../src/adapters/registry.ts';
import type { ColourState } from '../../src/adapters/types.ts';
import { loadPlan } from '../../src/plan/load.ts';
import { type EcsRunner, startEcsRunner } from '../support/aws/ecs-runner.ts';
import { type EcsShop, type EcsShopOptions, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { awaitColour, platformContract } from '../support/contracts/platform.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('the ecs platform', () => {
  const stage = moto.missing === null ? moto.value() : (null as never as AwsStage);
  const shops: EcsShop[] = [];
  let runner: EcsRunner;
  beforeAll(() => {
    runner = startEcsRunner(stage);
  });
  afterEach(() => {
    stage.proxy.calm();
    runner.behave({ startMs: 100, healthMs: 0, failing: () => null, unplaceable: () => null });
    for (const shop of shops.splice(0)) shop.close();
  });
  afterAll(async () => {
    runner?.stop();
    await stage?.stop();
  });

  const signal = (ms = 20_000) => AbortSignal.timeout(ms);
  const open = async (options: EcsShopOptions = {}) => {
    const shop = await openEcsShop(stage, options);
    shops.push(shop);
    return shop;
  };
  const calls = (...actions: string[]) => stage.proxy.calls.filter(isAction(...actions));
  const reasonsOf = ({ instances }: ColourState) => instances.map(({ reason }) => reason).join(' | ');

  platformContract('ecs', async () => {
    const shop = await openEcsShop(stage, { desired: { blue: 0, green: 0 }, tags: { blue: null, green: null } });
    return {
      platform: shop.platform(),
      versions: ['1.0.0', `sha256:${'ab'.repeat(32)}`],
      routeAllTo: null,
      close: async () => shop.close(),
    };
  });

  describe('registers a revision', () => {
    const everything = () => ({
      taskRoleArn: 'arn:aws:iam::123456789012:role/shop',
      volumes: [{ name: 'scratch', host: {} }],
      runtimePlatform: { cpuArchitecture: 'ARM64' as const, operatingSystemFamily: 'LINUX' as const },
      ephemeralStorage: { sizeInGiB: 30 },
      proxyConfiguration: { type: 'APPMESH' as const, containerName: 'envoy' },
      placementConstraints: [{ type: 'memberOf' as const, expression: 'attribute:zone == a' }],
      pidMode: 'task' as const,
      containerDefinitions: [
        { name: 'app', image: `${IMAGE}:1.0.0`, command: ['serve', '--port', '8080'], memory: 128 },
        { name: 'envoy', image: 'envoy:1.31', essential: false, memory: 128 },
      ],
    });

    it('that differs in the image of its container alone, tags and all', async () => {
      const shop = await open({ definition: everything });
      const before = await shop.definition('green');
      await shop.platform({ container: 'app' }).deploy('green', '2.0.0', 3, signal());
      const after = await shop.definition('green');
      const [app, envoy] = before.taskDefinition?.containerDefinitions ?? [];
      expect(after.taskDefinition).toEqual({
        ...before.taskDefinition,
        revision: 2,
        taskDefinitionArn: before.taskDefinition?.taskDefinitionArn?.replace(/:1$/, ':2'),
        containerDefinitions: [{ ...app, image: `${IMAGE}:2.0.0` }, envoy],
      });
      expect(after.tags).toEqual([{ key: 'team', value: 'shop' }]);
      expect(await shop.service('green')).toMatchObject({ desiredCount: 3, launchType: 'FARGATE' });
      expect(await shop.service('blue')).toMatchObject({ desiredCount: 1 });
    });

    it('with the image that the plan names, and a digest', async () => {
      const shop = await open();
      const digest = `sha256:${'0f'.repeat(32)}`;
      await shop.platform({ image: 'mirror.example.com/checkout' }).deploy('green', digest, 1, signal());
      const { taskDefinition } = await shop.definition('green');
      expect(taskDefinition?.containerDefinitions?.[0]?.image).toBe(`mirror.example.com/checkout@${digest}`);
      expect((await shop.platform().inspect('green', signal())).version).toBe(digest);
    });

    it('once, however often it is asked for, and none for the version that is there', async () => {
      const shop = await open();
      const platform = shop.platform();
      await platform.deploy('green', '1.0.0', 2, signal());
      expect(await shop.revisions('green')).toBe(1);
      await platform.deploy('green', '2.0.0', 2, signal());
      await platform.deploy('green', '2.0.0', 3, signal());
      expect(await shop.revisions('green')).toBe(2);
    });

    it('of its own only where the latest one, which somebody else registered, is another', async () => {
      const shop = await open();
      const { taskDefinition, tags } = await shop.definition('green');
      const [app] = taskDefinition?.containerDefinitions ?? [];
      const { RegisterTaskDefinitionCommand } = await import('@aws-sdk/client-ecs');
      const foreign = { ...taskDefinition, tags, family: shop.familyOf('green'), cpu: '512', memory: '1024' };
      const containerDefinitions = [{ ...app, image: `${IMAGE}:2.0.0` }];
      await shop.ecs.send(new RegisterTaskDefinitionCommand({ ...foreign, containerDefinitions }));
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      expect((await shop.definition('green')).taskDefinition).toMatchObject({ revision: 3, cpu: '256' });
    });

    it('for both colours, where they share a family', async () => {
      const shop = await open({ definition: () => ({ family: 'checkout-shared' }) });
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      await shop.platform().deploy('blue', '2.0.0', 1, signal());
      const [blue, green] = [await shop.service('blue'), await shop.service('green')];
      expect(blue.taskDefinition).toBe(green.taskDefinition);
    });

    it('anew when the one in use was deregistered', async () => {
      const shop = await open();
      const { taskDefinition } = await shop.definition('green');
      const { DeregisterTaskDefinitionCommand } = await import('@aws-sdk/client-ecs');
      const own = { taskDefinition: taskDefinition?.taskDefinitionArn };
      await shop.ecs.send(new DeregisterTaskDefinitionCommand(own));
      await shop.platform().deploy('green', '1.0.0', 1, signal());
      expect((await shop.definition('green')).taskDefinition).toMatchObject({ revision: 2, status: 'ACTIVE' });
    });

    it('for no container that it cannot tell', async () => {
      const shop = await open({ definition: everything });
      await expect(shop.platform().deploy('green', '2.0.0', 1, signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('has the containers app, envoy; it must have one container, or the plan'),
      });
      await expect(shop.platform({ container: 'web' }).inspect('green', signal())).rejects.toMatchObject({
        message: expect.stringContaining('it must have "web"'),
      });
    });
  });

  it('leaves every other setting of a service as it is', async () => {
    const settings = () => ({
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }],
      platformVersion: '1.4.0',
      deploymentConfiguration: {
        minimumHealthyPercent: 100,
        deploymentCircuitBreaker: { enable: true, rollback: false },
      },
      healthCheckGracePeriodSeconds: 30,
      enableExecuteCommand: true,
    });
    const shop = await open({ settings });
    const platform = shop.platform();
    await platform.deploy('green', '2.0.0', 2, signal());
    await platform.scale('green', 3, signal());
    await platform.remove('green', signal());
    expect(await shop.service('green')).toMatchObject({ ...settings(), desiredCount: 0 });
    for (const { body } of calls('UpdateService')) expect(body).not.toContain('forceNewDeployment');
  });

  describe('has an instance per task', () => {
    it('with the address of its network interface and the port that is mapped, or the plan’s', async () => {
      const shop = await open();
      const state = await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
      expect(state.instances[0]?.url).toMatch(/^http:\/\/10\.0\.\d+\.\d+:8080$/);
      const [other] = (await shop.platform({ port: 9000 }).inspect('green', signal())).instances;
      expect(other?.url).toMatch(/:9000$/);
    });

    it('without an address in another network mode', async () => {
      const bridge = () => ({ networkMode: 'bridge' as const, requiresCompatibilities: ['EC2' as const] });
      const service = () => ({ launchType: 'EC2' as const, networkConfiguration: undefined });
      const shop = await open({ definition: bridge, service });
      const state = await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
      expect(state.instances).toMatchObject([{ url: null, ready: true, reason: null }]);
    });

    it('that is ready once its container health check has passed', async () => {
      runner.behave({ healthMs: 1_000 });
      const checked = () => ({
        containerDefinitions: [
          { name: 'app', image: `${IMAGE}:1.0.0`, healthCheck: { command: ['CMD-SHELL', 'curl localhost'] } },
        ],
      });
      const shop = await open({ definition: checked });
      const waiting = await awaitColour(shop.platform(), 'green', (state) => reasonsOf(state).includes('health'));
      expect(waiting).toMatchObject({ ready: 0 });
      expect(reasonsOf(waiting)).toBe('its container health check has not passed yet');
      await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
    });

    it('also above a hundred, in pages', async () => {
      const shop = await open({ desired: { green: 230 } });
      const from = stage.proxy.calls.length;
      const state = await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 230);
      expect(new Set(state.instances.map(({ id }) => id)).size).toBe(230);
      const asked = stage.proxy.calls
        .slice(from)
        .filter(isAction('DescribeTasks'))
        .map(({ body }) => JSON.parse(body));
      expect(Math.max(...asked.map(({ tasks }) => tasks.length))).toBe(100);
    });
  });

  describe('says why tasks are missing', () => {
    const breaker = (rollback: boolean) => () => ({
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback } },
    });
    const waited = (shop: EcsShop, until: RegExp) =>
      awaitColour(patient(shop), 'green', (state) => until.test(reasonsOf(state)));
    /** As waits look. */
    const patient = (shop: EcsShop) => {
      const platform = shop.platform();
      return {
        ...platform,
        inspect: (colour: 'blue' | 'green', limit: AbortSignal) => platform.inspect(colour, limit, 1),
      };
    };

    it('while they start', async () => {
      runner.behave({ startMs: 5_000 });
      const shop = await open();
      expect(reasonsOf(await shop.platform().inspect('green', signal()))).toBe('the task is PENDING');
    });

    it('when they end: the last exit code, and what the container left', async () => {
      const shop = await open();
      await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
      runner.behave({ failing: (image) => (image.endsWith(':2.0.0') ? 'OutOfMemoryError: Container killed' : null) });
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      const state = await waited(shop, /stopped/);
      expect(state).toMatchObject({ version: '2.0.0', ready: 0 });
      expect(reasonsOf(state)).toContain(
        'stopped: Essential container in task exited (app: exit code 1, OutOfMemoryError: Container killed)',
      );
    });

    it('when there is no place for them', async () => {
      runner.behave({ unplaceable: () => 'no container instance met all of its requirements' });
      const shop = await open();
      expect(reasonsOf(await waited(shop, /unable/))).toBe(
        '(service checkout-green) was unable to place a task because no container instance met all of its requirements.',
      );
    });

    it('when the circuit breaker has ended the rollout, which the next deployment starts again', async () => {
      const shop = await open({ settings: breaker(false) });
      await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
      runner.behave({ failing: (image) => (image.endsWith(':2.0.0') ? 'CannotPullContainerError' : null) });
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      const state = await waited(shop, /rollout failed/);
      expect(reasonsOf(state)).toContain('its rollout failed: ECS deployment circuit breaker: tasks failed to start.');
      runner.behave({ failing: () => null });
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      expect(await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1)).toMatchObject({
        version: '2.0.0',
      });
      expect(await shop.revisions('green')).toBe(2);
    });

    it('when the circuit breaker has gone back by itself: the version is another', async () => {
      const shop = await open({ settings: breaker(true) });
      await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 1);
      runner.behave({ failing: (image) => (image.endsWith(':2.0.0') ? 'exit' : null) });
      await shop.platform().deploy('green', '2.0.0', 1, signal());
      const state = await waited(shop, /rolling back/);
      expect(state).toMatchObject({ version: '1.0.0' });
      await awaitColour(shop.platform(), 'green', ({ version, ready }) => version === '1.0.0' && ready === 1);
      expect(await patient(shop).inspect('green', signal())).toMatchObject({ ready: 1 });
    });

    it('and counts a task that crashed until another one runs', async () => {
      const shop = await open({ desired: { green: 2 } });
      await awaitColour(shop.platform(), 'green', ({ ready }) => ready === 2);
      runner.crash(shop.cluster, 'checkout-green', 1, 'segmentation fault');
      runner.behave({ startMs: 1_000 });
      expect((await shop.platform().inspect('green', signal())).ready).toBeLessThan(2);
      expect(reasonsOf(await waited(shop, /stopped/))).toContain('segmentation fault');
    });
  });

  describe('refuses', () => {
    it('a service that is not there, or no more', async () => {
      const shop = await open();
      const names = { blue: 'checkout-blue', green: 'checkout-gren' };
      await expect(shop.platform({ names }).inspect('green', signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_NOT_FOUND',
        message: 'ecs:DescribeServices on checkout-gren: the service is MISSING',
      });
      const { DeleteServiceCommand } = await import('@aws-sdk/client-ecs');
      await shop.ecs.send(new DeleteServiceCommand({ cluster: shop.cluster, service: 'checkout-green', force: true }));
      await expect(shop.platform().deploy('green', '2.0.0', 1, signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_NOT_FOUND',
        details: { reason: 'INACTIVE' },
      });
      await expect(shop.platform({ cluster: 'warehouse' }).inspect('green', signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_NOT_FOUND',
      });
    });

    it.each([
      ['deploymentController', { deploymentController: { type: 'CODE_DEPLOY' as const } }],
      ['deploymentController', { deploymentController: { type: 'EXTERNAL' as const } }],
      ['schedulingStrategy', { schedulingStrategy: 'DAEMON' as const }],
    ])('a service whose %s is another', async (field, settings) => {
      const shop = await open({ service: (colour) => (colour === 'green' ? settings : {}) });
      const message = expect.stringContaining(`the ${field} of service checkout-green is`);
      const refused = { code: 'CUTOVER_ROUTER_OBJECT', message };
      await expect(shop.platform().inspect('green', signal())).rejects.toMatchObject(refused);
      await expect(shop.platform().deploy('green', '2.0.0', 1, signal())).rejects.toMatchObject(refused);
      await expect(shop.platform().remove('green', signal())).rejects.toMatchObject(refused);
    });

    it('a service that ECS itself shifts between task sets', async () => {
      const settings = () => ({ deploymentConfiguration: { strategy: 'BLUE_GREEN' as const } });
      const shop = await open({ settings });
      await expect(shop.platform().inspect('green', signal())).rejects.toMatchObject({
        message: 'the deploymentConfiguration.strategy of service checkout-green is BLUE_GREEN; it must be ROLLING',
      });
    });
  });

  it('is what a plan makes of it, with names or ARNs', async () => {
    const shop = await open();
    await shop.scalable('green', 1, 9);
    const text = JSON.stringify({
      service: 'checkout',
      version: '2.0.0',
      platform: {
        ecs: {
          region: REGION,
          cluster: `arn:aws:ecs:${REGION}:123456789012:cluster/${shop.cluster}`,
          services: { blue: 'checkout-blue', green: (await shop.service('green')).serviceArn },
          container: 'app',
          image: 'mirror.example.com/checkout',
          port: 9000,
        },
      },
      router: 'local',
      metrics: { prometheus: { url: 'http://127.0.0.1:9090' } },
    });
    const { plan } = loadPlan([{ name: 'plan.yaml', text }]);
    const platform = createAdapters({ localUrl: '', log: () => undefined }).platform(plan);
    await platform.deploy('green', '2.0.0', 2, signal());
    const { taskDefinition } = await shop.definition('green');
    expect(taskDefinition?.containerDefinitions?.[0]?.image).toBe('mirror.example.com/checkout:2.0.0');
    expect(await shop.bounds('green')).toMatchObject({ min: 2 });
    const state = await awaitColour(platform, 'green', ({ ready }) => ready === 2);
    expect(state.instances[0]?.url).toMatch(/:9000$/);
  });

  describe('asks ECS', () => {
    it('three questions for a look on a version that it knows, and none while an older answer will do', async () => {
      const shop = await open();
      const platform = shop.platform();
      await awaitColour(platform, 'green', ({ ready }) => ready === 1);
      const from = stage.proxy.calls.length;
      await platform.inspect('green', signal());
      const asked = () =>
        stage.proxy.calls
          .slice(from)
          .map(({ action }) => action)
          .sort();
      expect(asked()).toEqual(['DescribeServices', 'DescribeTasks', 'ListTasks']);
      for (let look = 0; look < 20; look += 1) await platform.inspect('green', signal(), 90_000);
      expect(asked()).toHaveLength(3);
    });

    it('for service and tasks at once, since a rollback waits 400 ms for a look', async () => {
      const shop = await open();
      const from = stage.proxy.calls.length;
      const held = stage.proxy.hold(isAction('DescribeServices'), 'before');
      const looked = shop.platform().inspect('green', signal());
      await held.caught;
      await patiently(async () => stage.proxy.calls.slice(from).some(isAction('ListTasks')), 'the tasks');
      held.release();
      expect(await looked).toMatchObject({ version: '1.0.0' });
    });

    it('anew after a write of its own', async () => {
      const shop = await open();
      const platform = shop.platform();
      await platform.inspect('green', signal(), 30_000);
      await platform.scale('green', 4, signal());
      expect((await platform.inspect('green', signal(), 30_000)).desired).toBe(4);
    });
  });
});
