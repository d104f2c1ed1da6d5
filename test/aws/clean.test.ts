import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateVersionCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ListTaskDefinitionsCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { versionIn } from '../../src/direct/aws/clean/images.ts';
import type { Leftover, Removed } from '../../src/direct/aws/clean/leftover.ts';
import { findLeftovers, removeLeftovers } from '../../src/direct/aws/clean.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Plan } from '../../src/plan/types.ts';
import { makeImage, openAsgShop } from '../support/aws/asg-shop.ts';
import { type EcsShop, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { isAction, type Layer, refused, throttled } from '../support/aws/fault-proxy.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('cutover clean', () => {
  let stage: AwsStage;
  /** `lt-…:NUMBER` of what EC2 was told to delete, which moto cannot. */
  const deleted: string[] = [];

  beforeAll(() => {
    stage = moto.value();
    stage.proxy.layer(templateVersions(deleted));
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  function planOf(platform: object): Plan {
    const text = JSON.stringify({
      service: 'checkout',
      version: '9.0.0',
      platform,
      router: 'local',
      metrics: 'scrape',
    });
    return loadPlan([{ name: 'plan.yaml', text }]).plan;
  }

  const find = (plan: Plan, newest = 1, versions: string[] = []) =>
    findLeftovers(plan, { newest, versions: new Set(versions) });
  const versionsOf = (leftovers: readonly Leftover[]) => leftovers.map(({ kind, version }) => `${kind} ${version}`);

  async function remove(plan: Plan, leftovers: Leftover[], snapshots = false): Promise<Removed[]> {
    const told: Removed[] = [];
    const removed = await removeLeftovers(plan, leftovers, { snapshots, onRemoved: (one) => told.push(one) });
    expect(told).toEqual(removed);
    return removed;
  }

  describe('on ECS', () => {
    let shop: EcsShop;
    let plan: Plan;

    async function register(version: string, name = IMAGE): Promise<void> {
      const { taskDefinition } = await shop.definition('blue');
      const [container] = taskDefinition?.containerDefinitions ?? [];
      await shop.ecs.send(
        new RegisterTaskDefinitionCommand({
          ...{ family: shop.familyOf('blue'), cpu: '256', memory: '512', networkMode: 'awsvpc' as const },
          requiresCompatibilities: ['FARGATE'],
          containerDefinitions: [{ ...container, image: `${name}:${version}` }],
        }),
      );
    }

    async function active(): Promise<number[]> {
      const input = { familyPrefix: shop.familyOf('blue'), status: 'ACTIVE' as const };
      const { taskDefinitionArns = [] } = await shop.ecs.send(new ListTaskDefinitionsCommand(input));
      return taskDefinitionArns.map((arn) => Number(arn.slice(arn.lastIndexOf(':') + 1))).sort((a, b) => a - b);
    }

    beforeAll(async () => {
      // The first revision runs on blue, on green one of its own family.
      shop = await openEcsShop(stage, { tags: { blue: '1.0.0', green: '2.0.0' } });
      for (const version of ['1.1.0', '1.2.0', '2.0.0', '1.3.0', '1.4.0', '1.5.0']) await register(version);
      await register('7', 'registry.example.com/other');
      plan = planOf({ ecs: { region: REGION, cluster: shop.cluster, services: shop.names } });
    });
    afterAll(() => shop?.close());

    it('lists revisions of earlier versions, and removes nothing by it', async () => {
      const before = stage.proxy.calls.length;
      expect(versionsOf(await find(plan, 2))).toEqual([
        'task_definition 1.3.0',
        'task_definition 2.0.0',
        'task_definition 1.2.0',
        'task_definition 1.1.0',
      ]);
      const asked = stage.proxy.calls.slice(before).map(({ action }) => action);
      expect(asked.every((action) => /^(Describe|List)/.test(action))).toBe(true);
    });

    it('keeps what serves, what a deployment names, and the newest', async () => {
      expect(versionsOf(await find(plan, 1, ['1.2.0', '2.0.0']))).toEqual([
        'task_definition 1.4.0',
        'task_definition 1.3.0',
        'task_definition 1.1.0',
      ]);
      expect(await find(plan, 10)).toEqual([]);
    });

    it('reads every page of a family', async () => {
      let pages = 0;
      stage.proxy.intercept(
        isAction('ListTaskDefinitions'),
        async (pass, { body }) => {
          const answer = await pass();
          const { taskDefinitionArns: all } = JSON.parse(answer.body) as { taskDefinitionArns: string[] };
          const isSecond = body.includes('"nextToken":"second"');
          pages += 1;
          const page = isSecond
            ? { taskDefinitionArns: all.slice(3) }
            : { taskDefinitionArns: all.slice(0, 3), nextToken: 'second' };
          return { ...answer, headers: {}, body: JSON.stringify(page) };
        },
        4,
      );
      const all = await find(plan, 2);
      expect(pages).toBe(4);
      stage.proxy.calm();
      expect(all).toEqual(await find(plan, 2));
    });

    it('tells of what cannot be removed, and removes the rest', async () => {
      const leftovers = await find(plan, 3, ['1.1.0', '2.0.0']);
      expect(versionsOf(leftovers)).toEqual(['task_definition 1.2.0']);
      stage.proxy.intercept(isAction('DeregisterTaskDefinition'), refused(400, 'AccessDeniedException', 'no'));
      const [denied] = await remove(plan, leftovers);
      expect(denied?.problem).toContain('ecs:DeregisterTaskDefinition');
      stage.proxy.intercept(isAction('DeregisterTaskDefinition'), throttled, 4);
      expect((await remove(plan, leftovers))[0]?.problem).toContain('ThrottlingException');
      expect(await active()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });

    it('removes them, and never what serves', async () => {
      const leftovers = await find(plan);
      stage.proxy.intercept(isAction('DeregisterTaskDefinition'), throttled, 2);
      const removed = await remove(plan, leftovers);
      expect(removed.every(({ problem }) => problem === null)).toBe(true);
      // The first one serves, the seventh is the newest, the eighth is of another image.
      expect(await active()).toEqual([1, 7, 8]);
      expect(await find(plan)).toEqual([]);
    });
  });

  describe('on Auto Scaling groups', () => {
    let plan: Plan;
    let template: string;
    let ec2: EC2Client;
    const images = new Map<string, string>();

    beforeAll(async () => {
      ec2 = new EC2Client(stage.direct);
      const autoscaling = new AutoScalingClient(stage.direct);
      for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0']) {
        images.set(version, await makeImage(stage, version));
      }
      const shop = await openAsgShop(stage, images.get('1.0.0') ?? '', { size: { blue: 1 } });
      template = shop.templates.blue;
      for (const version of ['1.1.0', '1.2.0', '1.3.0', '1.4.0']) {
        await ec2.send(
          new CreateLaunchTemplateVersionCommand({
            LaunchTemplateId: template,
            SourceVersion: '1',
            VersionDescription: `cutover ${version}`,
            LaunchTemplateData: { ImageId: images.get(version), InstanceType: 't3.micro' },
          }),
        );
      }
      // Of somebody else.
      await ec2.send(
        new CreateLaunchTemplateVersionCommand({
          LaunchTemplateId: template,
          VersionDescription: 'by hand',
          LaunchTemplateData: { ImageId: images.get('1.1.0'), InstanceType: 't3.micro' },
        }),
      );
      await autoscaling.send(
        new UpdateAutoScalingGroupCommand({
          AutoScalingGroupName: shop.groups.blue,
          LaunchTemplate: { LaunchTemplateId: template, Version: '3' },
        }),
      );
      const found = await autoscaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [shop.groups.blue] }),
      );
      expect(found.AutoScalingGroups?.[0]?.LaunchTemplate?.Version).toBe('3');
      autoscaling.destroy();
      plan = planOf({ asg: { region: REGION, groups: shop.groups, image: 'checkout-$version' } });
    });
    afterAll(() => ec2?.destroy());

    const own = async () => {
      const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [...images.values()] }));
      return Images.map(({ Name }) => Name).sort();
    };

    it('lists versions of launch templates that it made, and images that none names any more', async () => {
      const leftovers = await find(plan);
      // 1.2.0 serves, 1.4.0 is the newest; the image of 1.1.0 is named by what somebody else made, that of 1.0.0 by the default.
      expect(versionsOf(leftovers)).toEqual([
        'launch_template_version 1.3.0',
        'launch_template_version 1.1.0',
        'image 1.3.0',
      ]);
      expect(leftovers[0]?.id).toBe(`${template}:4`);
      expect(leftovers[2]?.snapshots).toEqual([expect.stringMatching(/^snap-/)]);
      expect(versionsOf(await find(plan, 1, ['1.3.0']))).toEqual(['launch_template_version 1.1.0']);
      expect(await find(plan, 5)).toEqual([]);
    });

    it('leaves images alone whose names the plan does not tell', async () => {
      const { kind: _, ...settings } = plan.platform as { kind: string; groups: object };
      const unnamed = planOf({ asg: { region: REGION, groups: settings.groups } });
      expect((await find(unnamed)).every(({ kind }) => kind === 'launch_template_version')).toBe(true);
    });

    it('tells what EC2 does not delete, and takes what is gone for done', async () => {
      const [first] = await find(plan);
      stage.proxy.intercept(isAction('DeleteLaunchTemplateVersions'), unsuccessful('unexpectedError'));
      const [removed] = await remove(plan, [first as Leftover]);
      expect(removed?.problem).toContain('unexpectedError');
      stage.proxy.intercept(
        isAction('DeleteLaunchTemplateVersions'),
        unsuccessful('launchTemplateVersionDoesNotExist'),
      );
      expect(await remove(plan, [first as Leftover])).toEqual([{ id: first?.id, problem: null }]);
    });

    it('removes them, and their snapshots only when it is asked for', async () => {
      const leftovers = await find(plan);
      const image = leftovers.filter(({ kind }) => kind === 'image');
      expect(await remove(plan, leftovers)).toEqual(leftovers.map(({ id }) => ({ id, problem: null })));
      expect(deleted).toEqual([`${template}:4`, `${template}:2`]);
      expect(await own()).toEqual(['checkout-1.0.0', 'checkout-1.1.0', 'checkout-1.2.0', 'checkout-1.4.0']);
      // A second time, as after an answer that was lost: the image is gone, and so are its snapshots then.
      const [snapshot = ''] = image[0]?.snapshots ?? [];
      expect(await remove(plan, image, true)).toEqual([
        { id: image[0]?.id, problem: null },
        { id: snapshot, problem: null },
      ]);
    });
  });

  it('is for what Cutover leaves behind', async () => {
    const local = loadPlan([{ name: 'plan.yaml', text: 'service: a\nversion: 1.0.0\nplatform: local\n' }]).plan;
    await expect(find(local)).rejects.toMatchObject({ code: 'CUTOVER_USAGE' });
  });

  it('has asked for exactly what its policy allows', () => {
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('clean')));
  });

  it.each<[string, string, string | null]>([
    ['checkout-1.2.0', 'checkout-$version', '1.2.0'],
    ['checkout-1.2.0-x86', 'checkout-$version-x86', '1.2.0'],
    ['1.2-app-1.2', '$version-app-$version', '1.2'],
    ['1.2-app-1.3', '$version-app-$version', null],
    ['checkout-', 'checkout-$version', null],
    ['other-1.2.0', 'checkout-$version', null],
  ])('reads of the name %s by %s the version %s', (name, pattern, version) => {
    expect(versionIn(name, pattern)).toBe(version);
  });
});

function answer(body: string) {
  const xml = `<DeleteLaunchTemplateVersionsResponse><requestId>0</requestId>${body}</DeleteLaunchTemplateVersionsResponse>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: xml };
}

function templateVersions(deleted: string[]): Layer {
  return async (pass, call) => {
    if (call.action !== 'DeleteLaunchTemplateVersions') return pass();
    const form = new URLSearchParams(call.body);
    deleted.push(`${form.get('LaunchTemplateId')}:${form.get('LaunchTemplateVersion.1')}`);
    return answer('<successfullyDeletedLaunchTemplateVersionSet/>');
  };
}

const unsuccessful = (code: string) => async () =>
  answer(
    `<unsuccessfullyDeletedLaunchTemplateVersionSet><item><responseError><code>${code}</code><message>no</message></responseError></item></unsuccessfullyDeletedLaunchTemplateVersionSet>`,
  );
