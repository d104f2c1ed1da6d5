import { DeleteListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AwsDeployments, openAwsDeployments } from '../support/aws/deployments.ts';
import { isAction, refused, throttled } from '../support/aws/fault-proxy.ts';
import { until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 300_000;
const moto = await requirePart('moto', openAwsDeployments);

moto.suite('a deployment on ECS behind a load balancer', () => {
  let deployments: AwsDeployments;
  beforeAll(async () => {
    deployments = moto.value();
    await deployments.worker();
  }, START_MS);
  afterEach(() => deployments.stage.proxy.calm());
  afterAll(() => deployments?.stop(), START_MS);

  it('switches, observes, and frees the old colour after the proof', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(await shop.weights()).toEqual({ blue: 0, green: 100 });
    expect(await shop.image('green')).toMatch(/:2\.0\.0$/);
    expect([await shop.desired('blue'), await shop.desired('green')]).toEqual([0, 2]);
  });

  it('goes up in steps, each proven', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0', {
      switch: { strategy: 'gradual', steps: [10, 50, 100], step_duration: '2s', deadline: '60s', drain: '1s' },
    });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    const written = deployments.stage.proxy.calls
      .filter((call) => shop.owns(call) && call.action === 'ModifyListener')
      .map(({ body }) => /TargetGroups\.member\.2\.Weight=(\d+)/.exec(body)?.[1]);
    expect(written).toEqual(['10', '50', '100']);
  });

  describe('goes back', () => {
    it('when the candidate fails, and leaves the old colour as it was', async () => {
      const shop = await deployments.shop();
      const handle = await shop.start('2.0.0', {
        observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] },
      });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      shop.failing.green = 50;
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(await shop.weights()).toEqual({ blue: 100, green: 0 });
      expect([await shop.desired('blue'), await shop.desired('green')]).toEqual([2, 0]);
      expect(await shop.image('blue')).toMatch(/:1\.0\.0$/);
    });

    it('also while every call but the write is throttled', async () => {
      const shop = await deployments.shop();
      const handle = await shop.start('2.0.0', {
        observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] },
      });
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      const isTask = isAction('DescribeServices', 'DescribeTasks', 'ListTasks', 'DescribeTargetHealth');
      deployments.stage.proxy.intercept((call) => shop.owns(call) && isTask(call), throttled, 40);
      await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
      await patiently(async () => (await shop.weights()).blue === 100, 'the weights', 5_000);
      deployments.stage.proxy.calm();
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    });

    it('from an image that does not start, with the reason that ECS gives', async () => {
      const shop = await deployments.shop();
      deployments.runner.behave({
        failing: (image) => (image.endsWith(':9.9.9') ? 'exit code 1: no such file' : null),
      });
      const handle = await shop.start('9.9.9', { provision: { timeout: '6s' } });
      const result = await handle.result();
      deployments.runner.behave({ failing: () => null });
      expect(result.outcome).toBe('rolled_back');
      expect(result.reason).toContain('no such file');
      expect(await shop.weights()).toEqual({ blue: 100, green: 0 });
    });
  });

  it('holds, and says so, while credentials are expired, and goes on with new ones', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0', {
      observation: { duration: '6s', rollback_triggers: ['error_rate > 5'] },
    });
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    const expired = refused(400, 'ExpiredTokenException', 'The security token included in the request is expired');
    deployments.stage.proxy.intercept(shop.owns, expired, 30);
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
  });

  it('ends before it has begun, naming the statement, when a permission is missing', async () => {
    const shop = await deployments.shop();
    const denied = refused(403, 'AccessDenied', 'not authorized to perform: elasticloadbalancing:AddTags');
    deployments.stage.proxy.intercept((call) => shop.owns(call) && call.action === 'AddTags', denied, 5);
    const result = await (await shop.start('2.0.0')).result();
    expect(result.outcome).toBe('rejected');
    expect(result.reason).toContain('"Action":"elasticloadbalancing:AddTags"');
    expect(await shop.weights()).toEqual({ blue: 100, green: 0 });
  });

  it('ends on a region in which there is no such listener', async () => {
    const shop = await deployments.shop();
    const arn = shop.balancer.listener.replace('eu-west-1', 'eu-west-2');
    const router = { alb: { listener: arn, target_groups: shop.balancer.groups } };
    const result = await (await shop.start('2.0.0', { router })).result();
    expect(result).toMatchObject({ outcome: 'rejected', reason: expect.stringContaining(arn) });
  });

  it('calls a person when the listener is gone, and says which', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0', {
      observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] },
    });
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    const { elb, listener } = shop.balancer;
    await elb.send(new DeleteListenerCommand({ ListenerArn: listener }));
    await handle.rollback({ by: 'ana@example.com', reason: 'carts are empty' });
    const stuck = await until(handle, ({ phase }) => phase === 'stuck', 'a rollback that is stuck');
    expect(stuck.rollback?.note).toContain(`there is no listener ${listener}`);
    expect(stuck.attention.join()).toContain(listener);
  });

  it('sees weights that somebody else writes, and goes back', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0', {
      observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] },
    });
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    await shop.balancer.putWeights(shop.balancer.listener, { blue: 50, green: 50 });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(await shop.weights()).toEqual({ blue: 100, green: 0 });
  });

  it('lets no credential into its history', async () => {
    const shop = await deployments.shop();
    const handle = await shop.start('2.0.0');
    await handle.result();
    const { AWS_SECRET_ACCESS_KEY: secret = '', AWS_ACCESS_KEY_ID: key = '' } = deployments.stage.env;
    const history = await deployments.history(handle.workflow_id);
    expect(history).toContain('listener');
    expect(history).not.toContain(secret);
    expect(history).not.toContain(key);
    for (const log of await deployments.logs()) {
      expect(log).not.toContain(secret);
      expect(log).not.toContain(key);
    }
  });
});
