import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startEcsRunner } from '../support/aws/ecs-runner.ts';
import { type EcsShop, type EcsShopOptions, openEcsShop } from '../support/aws/ecs-shop.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { cutAfter } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('service auto scaling beside a deployment', () => {
  const stage = moto.missing === null ? moto.value() : (null as never as AwsStage);
  const shops: EcsShop[] = [];
  let stopRunner: () => void;
  beforeAll(() => {
    stopRunner = startEcsRunner(stage).stop;
  });
  afterEach(() => {
    stage.proxy.calm();
    for (const shop of shops.splice(0)) shop.close();
  });
  afterAll(async () => {
    stopRunner?.();
    await stage?.stop();
  });

  const signal = () => AbortSignal.timeout(20_000);
  const open = async (options: EcsShopOptions = {}) => {
    const shop = await openEcsShop(stage, options);
    shops.push(shop);
    return shop;
  };
  const writes = (from: number) =>
    stage.proxy.calls
      .slice(from)
      .filter(isAction('TagResource', 'UntagResource', 'UpdateService', 'RegisterScalableTarget'))
      .map(({ action }) => action);

  it('is held at the size that was asked for, and has its own bound back when the old colour is freed', async () => {
    const shop = await open({ desired: { blue: 3, green: 0 } });
    await shop.scalable('blue', 2, 9);
    await shop.scalable('green', 1, 9);
    const platform = shop.platform();
    await platform.deploy('green', '2.0.0', 3, signal());
    expect(await shop.bounds('green')).toEqual({ min: 3, max: 9, kept: '1' });
    await platform.scale('green', 4, signal());
    expect(await shop.bounds('green')).toEqual({ min: 4, max: 9, kept: '1' });
    await platform.remove('blue', signal());
    expect(await shop.bounds('green')).toEqual({ min: 1, max: 9, kept: undefined });
    expect(await shop.service('green')).toMatchObject({ desiredCount: 4 });
  });

  it('does not wake a freed colour, whose own bound comes back when the other one is freed', async () => {
    const shop = await open({ desired: { blue: 3, green: 0 } });
    await shop.scalable('blue', 2, 9);
    await shop.scalable('green', 0, 9);
    const platform = shop.platform();
    await platform.deploy('green', '2.0.0', 3, signal());
    await platform.remove('blue', signal());
    expect(await shop.bounds('blue')).toEqual({ min: 0, max: 9, kept: '2' });
    await platform.remove('blue', signal());
    expect(await shop.bounds('blue')).toEqual({ min: 0, max: 9, kept: '2' });
    await platform.deploy('blue', '3.0.0', 5, signal());
    expect(await shop.bounds('blue')).toEqual({ min: 5, max: 9, kept: '2' });
    await platform.remove('green', signal());
    expect(await shop.bounds('blue')).toEqual({ min: 2, max: 9, kept: undefined });
  });

  it('leaves both at 0 when both are freed', async () => {
    const shop = await open({ desired: { blue: 2, green: 2 } });
    await shop.scalable('blue', 1, 9);
    await shop.scalable('green', 1, 9);
    const platform = shop.platform();
    await platform.remove('blue', signal());
    await platform.remove('green', signal());
    expect([await shop.bounds('blue'), await shop.bounds('green')]).toEqual([
      { min: 0, max: 9, kept: '1' },
      { min: 0, max: 9, kept: '1' },
    ]);
  });

  it('may be lower than its own bound while the old colour is shrunk in the lease', async () => {
    const shop = await open({ desired: { blue: 5, green: 5 } });
    await shop.scalable('blue', 5, 9);
    const platform = shop.platform();
    await platform.scale('blue', 1, signal());
    expect(await shop.bounds('blue')).toEqual({ min: 1, max: 9, kept: '5' });
    expect(await shop.service('blue')).toMatchObject({ desiredCount: 1 });
    await platform.scale('blue', 5, signal());
    await platform.remove('green', signal());
    expect(await shop.bounds('blue')).toEqual({ min: 5, max: 9, kept: undefined });
  });

  it('has its bound lowered before the service shrinks, and raised after it has grown', async () => {
    const shop = await open({ desired: { green: 3 } });
    await shop.scalable('green', 3, 9);
    const platform = shop.platform();
    let from = stage.proxy.calls.length;
    await platform.scale('green', 1, signal());
    expect(writes(from)).toEqual(['TagResource', 'RegisterScalableTarget', 'UpdateService']);
    from = stage.proxy.calls.length;
    await platform.deploy('green', '2.0.0', 4, signal());
    expect(writes(from)).toEqual(['UpdateService', 'RegisterScalableTarget']);
  });

  it('is refused where its upper bound is below the size, before anything was written', async () => {
    const shop = await open();
    await shop.scalable('green', 1, 9);
    const from = stage.proxy.calls.length;
    const refused = {
      code: 'CUTOVER_AWS_REFUSED',
      message:
        'service auto scaling of checkout-green has a MaxCapacity of 9; it must be at least 12, the size that was asked for',
    };
    await expect(shop.platform().deploy('green', '2.0.0', 12, signal())).rejects.toMatchObject(refused);
    await expect(shop.platform().scale('green', 12, signal())).rejects.toMatchObject(refused);
    expect(writes(from)).toEqual([]);
    expect(await shop.revisions('green')).toBe(1);
  });

  it('that is suspended stays so', async () => {
    const shop = await open();
    await shop.scalable('green', 1, 9);
    await shop.suspend('green', { DynamicScalingInSuspended: true });
    await shop.platform().deploy('green', '2.0.0', 3, signal());
    expect(await shop.suspended('green')).toEqual({ DynamicScalingInSuspended: true });
  });

  it.each(['TagResource', 'RegisterScalableTarget', 'UpdateService'])(
    'keeps what its bound was when the answer to %s is lost',
    async (action) => {
      const shop = await open();
      await shop.scalable('green', 1, 9);
      const platform = shop.platform();
      stage.proxy.intercept(isAction(action), cutAfter);
      await expect(platform.deploy('green', '2.0.0', 3, signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_UNREACHABLE',
      });
      await platform.deploy('green', '2.0.0', 3, signal());
      expect(await shop.bounds('green')).toEqual({ min: 3, max: 9, kept: '1' });
    },
  );

  it('keeps it, too, when the next attempt reads what was true before the tag was written', async () => {
    const shop = await open();
    await shop.scalable('green', 1, 9);
    const platform = shop.platform();
    await platform.inspect('green', signal());
    stage.proxy.intercept(isAction('UpdateService'), cutAfter);
    const attempt = () => platform.deploy('green', '2.0.0', 3, signal());
    await expect(attempt()).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    stage.proxy.intercept(isAction('DescribeServices'), async (pass) => {
      const answer = await pass();
      const body = JSON.parse(answer.body);
      return { ...answer, body: JSON.stringify({ ...body, services: [{ ...body.services[0], tags: [] }] }) };
    });
    await attempt();
    expect(await shop.bounds('green')).toEqual({ min: 3, max: 9, kept: '1' });
  });

  it('writes no tag and no bound where nothing is scaled', async () => {
    const shop = await open();
    const from = stage.proxy.calls.length;
    await shop.platform().deploy('green', '2.0.0', 3, signal());
    await shop.platform().remove('blue', signal());
    expect(writes(from)).toEqual(['UpdateService', 'UpdateService']);
  });
});
