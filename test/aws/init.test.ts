import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/client/cli.ts';
import type { Answers } from '../../src/client/init/answers.ts';
import { type LiveOptions, lookAt } from '../../src/client/init/look-at.ts';
import { answersFor, flagsFor, type InitFlags } from '../../src/client/init/questions.ts';
import { writePlan } from '../../src/client/init/write-plan.ts';
import type { LiveAws } from '../../src/direct/aws/live.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Colour } from '../../src/plan/types.ts';
import { makeImage, openAsgShop } from '../support/aws/asg-shop.ts';
import { type BalancedShop, type BalancedShopOptions, openBalancedShop } from '../support/aws/balanced-shop.ts';
import { type EcsShop, type EcsShopOptions, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { type AwsFault, isAction, refused } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import type { ProxiedAnswer } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const NOWHERE = {
  ...{ namespace: undefined, context: undefined, label: undefined, container: undefined },
  ...{ listener: undefined, rule: undefined, zone: undefined, record: undefined },
  ...{ region: undefined, cluster: undefined, blue: undefined, green: undefined },
};
const READS = /^(Describe|List|Get)/;

moto.suite('cutover init aws', () => {
  let stage: AwsStage;
  const opened: { close(): void }[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'cutover-init-aws-'));
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => {
    for (const one of opened) one.close();
    rmSync(folder, { recursive: true, force: true });
    process.exitCode = 0;
    return stage?.stop();
  });

  async function balanced(options?: BalancedShopOptions): Promise<BalancedShop> {
    const shop = await openBalancedShop(stage, options);
    opened.push(shop);
    return shop;
  }

  async function services(groups: Record<Colour, string>, options: EcsShopOptions = {}): Promise<EcsShop> {
    const shop = await openEcsShop(stage, {
      tags: { blue: '2.4.1', green: '2.4.0' },
      service: (colour) => ({
        loadBalancers: [{ targetGroupArn: groups[colour], containerName: 'app', containerPort: 8080 }],
      }),
      ...options,
    });
    opened.push(shop);
    return shop;
  }

  const look = (given: LiveOptions, flags: InitFlags = { service: 'checkout' }) =>
    lookAt('aws', flags, { ...NOWHERE, ...given }) as Promise<LiveAws>;

  async function planOf(given: LiveOptions, flags: InitFlags = { service: 'checkout' }) {
    const live = await look(given, flags);
    const answers: Answers = { ...(await answersFor(flagsFor(flags, live), null)), live };
    const text = writePlan(answers);
    return { text, ...loadPlan([{ name: 'cutover.yaml', text }]) };
  }

  describe('of a listener before two ECS services', () => {
    let shop: BalancedShop;
    let ecs: EcsShop;
    let listener: string;
    beforeAll(async () => {
      shop = await balanced();
      ecs = await services(shop.groups, { desired: { blue: 3, green: 0 } });
      listener = await shop.listener([shop.forward({ blue: 1, green: 0 })]);
    });

    it('names them, the version that runs, and CloudWatch, in a plan that can be read', async () => {
      const { plan, text, warnings } = await planOf({ listener });
      expect(plan).toMatchObject({
        service: 'checkout',
        version: '2.4.1',
        platform: { kind: 'ecs', region: REGION, cluster: ecs.cluster, services: ecs.names, image: IMAGE },
        router: { kind: 'alb', listener, target_groups: shop.groups },
        metrics: { kind: 'cloudwatch' },
        switch: { strategy: 'instant' },
      });
      expect(plan.platform).not.toHaveProperty('container');
      expect(text).toContain('The listener gave blue 100 % and green 0 %');
      expect(text).toContain('blue ran 3 tasks of 2.4.1');
      expect(warnings).toEqual([]);
    });

    it('is written by the command, which says what to do next', async () => {
      const file = join(folder, 'aws.yaml');
      await main(['init', 'aws', '--service', 'checkout', '--listener', listener, '--out', file]);
      expect(process.exitCode).toBe(0);
      const { plan } = loadPlan([{ name: file, text: readFileSync(file, 'utf8') }]);
      expect(plan).toMatchObject({ version: '2.4.1', router: { listener } });
    });

    it('is also valid step by step, and validated at 1 %', async () => {
      for (const flags of [{ steps: [5, 25, 100] }, { strategy: 'validation' as const }]) {
        const { plan } = await planOf({ listener }, { service: 'checkout', ...flags });
        expect(plan.switch.strategy).toBe(flags.steps === undefined ? 'validation' : 'gradual');
      }
    });

    it('changes nothing, and searches no other cluster than the one that is named', async () => {
      const before = stage.proxy.calls.length;
      await look({ listener, cluster: ecs.cluster });
      const actions = stage.proxy.calls.slice(before).map(({ action }) => action);
      expect(actions.filter((action) => !READS.test(action))).toEqual([]);
      expect(actions).not.toContain('ListClusters');
    });

    it('reads every page of clusters, services and groups', async () => {
      const first = await look({ listener });
      for (const [action, fault] of Object.entries({
        ListServices: onSecondPage('{"serviceArns": [], "nextToken": "two"}'),
        DescribeAutoScalingGroups: onSecondPage(
          xmlPage('DescribeAutoScalingGroups', '<AutoScalingGroups/>', 'NextToken'),
        ),
      }))
        stage.proxy.intercept(isAction(action), fault, 2);
      const before = stage.proxy.calls.length;
      expect(await look({ listener, cluster: ecs.cluster })).toEqual(first);
      const asked = stage.proxy.calls.slice(before).map(({ action }) => action);
      expect(asked.filter((action) => action === 'ListServices')).toHaveLength(2);
      expect(asked.filter((action) => action === 'DescribeAutoScalingGroups')).toHaveLength(2);
      stage.proxy.calm();
      stage.proxy.intercept(isAction('ListClusters'), onSecondPage('{"clusterArns": [], "nextToken": "two"}'), 2);
      expect(await look({ listener })).toEqual(first);
    });

    it('tells of stickiness, and reckons with it', async () => {
      const TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: 300 };
      const sticky = await shop.listener([shop.forward({ blue: 0, green: 10 }, { TargetGroupStickinessConfig })]);
      const { plan, text } = await planOf({ listener: sticky });
      expect(text).toContain('Clients stay on their target group for 5m');
      expect(plan).toMatchObject({ version: '2.4.0', router: { sticky_for: '5m' }, switch: { deadline_ms: 360_000 } });
    });

    it('takes the container behind the load balancer when there are several', async () => {
      const other = await balanced();
      const containers = [
        { name: 'sidecar', image: 'registry.example.com/proxy:1' },
        { name: 'app', image: `${IMAGE}:7` },
      ];
      await services(other.groups, { definition: () => ({ containerDefinitions: containers }) });
      const two = await other.listener([other.forward({ blue: 100, green: 0 })]);
      expect((await planOf({ listener: two })).plan).toMatchObject({ version: '7', platform: { container: 'app' } });
    });

    it('tells a missing permission by its action', async () => {
      stage.proxy.intercept(isAction('ListServices'), refused(400, 'AccessDeniedException', 'not authorized'), 20);
      await expect(look({ listener })).rejects.toMatchObject({
        code: 'CUTOVER_AWS_FORBIDDEN',
        details: { action: 'ecs:ListServices' },
      });
    });
  });

  it('of a Network Load Balancer judges no requests, which it does not count', async () => {
    const shop = await balanced({ type: 'network' });
    await services(shop.groups);
    // moto gives every listener an ARN of an Application Load Balancer.
    const listener = (await shop.listener([shop.forward({ blue: 1, green: 0 })])).replace(
      'listener/app/',
      'listener/net/',
    );
    stage.proxy.intercept(isAction('DescribeListeners'), (pass, call) => {
      call.body = call.body.replace('listener%2Fnet%2F', 'listener%2Fapp%2F');
      return pass();
    });
    const { plan, text, warnings } = await planOf({ listener });
    expect(plan).toMatchObject({ router: { kind: 'nlb', listener }, switch: { strategy: 'instant' } });
    expect(text).toContain('A Network Load Balancer gives a colour all traffic or none.');
    expect(warnings).toEqual([]);
  });

  describe('of a rule before two Auto Scaling groups', () => {
    it('names them, and how their AMIs are named', async () => {
      const shop = await balanced({ suffixes: { blue: 'one', green: 'two' } });
      const image = await makeImage(stage, '5.0.1');
      const asg = await openAsgShop(stage, image, { size: { blue: 0, green: 2 }, targetGroups: shop.groups });
      const listener = await shop.listener([shop.forward({ blue: 1, green: 1 })]);
      const rule = await shop.rule(listener, [shop.forward({ blue: 0, green: 5 })]);
      const names = { blue: `${shop.name}-one`, green: `${shop.name}-two` };
      await expect(look({ rule })).rejects.toMatchObject({
        code: 'CUTOVER_USAGE',
        message: expect.stringContaining('which is blue cannot be told; name both with --blue and --green'),
      });
      const byId = await planOf({ rule, ...names });
      expect(byId.plan).toMatchObject({
        version: image,
        platform: { kind: 'asg', region: REGION, groups: asg.groups },
        router: { kind: 'alb', rule, target_groups: shop.groups },
      });
      expect(byId.text).toContain('green ran 2 instances');
    });

    it('tells which version a template of Cutover was made for', async () => {
      const shop = await balanced();
      const image = await makeImage(stage, '5.0.2');
      const asg = await openAsgShop(stage, image, { size: { blue: 1 }, targetGroups: shop.groups });
      await asgVersion(stage, asg.templates.blue, asg.groups.blue, image, '5.0.2');
      const listener = await shop.listener([shop.forward({ blue: 1, green: 0 })]);
      const { plan } = await planOf({ listener });
      expect(plan).toMatchObject({ version: '5.0.2', platform: { image: 'checkout-$version' } });
    });
  });

  describe('of two weighted records', () => {
    it('names them, and what is behind the load balancers that they lead to', async () => {
      const shop = await balanced();
      const ecs = await services(shop.groups);
      const dns = await shop.balancers();
      const zone = await shop.records('www', [
        { Type: 'CNAME', SetIdentifier: 'blue', Weight: 255, TTL: 120, ResourceRecords: [{ Value: dns.blue }] },
        { Type: 'CNAME', SetIdentifier: 'green', Weight: 0, TTL: 60, ResourceRecords: [{ Value: dns.green }] },
      ]);
      const record = `www.${shop.name}.example.com`;
      const balancers = onSecondPage(xmlPage('DescribeLoadBalancers', '<LoadBalancers/>', 'NextMarker'));
      stage.proxy.intercept(isAction('DescribeLoadBalancers'), balancers, 4);
      const { plan, text } = await planOf({ zone, record });
      expect(plan).toMatchObject({
        version: '2.4.1',
        platform: { kind: 'ecs', cluster: ecs.cluster, services: ecs.names },
        router: { kind: 'route53', zone, record, type: 'CNAME' },
        switch: { deadline_ms: 360_000 },
      });
      expect(text).toContain(`TargetGroup: targetgroup/${shop.name}-green/`);
      const foreign = await shop.records('www', [
        { Type: 'A', SetIdentifier: 'blue', Weight: 1, TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] },
        { Type: 'A', SetIdentifier: 'green', Weight: 0, TTL: 60, ResourceRecords: [{ Value: '192.0.2.2' }] },
      ]);
      await expect(look({ zone: foreign, record })).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('192.0.2.1, which is no load balancer of this account and region'),
      });
    });

    it('refuses what is not there, and what has no weight', async () => {
      const shop = await balanced();
      const zone = await shop.records('www', [{ Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] }]);
      await expect(look({ zone, record: `www.${shop.name}.example.com` })).rejects.toMatchObject({
        message: expect.stringContaining('has no weight; both must be weighted'),
      });
      await expect(look({ zone, record: `api.${shop.name}.example.com` })).rejects.toMatchObject({
        code: 'CUTOVER_AWS_NOT_FOUND',
      });
    });
  });

  describe('refuses', () => {
    let shop: BalancedShop;
    beforeAll(async () => {
      shop = await balanced();
    });

    it('a listener of one target group, and one that does not forward', async () => {
      const one = await shop.listener([{ Type: 'forward', TargetGroupArn: shop.groups.blue }]);
      await expect(look({ listener: one })).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('it must be two, one of each colour'),
      });
      const fixed = await shop.listener([{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }]);
      await expect(look({ listener: fixed })).rejects.toThrow('has the actions fixed-response');
    });

    it('equal weights, since neither is active', async () => {
      const listener = await shop.listener([shop.forward({ blue: 5, green: 5 })]);
      await expect(look({ listener })).rejects.toThrow('which is active cannot be told');
    });

    it('target groups that nothing registers targets in, or two services do', async () => {
      const listener = await shop.listener([shop.forward({ blue: 1, green: 0 })]);
      await expect(look({ listener })).rejects.toThrow('neither an ECS service nor an Auto Scaling group registers');
      await services(shop.groups);
      await services(shop.groups);
      await expect(look({ listener })).rejects.toThrow('it must be one of them');
    });

    it.each<[LiveOptions, InitFlags, string]>([
      [{}, { service: 'checkout' }, 'write one of --listener ARN, --rule ARN, or --zone ID with --record NAME'],
      [{ zone: 'Z1' }, { service: 'checkout' }, 'write one of --listener ARN'],
      [{ listener: 'a', rule: 'b' }, { service: 'checkout' }, 'write one of --listener ARN'],
      [{ listener: 'shop' }, { service: 'checkout' }, '`shop` is no ARN of a listener'],
      [{ listener: 'a', blue: 'one' }, { service: 'checkout' }, '--blue and --green go together'],
      [{ listener: 'a' }, {}, '--service is missing'],
      [{ listener: 'a' }, { service: 'checkout', platform: 'kubernetes' }, 'does not go with `cutover init aws`'],
      [{ listener: 'a', context: 'c' }, { service: 'checkout' }, '--context is for `cutover init kubernetes`'],
    ])('%j with %j', async (given, flags, message) => {
      await expect(look(given, flags)).rejects.toThrow(message);
    });
  });
});

