import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  PutLifecycleHookCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AsgPlatformOptions, createAsgPlatform } from '../../src/adapters/platforms/asg.ts';
import type { Platform } from '../../src/adapters/types.ts';
import { type AsgRunner, startAsgRunner } from '../support/aws/asg-runner.ts';
import { type AsgShop, type AsgShopOptions, makeImage, openAsgShop } from '../support/aws/asg-shop.ts';
import { type AwsFault, isAction, refused, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { awaitColour, platformContract } from '../support/contracts/platform.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 300;
const moto = await requirePart('moto', openAwsStage);

moto.suite('the asg platform', () => {
  let stage: AwsStage;
  let runner: AsgRunner;
  let image: string;
  beforeAll(async () => {
    stage = moto.value();
    runner = startAsgRunner(stage, { startMs: START_MS });
    image = await makeImage(stage, '1.0.0');
    await makeImage(stage, '2.0.0');
  });
  afterEach(() => {
    stage.proxy.calm();
    runner.stuck.clear();
    runner.exhausted.clear();
  });
  afterAll(() => stage?.stop());

  const signal = () => AbortSignal.timeout(20_000);

  function platformOf({ groups }: AsgShop, more: Partial<AsgPlatformOptions> = {}): Platform {
    const options = { region: REGION, image: 'checkout-$version', imageOwner: 'self', port: null };
    return createAsgPlatform({ ...options, groups, ...more });
  }

  async function open(options: AsgShopOptions = { size: { blue: 2 } }) {
    const shop = await openAsgShop(stage, image, options);
    return { shop, platform: platformOf(shop) };
  }

  async function group(name: string) {
    const client = new AutoScalingClient(stage.direct);
    const { AutoScalingGroups = [] } = await client.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
    );
    const [found] = AutoScalingGroups;
    const tags = Object.fromEntries((found?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    const isProtected = (found?.Instances ?? []).map(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn);
    const { MinSize: min, DesiredCapacity: desired, LaunchTemplate } = found ?? {};
    return { min, desired, template: LaunchTemplate?.Version, tags, isProtected };
  }

  platformContract('asg', async () => {
    const shop = await openAsgShop(stage, null);
    return {
      platform: platformOf(shop),
      versions: ['1.0.0', '2.0.0'],
      routeAllTo: null,
      close: async () => undefined,
    };
  });

  it('makes one version of the launch template for one of the service, which differs in its image alone', async () => {
    const { shop, platform } = await open();
    await platform.deploy('green', '2.0.0', 1, signal());
    await platform.deploy('green', '2.0.0', 2, signal());
    const { LaunchTemplateVersions = [] } = await new EC2Client(stage.direct).send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: shop.templates.green }),
    );
    expect(LaunchTemplateVersions.map(({ VersionDescription }) => VersionDescription)).toEqual([
      undefined,
      'cutover 2.0.0',
    ]);
    const [{ LaunchTemplateData: one } = {}, { LaunchTemplateData: other } = {}] = LaunchTemplateVersions;
    expect(other).toEqual({ ...one, ImageId: other?.ImageId });
    expect(other?.ImageId).not.toBe(one?.ImageId);
  });

  it('takes an AMI by its ID, and names one that is not there', async () => {
    const { platform } = await open();
    await platform.deploy('green', image, 1, signal());
    expect((await platform.inspect('green', signal())).version).toBe(image);
    await expect(platform.deploy('green', '9.9.9', 1, signal())).rejects.toMatchObject({
      code: 'CUTOVER_AWS_NOT_FOUND',
      message: 'no AMI is named checkout-9.9.9 (owner self)',
    });
    const unnamed = createAsgPlatform({
      region: REGION,
      groups: (await open()).shop.groups,
      image: null,
      imageOwner: 'self',
      port: null,
    });
    await expect(unnamed.deploy('green', '2.0.0', 1, signal())).rejects.toMatchObject({ code: 'CUTOVER_PLAN_VALUE' });
  });

  it('holds the lower bound at the size, protects the active colour, and gives both back at the end', async () => {
    const { shop, platform } = await open();
    await awaitColour(platform, 'blue', ({ ready }) => ready === 2);
    await platform.deploy('green', '2.0.0', 2, signal());
    await awaitColour(platform, 'green', ({ ready }) => ready === 2);
    expect(await group(shop.groups.green)).toMatchObject({ min: 2, desired: 2, tags: { 'cutover:min-size': '0' } });
    expect(await group(shop.groups.blue)).toMatchObject({ min: 2, isProtected: [true, true] });
    // The lease shrinks blue, and then it is freed.
    await platform.scale('blue', 1, signal());
    expect(await group(shop.groups.blue)).toMatchObject({ min: 1, desired: 1, isProtected: [false] });
    await platform.remove('blue', signal());
    expect(await group(shop.groups.blue)).toMatchObject({ min: 0, desired: 0, tags: { 'cutover:min-size': '2' } });
    // What serves now is never let below what served before.
    expect(await group(shop.groups.green)).toMatchObject({ min: 2, desired: 2, tags: {} });
  });

  it('gives the active colour back as it was when the candidate is freed', async () => {
    const { shop, platform } = await open();
    await platform.deploy('green', '2.0.0', 3, signal());
    await platform.remove('green', signal());
    expect(await group(shop.groups.blue)).toMatchObject({ min: 2, desired: 2, tags: {}, isProtected: [false, false] });
    expect(await group(shop.groups.green)).toMatchObject({ min: 0, desired: 0 });
  });

  it('refuses a size above the upper bound before anything is written', async () => {
    const { shop, platform } = await open();
    await expect(platform.scale('green', 11, signal())).rejects.toMatchObject({
      code: 'CUTOVER_AWS_REFUSED',
      message: `the group ${shop.groups.green} may have 10 instances at most, and 11 are asked for: raise its MaxSize`,
    });
    expect(await group(shop.groups.green)).toMatchObject({ min: 0, desired: 0, tags: {} });
  });

  describe('says why', () => {
    it('an instance is not ready', async () => {
      const { platform } = await open();
      runner.stuck.set('2', 'Pending:Wait');
      await platform.deploy('green', '2.0.0', 1, signal());
      const { ready, instances } = await platform.inspect('green', signal());
      expect([ready, instances.map(({ reason }) => reason)]).toEqual([
        0,
        ['Pending:Wait: its lifecycle hook is not completed'],
      ]);
    });

    it('there are fewer than asked for', async () => {
      const { shop, platform } = await open();
      const reason = 'We currently do not have sufficient t3.micro capacity';
      runner.exhausted.set(shop.groups.green, reason);
      await platform.deploy('green', '2.0.0', 1, signal());
      const { instances } = await platform.inspect('green', signal(), 1);
      expect(instances).toEqual([{ id: `group/${shop.groups.green}`, url: null, ready: false, reason }]);
    });

    it('a target is not healthy', async () => {
      const arn = `arn:aws:elasticloadbalancing:${REGION}:123456789012:targetgroup/x/1`;
      const { shop, platform } = await open({ size: { blue: 1 }, targetGroups: {} });
      await awaitColour(platform, 'blue', ({ ready }) => ready === 1);
      const [{ id } = { id: '' }] = (await platform.inspect('blue', signal())).instances;
      const named = `<TargetGroupARNs><member>${arn}</member></TargetGroupARNs>`;
      stage.proxy.intercept(isAction('DescribeAutoScalingGroups'), async (pass) => {
        const answer = await pass();
        return { ...answer, body: answer.body.replace('<TargetGroupARNs/>', named) };
      });
      stage.proxy.intercept(isAction('DescribeTargetHealth'), async () => {
        const health = '<TargetHealth><State>initial</State><Reason>Elb.RegistrationInProgress</Reason></TargetHealth>';
        const member = `<member><Target><Id>${id}</Id></Target>${health}</member>`;
        const body = `<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>${member}</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`;
        return { status: 200, headers: { 'content-type': 'text/xml' }, body };
      });
      const { ready, instances } = await platformOf(shop).inspect('blue', signal());
      expect([ready, instances[0]?.reason]).toEqual([0, 'its target is initial: Elb.RegistrationInProgress']);
    });
  });

  it('tells where its instances answer when the plan gives the port', async () => {
    const { shop } = await open({ size: { blue: 1 } });
    const { instances } = await platformOf(shop, { port: 8080 }).inspect('blue', signal());
    expect(instances[0]?.url).toMatch(/^http:\/\/10\.\d+\.\d+\.\d+:8080$/);
  });

  it('costs one round of calls however often a wait looks', async () => {
    const { platform } = await open();
    await platform.inspect('blue', signal(), 90_000);
    const before = stage.proxy.calls.length;
    for (let look = 0; look < 50; look += 1) await platform.inspect('blue', signal(), 90_000);
    expect(stage.proxy.calls.length).toBe(before);
  });

  it('compares the groups, and shows user data as its hash', async () => {
    const userData = (token: string) => Buffer.from(`#!/bin/sh\nexec app --token=${token}`).toString('base64');
    const { shop, platform } = await open({
      size: { blue: 1 },
      templates: {
        blue: { UserData: userData('TOPSECRET') },
        green: { InstanceType: 't3.small', UserData: userData('OTHERSECRET') },
      },
    });
    await new AutoScalingClient(stage.direct).send(
      new PutLifecycleHookCommand({
        AutoScalingGroupName: shop.groups.green,
        LifecycleHookName: 'warm',
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      }),
    );
    const differences = (await platform.compare('blue', signal())) ?? [];
    const paths = differences.map(({ path }) => path);
    expect(paths).toContain('launchTemplate.InstanceType');
    expect(paths).toContain('launchTemplate.userData');
    expect(paths.some((path) => path.startsWith('lifecycleHooks.warm'))).toBe(true);
    const shown = differences.find(({ path }) => path === 'launchTemplate.userData');
    expect(shown?.active).toMatch(/^sha256:[0-9a-f]{8}$/);
    const same = await open({ size: { blue: 1 } });
    expect(await same.platform.compare('blue', signal())).toEqual([]);
  });

  it('says which group is not there', async () => {
    const platform = platformOf({ groups: { blue: 'gone', green: 'gone-too' }, templates: { blue: '', green: '' } });
    await expect(platform.inspect('blue', signal())).rejects.toMatchObject({
      code: 'CUTOVER_AWS_NOT_FOUND',
      message: 'there is no Auto Scaling group "gone" in this region',
    });
  });

  describe('when a call of a deploy is', () => {
    const ACTIONS = [
      'DescribeAutoScalingGroups',
      'DescribeImages',
      'DescribeLaunchTemplateVersions',
      'CreateLaunchTemplateVersion',
      'CreateOrUpdateTags',
      'SetInstanceProtection',
      'UpdateAutoScalingGroup',
      'StartInstanceRefresh',
    ];
    const FAULTS: [string, AwsFault, string][] = [
      ['throttled', throttled, 'CUTOVER_AWS_THROTTLED'],
      ['answered with 500', unwell, 'CUTOVER_AWS_UNWELL'],
      ['cut before it', cutBefore, 'CUTOVER_AWS_UNREACHABLE'],
      ['cut after it', cutAfter, 'CUTOVER_AWS_UNREACHABLE'],
      ['not allowed', refused(403, 'AccessDenied', 'not authorized'), 'CUTOVER_AWS_FORBIDDEN'],
    ];
    it.each(FAULTS)('%s, the next attempt ends it, with one version of the template', async (_, fault, code) => {
      for (const action of ACTIONS) {
        const { shop, platform } = await open({ size: { blue: 1, green: 1 } });
        await awaitColour(platform, 'blue', ({ ready }) => ready === 1);
        await awaitColour(platform, 'green', ({ ready }) => ready === 1);
        stage.proxy.intercept(isAction(action), fault);
        const outcome = await platform.deploy('green', '2.0.0', 2, signal()).catch((error: unknown) => error);
        expect({ action, outcome }).toMatchObject({ action, outcome: { code } });
        await platform.deploy('green', '2.0.0', 2, signal());
        await awaitColour(platform, 'green', ({ version, ready }) => version === '2.0.0' && ready === 2);
        expect({ action, ...(await group(shop.groups.green)) }).toMatchObject({
          min: 2,
          desired: 2,
          template: '2',
          tags: { 'cutover:min-size': '1' },
        });
      }
    });
  });

  it('obeys its signal while a call hangs', async () => {
    const { platform } = await open();
    const held = stage.proxy.hold(isAction('DescribeAutoScalingGroups'), 'before');
    await expect(platform.inspect('blue', AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' });
    held.release();
  });

  it('has asked for exactly what its policy allows', () => {
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('asg')));
  });
});
