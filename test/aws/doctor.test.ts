import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkAws } from '../../src/client/doctor/aws.ts';
import type { Check } from '../../src/client/doctor/check.ts';
import { checkPlan } from '../../src/client/doctor/plan.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Plan } from '../../src/plan/types.ts';
import { type AsgShop, makeImage, openAsgShop } from '../support/aws/asg-shop.ts';
import { type BalancedShop, openBalancedShop } from '../support/aws/balanced-shop.ts';
import { type EcsShop, openEcsShop } from '../support/aws/ecs-shop.ts';
import { isAction, refused } from '../support/aws/fault-proxy.ts';
import { ACCOUNT, type Iam, iamLayer, inTwoPages, policy } from '../support/aws/iam.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const ROLE = `arn:aws:iam::${ACCOUNT}:role/ci/cutover-worker`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/cutover-worker/i-1`;

moto.suite('cutover doctor, with a plan on AWS', () => {
  let stage: AwsStage;
  let shop: BalancedShop;
  let ecs: EcsShop;
  let asg: AsgShop;
  let listener: string;
  let zone: string;
  const iam: Iam = { statements: [], missing: [] };

  beforeAll(async () => {
    stage = moto.value();
    const client = new IAMClient(stage.direct);
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await client.send(new CreateRoleCommand({ RoleName: 'cutover-worker', Path: '/ci/', AssumeRolePolicyDocument }));
    client.destroy();
    shop = await openBalancedShop(stage);
    ecs = await openEcsShop(stage);
    const image = await makeImage(stage, '1.0.0');
    asg = await openAsgShop(stage, image, { size: { blue: 1 }, targetGroups: shop.groups });
    listener = await shop.listener([shop.forward({ blue: 1, green: 0 })]);
    const sets = ['blue', 'green'].map((SetIdentifier) => ({
      ...{ Type: 'A' as const, SetIdentifier, Weight: 1, TTL: 60 },
      ResourceRecords: [{ Value: '192.0.2.1' }],
    }));
    zone = await shop.records('www', sets);
    stage.proxy.layer(iamLayer(SESSION, iam));
  });
  afterEach(() => {
    stage.proxy.calm();
    iam.missing = [];
  });
  afterAll(() => {
    shop?.close();
    ecs?.close();
    return stage?.stop();
  });

  function allow(...names: string[]): void {
    const fill = {
      ...{ CLUSTER: ecs.cluster, FAMILY_BLUE: ecs.familyOf('blue'), FAMILY_GREEN: ecs.familyOf('green') },
      ...{ TASK_ROLE: 'shop-task', EXECUTION_ROLE: 'shop-execution', INSTANCE_ROLE: 'shop-instance' },
      ...{ TEMPLATE_BLUE: asg.templates.blue, TEMPLATE_GREEN: asg.templates.green },
      ...{ LOAD_BALANCER: shop.name, ZONE: zone, RECORD: `www.${shop.name}.example.com` },
      DISTRIBUTION: 'E2QWRUHAPOMQZL',
    };
    iam.statements = names.flatMap((name) => {
      const names = name === 'asg' ? asg.groups : ecs.names;
      return policy(name, { ...fill, BLUE: names.blue, GREEN: names.green });
    });
  }

  function planOf(changes: object = {}): Plan {
    const plan = {
      service: 'checkout',
      version: '2.0.0',
      platform: { ecs: { region: REGION, cluster: ecs.cluster, services: ecs.names } },
      router: { alb: { listener, target_groups: shop.groups } },
      metrics: 'cloudwatch',
      ...changes,
    };
    return loadPlan([{ name: 'plan.yaml', text: JSON.stringify(plan) }]).plan;
  }

  const onGroups = () => ({ platform: { asg: { region: REGION, groups: asg.groups } } });
  const behindRecords = () => ({
    router: { route53: { zone, record: `www.${shop.name}.example.com` } },
    switch: { deadline: '5m' },
    metrics: { prometheus: { url: 'http://127.0.0.1:1' } },
  });
  const hooked = () => ({
    hooks: { after_switch: [{ name: 'forget', cloudfront: { distribution: 'E2QWRUHAPOMQZL' } }] },
  });

  const named = (checks: readonly Check[]) => checks.map(({ name, state }) => `${name}: ${state}`);

  it.each<[string, string[], () => object]>([
    ['ECS behind a load balancer', ['ecs', 'alb', 'cloudwatch'], () => ({})],
    ['Auto Scaling groups', ['asg', 'alb', 'cloudwatch'], onGroups],
    ['Route 53', ['ecs', 'route53'], behindRecords],
    ['a hook of CloudFront', ['ecs', 'alb', 'cloudwatch', 'cloudfront'], hooked],
  ])('says who asks, where, and that its policies allow all that is needed of %s', async (_, names, changes) => {
    allow(...names);
    const before = stage.proxy.calls.length;
    const checks = await checkAws(planOf(changes()));
    expect(checks).toEqual([
      {
        name: 'identity (aws)',
        state: 'ok',
        detail: `${SESSION}, account ${ACCOUNT}, region ${REGION} (the plan says so)`,
        fix: null,
      },
      expect.objectContaining({ name: 'permissions (aws)', state: 'ok' }),
    ]);
    const asked = stage.proxy.calls.slice(before);
    expect(asked.every(({ action }) => /^(Describe|List|Get|Simulate)/.test(action))).toBe(true);
    const simulated = asked.filter(({ action }) => action === 'SimulatePrincipalPolicy');
    expect(simulated.every(({ body }) => body.includes(encodeURIComponent(ROLE)))).toBe(true);
  });

  it.each<[string, string[], () => object]>([
    ['ecs', ['alb', 'cloudwatch'], () => ({})],
    ['alb', ['ecs', 'cloudwatch'], () => ({})],
    ['cloudwatch', ['ecs', 'alb'], () => ({})],
    ['asg', ['alb', 'cloudwatch'], onGroups],
    ['route53', ['ecs'], behindRecords],
    ['cloudfront', ['ecs', 'alb', 'cloudwatch'], hooked],
  ])('names every action of the policy %s when it is not attached', async (missing, names, changes) => {
    allow(...names);
    const checks = await checkAws(planOf(changes()));
    const told = new Set(checks.flatMap(({ name }) => (name.startsWith('may ') ? [name.slice(4)] : [])));
    const granted = new Set(iam.statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action));
    // No rule is in the plan, and no launch template names a role.
    const unasked = ['elasticloadbalancing:ModifyRule', ...(missing === 'asg' ? ['iam:PassRole'] : [])];
    const whole = policy(missing, {}).flatMap(({ Action }) => Action);
    expect([...told].sort()).toEqual(
      [...new Set(whole)].filter((action) => !granted.has(action) && !unasked.includes(action)).sort(),
    );
  });

  it('tells a missing write with its resources and the statement, and what can be done without', async () => {
    allow('ecs', 'alb', 'cloudwatch');
    iam.statements = iam.statements.filter(
      ({ Action }) => !/UpdateService|ScalingPolicies|ListTasks/.test([Action].flat().join()),
    );
    const services = Object.values(ecs.names).map(
      (name) => `arn:aws:ecs:${REGION}:${ACCOUNT}:service/${ecs.cluster}/${name}`,
    );
    const checks = await checkAws(planOf());
    expect(checks).toContainEqual({
      name: 'may ecs:UpdateService',
      state: 'failed',
      detail: `${SESSION} may not, on ${services.join(', ')}`,
      fix: `Add the statement to the policy of the worker's role: ${JSON.stringify({ Effect: 'Allow', Action: 'ecs:UpdateService', Resource: services })}`,
    });
    expect(named(checks)).toEqual(
      expect.arrayContaining([
        'may ecs:ListTasks: failed',
        'may application-autoscaling:DescribeScalingPolicies: warning',
      ]),
    );
    const strict = await checkAws(planOf({ require_parity: true }));
    expect(named(strict)).toContain('may application-autoscaling:DescribeScalingPolicies: failed');
  });

  it('doubts what depends on keys that only a real request has', async () => {
    allow('ecs', 'alb', 'cloudwatch');
    iam.statements = iam.statements.filter(({ Action }) => Action !== 'ecs:UpdateService');
    iam.missing = ['aws:SourceVpc'];
    const [, check] = await checkAws(planOf());
    expect(check).toMatchObject({ name: 'may ecs:UpdateService', state: 'warning' });
    expect(check?.detail).toContain('its policies ask for aws:SourceVpc, which only a real request has');
    iam.statements.push({ Effect: 'Deny', Action: 'ecs:UpdateService', Resource: '*' });
    expect(named(await checkAws(planOf()))).toContain('may ecs:UpdateService: failed');
  });

  it('reads every page of an answer', async () => {
    allow('ecs', 'alb', 'cloudwatch');
    stage.proxy.intercept(isAction('SimulatePrincipalPolicy'), inTwoPages(), 100);
    expect(named(await checkAws(planOf()))).toEqual(['identity (aws): ok', 'permissions (aws): ok']);
  });

  describe('when simulating is not allowed itself', () => {
    const forbidden = refused(403, 'AccessDenied', 'not authorized to perform iam:SimulatePrincipalPolicy');

    it('says so, and tries what reads', async () => {
      stage.proxy.intercept(isAction('SimulatePrincipalPolicy'), forbidden, 100);
      stage.proxy.intercept(isAction('ListTasks'), refused(400, 'AccessDeniedException', 'no'), 10);
      stage.proxy.intercept(isAction('GetMetricData'), refused(403, 'AccessDenied', 'no'), 10);
      const checks = await checkAws(planOf());
      expect(named(checks)).toEqual([
        'identity (aws): ok',
        'permissions (aws): warning',
        'may ecs:ListTasks: failed',
        'may cloudwatch:GetMetricData: failed',
      ]);
      expect(checks[1]?.detail).toContain('cannot be simulated (iam:SimulatePrincipalPolicy: AccessDenied)');
    });

    it.each<[string, () => object, string]>([
      ['asg', onGroups, 'DescribeScalingActivities'],
      ['route53', behindRecords, 'ListResourceRecordSets'],
    ])('tries what the adapter %s reads, and changes nothing', async (_, changes, denied) => {
      stage.proxy.intercept(isAction('SimulatePrincipalPolicy'), forbidden, 100);
      stage.proxy.intercept(isAction(denied), refused(403, 'AccessDenied', 'no'), 10);
      const before = stage.proxy.calls.length;
      const checks = await checkAws(planOf(changes()));
      expect(checks.map(({ name }) => name)).toContainEqual(expect.stringMatching(new RegExp(`:${denied}$`)));
      const asked = stage.proxy.calls.slice(before).map(({ action }) => action);
      expect(asked.filter((action) => !/^(Describe|List|Get|Simulate)/.test(action))).toEqual([]);
    });
  });

  it('names credentials that are missing, or refused, and none of what they hold', async () => {
    stage.proxy.intercept(isAction('GetCallerIdentity'), refused(403, 'InvalidClientTokenId', 'AKIDTESTTESTTEST'), 10);
    const [check] = await checkAws(planOf());
    expect(check).toMatchObject({ name: 'identity (aws)', state: 'failed' });
    expect(check?.detail).toBe('sts:GetCallerIdentity on *: InvalidClientTokenId');
  });

  it.each<[string, string[], string, string]>([
    ['credentials', ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'], 'eu-west-3', 'CredentialsProviderError'],
    ['a region', ['AWS_REGION'], '', 'Region is missing'],
  ])('says that there is nothing that names %s', async (_, names, region, told) => {
    const platform = { ecs: { ...(region === '' ? {} : { region }), cluster: ecs.cluster, services: ecs.names } };
    const before = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) delete process.env[name];
    try {
      const [check] = await checkAws(planOf({ platform }));
      expect(check).toMatchObject({ name: 'identity (aws)', state: 'failed', detail: expect.stringContaining(told) });
    } finally {
      Object.assign(process.env, Object.fromEntries(before));
    }
  });

  it('is one of the checks of a plan', async () => {
    allow('ecs', 'alb', 'cloudwatch');
    const names = named(await checkPlan(planOf(), 'http://127.0.0.1:1'));
    expect(names).toEqual(
      expect.arrayContaining(['platform (ecs): ok', 'router (alb): ok', 'identity (aws): ok', 'permissions (aws): ok']),
    );
  });

  it('names another region, and another account, than those of the load balancer', async () => {
    allow('ecs', 'alb', 'cloudwatch');
    const elsewhere = planOf({
      platform: { ecs: { region: 'us-west-2', cluster: ecs.cluster, services: ecs.names } },
      router: { alb: { listener: listener.replace(ACCOUNT, '210987654321'), target_groups: shop.groups } },
    });
    const checks = await checkAws(elsewhere);
    expect(checks[1]).toMatchObject({ name: 'place (aws)', state: 'failed' });
    expect(checks[1]?.detail).toContain(`but the load balancer is in region ${REGION} and account 210987654321`);
    // Its task definitions are not there to be read.
    const register = checks.find(({ name }) => name === 'may ecs:RegisterTaskDefinition');
    expect(register).toMatchObject({ state: 'warning', detail: expect.stringContaining('cannot be read') });
  });

  it('asks nothing of AWS for a plan that is elsewhere', async () => {
    const before = stage.proxy.calls.length;
    const local = loadPlan([{ name: 'plan.yaml', text: 'service: a\nversion: 1.0.0\nplatform: local\n' }]).plan;
    expect(await checkAws(local)).toEqual([]);
    expect(stage.proxy.calls).toHaveLength(before);
  });
});