/** All is on the second page; the first one is `empty`, and names it `two`. */
function onSecondPage(empty: string): AwsFault {
  let real: ProxiedAnswer | null = null;
  return async (pass, { body }) => {
    if (/two/.test(body) && real !== null) return real;
    real = await pass();
    return { ...real, headers: { 'content-type': real.headers['content-type'] }, body: empty };
  };
}

function xmlPage(action: string, list: string, token: string): string {
  return `<${action}Response><${action}Result>${list}<${token}>two</${token}></${action}Result></${action}Response>`;
}

async function asgVersion(
  stage: AwsStage,
  template: string,
  group: string,
  image: string,
  version: string,
): Promise<void> {
  const { CreateLaunchTemplateVersionCommand, EC2Client } = await import('@aws-sdk/client-ec2');
  const { AutoScalingClient, UpdateAutoScalingGroupCommand } = await import('@aws-sdk/client-auto-scaling');
  const ec2 = new EC2Client(stage.direct);
  const autoscaling = new AutoScalingClient(stage.direct);
  const { LaunchTemplateVersion: made } = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: template,
      SourceVersion: '1',
      VersionDescription: `cutover ${version}`,
      LaunchTemplateData: { ImageId: image, InstanceType: 't3.micro' },
    }),
  );
  await autoscaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: group,
      LaunchTemplate: { LaunchTemplateId: template, Version: String(made?.VersionNumber) },
    }),
  );
}
