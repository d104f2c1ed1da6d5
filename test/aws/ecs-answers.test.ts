import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EcsRunner, startEcsRunner } from '../support/aws/ecs-runner.ts';
import { type EcsShop, type EcsShopOptions, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { type AwsFault, isAction, refused, stale, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { awaitColour } from '../support/contracts/platform.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

interface Method {
  name: string;
  calls: string[];
  options: EcsShopOptions;
  ask(shop: EcsShop, signal: AbortSignal): Promise<unknown>;
  /** Once it has succeeded, however often it was tried. `late`: the call that was given up, and done all the same. */
  expectDone(shop: EcsShop, late?: string): Promise<void>;
}

const METHODS: Method[] = [
  {
    name: 'inspect',
    calls: ['DescribeServices', 'ListTasks', 'DescribeTasks', 'DescribeTaskDefinition'],
    options: {},
    ask: (shop, signal) => shop.platform().inspect('green', signal),
    async expectDone(shop) {
      await awaitColour(shop.platform(), 'green', ({ version, ready }) => version === '1.0.0' && ready === 1);
    },
  },
  {
    name: 'deploy',
    calls: [
      'DescribeServices',
      'DescribeScalableTargets',
      'DescribeTaskDefinition',
      'RegisterTaskDefinition',
      'TagResource',
      'UpdateService',
      'RegisterScalableTarget',
    ],
    options: {},
    ask: (shop, signal) => shop.platform().deploy('green', '2.0.0', 3, signal),
    async expectDone(shop, late) {
      expect(await shop.service('green')).toMatchObject({ desiredCount: 3 });
      const { taskDefinition } = await shop.definition('green');
      expect(taskDefinition).toMatchObject({ revision: 2, containerDefinitions: [{ image: `${IMAGE}:2.0.0` }] });
      // One that is registered after all is used by nobody.
      expect(await shop.revisions('green')).toBe(late === 'RegisterTaskDefinition' ? 3 : 2);
      expect(await shop.bounds('green')).toEqual({ min: 3, max: 9, kept: '1' });
    },
  },
  {
    name: 'scale',
    calls: ['DescribeServices', 'DescribeScalableTargets', 'TagResource', 'UpdateService', 'RegisterScalableTarget'],
    options: {},
    ask: (shop, signal) => shop.platform().scale('green', 4, signal),
    async expectDone(shop) {
      expect(await shop.service('green')).toMatchObject({ desiredCount: 4 });
      expect(await shop.bounds('green')).toEqual({ min: 4, max: 9, kept: '1' });
    },
  },
  {
    name: 'remove',
    calls: [
      'DescribeServices',
      'DescribeScalableTargets',
      'TagResource',
      'UpdateService',
      'RegisterScalableTarget',
      'UntagResource',
    ],
    // What a deployment to green has kept of its bound.
    options: {
      service: (colour) => (colour === 'green' ? { tags: [{ key: 'cutover:min-capacity', value: '2' }] } : {}),
    },
    ask: (shop, signal) => shop.platform().remove('blue', signal),
    async expectDone(shop) {
      expect(await shop.service('blue')).toMatchObject({ desiredCount: 0 });
      expect(await shop.bounds('blue')).toEqual({ min: 0, max: 9, kept: '1' });
      expect(await shop.service('green')).toMatchObject({ desiredCount: 1 });
      expect(await shop.bounds('green')).toEqual({ min: 2, max: 9, kept: undefined });
    },
  },
];

moto.suite('what ECS may answer', () => {
  const stage = moto.missing === null ? moto.value() : (null as never as AwsStage);
  const shops: EcsShop[] = [];
  let runner: EcsRunner;
  beforeAll(() => {
    runner = startEcsRunner(stage);
  });
  afterEach(() => {
    stage.proxy.calm();
    runner.behave({ failing: () => null });
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
    await shop.scalable('blue', 1, 9);
    await shop.scalable('green', 1, 9);
    return shop;
  };

  describe.each(METHODS)('to $name', ({ calls, options, ask, expectDone }) => {
    const once: [string, AwsFault, string][] = [
      ['with 500', unwell, 'CUTOVER_AWS_UNWELL'],
      ['with a connection cut before', cutBefore, 'CUTOVER_AWS_UNREACHABLE'],
      ['with a connection cut after', cutAfter, 'CUTOVER_AWS_UNREACHABLE'],
      ['that it is not allowed', refused(400, 'AccessDeniedException', 'not authorized'), 'CUTOVER_AWS_FORBIDDEN'],
    ];
    const cases = calls.flatMap((action) => once.map(([what, fault, code]) => [action, what, fault, code] as const));
    it.each(cases)('%s %s: thrown, and done by the next attempt', async (action, _, fault, code) => {
      const shop = await open(options);
      stage.proxy.intercept(isAction(action), fault);
      await expect(ask(shop, signal())).rejects.toMatchObject({ code });
      await ask(shop, signal());
      await expectDone(shop);
    });

    it.each(calls)('%s throttled five times: visible each time, and done by the sixth attempt', async (action) => {
      const shop = await open(options);
      stage.proxy.intercept(isAction(action), throttled, 5);
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        await expect(ask(shop, signal())).rejects.toMatchObject({ code: 'CUTOVER_AWS_THROTTLED' });
      }
      await ask(shop, signal());
      await expectDone(shop);
    });

    it.each(calls)('%s that hangs: given up with its caller, and done by the next attempt', async (action) => {
      const shop = await open(options);
      const held = stage.proxy.hold(isAction(action), 'before');
      const caller = new AbortController();
      const asked = expect(ask(shop, caller.signal)).rejects.toMatchObject({ name: 'AbortError' });
      await held.caught;
      caller.abort();
      await asked;
      await ask(shop, signal());
      held.release();
      await sleep(50);
      await expectDone(shop, action);
    });
  });

  describe('that was true before the last write', () => {
    it('to a deployment that is repeated: it asks for the same again, and registers nothing', async () => {
      const shop = await open();
      const platform = shop.platform();
      await platform.inspect('green', signal());
      await platform.deploy('green', '2.0.0', 3, signal());
      stage.proxy.intercept(isAction('DescribeServices'), stale(stage.proxy.remembered));
      await platform.deploy('green', '2.0.0', 3, signal());
      expect(await shop.revisions('green')).toBe(2);
      expect(await shop.service('green')).toMatchObject({ desiredCount: 3 });
    });

    it('to a look: the version is the one before, so that nobody takes it for ready', async () => {
      const shop = await open();
      const platform = shop.platform();
      await awaitColour(platform, 'green', ({ ready }) => ready === 1);
      await platform.deploy('green', '2.0.0', 1, signal());
      stage.proxy.intercept(isAction('DescribeServices'), stale(stage.proxy.remembered));
      expect(await platform.inspect('green', signal())).toMatchObject({ version: '1.0.0' });
      await awaitColour(platform, 'green', ({ version, ready }) => version === '2.0.0' && ready === 1);
    });

    it('to a scaling: it writes the size that was asked for, whatever it has read', async () => {
      const shop = await open();
      const platform = shop.platform();
      await platform.scale('green', 3, signal());
      await platform.remove('green', signal());
      const from = stage.proxy.calls.length;
      stage.proxy.intercept(isAction('DescribeServices'), stale(stage.proxy.remembered));
      await platform.scale('green', 3, signal());
      expect(stage.proxy.calls.slice(from).filter(isAction('UpdateService'))).toHaveLength(1);
      expect(await shop.service('green')).toMatchObject({ desiredCount: 3 });
    });
  });

  it('is waited for by those who may wait: a look of a wait is sent again', async () => {
    const shop = await open();
    stage.proxy.intercept(isAction('ListTasks'), unwell, 2);
    expect(await shop.platform().inspect('green', signal(), 5_000)).toMatchObject({ version: '1.0.0' });
  });

  it('for a comparison is asked again, and is no difference when it does not come', async () => {
    const shop = await open();
    stage.proxy.intercept(isAction('DescribeTaskDefinition'), unwell, 1);
    expect(await shop.platform().compare('blue', signal())).toEqual([]);
    stage.proxy.intercept(isAction('DescribeScalingPolicies'), unwell, 6);
    await expect(shop.platform().compare('blue', signal())).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNWELL' });
  });

  it('is asked for with exactly the actions of the policy', async () => {
    const shop = await open();
    const platform = shop.platform();
    const from = stage.proxy.calls.length;
    await platform.compare('blue', signal());
    runner.behave({ failing: (image) => (image.endsWith(':2.0.0') ? 'exit' : null) });
    await platform.deploy('green', '2.0.0', 3, signal());
    await sleep(300);
    await platform.inspect('green', signal(), 1);
    await platform.remove('blue', signal());
    expect(actionsAsked(stage.proxy.calls.slice(from))).toEqual(actionsOf(policyOf('ecs')));
  });
});
