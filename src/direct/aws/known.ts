/** Who asks AWS, where, and what a plan's objects are called. Reads only. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { awsService } from '../../adapters/aws/service.ts';
import { createGroups, templateOf } from '../../adapters/platforms/asg/group.ts';
import { createTemplates } from '../../adapters/platforms/asg/template.ts';
import { createEcsApi } from '../../adapters/platforms/ecs/api.ts';
import { definitionOf, readServices } from '../../adapters/platforms/ecs/services.ts';
import { readDefinition } from '../../adapters/platforms/ecs/task-definitions.ts';
import { settingsOf } from '../../adapters/settings.ts';
import { ecsPlatform } from '../../plan/schema/platforms.ts';
import type { OtherAdapterPlan, Plan } from '../../plan/types.ts';
import { groupNamesOf, type Known, placesOf } from './resources.ts';

export interface Identity {
  arn: string;
  account: string;
  partition: string;
  region: string;
  /** What says so: `the plan`, `the ARN of its listener`, `the SDK's default chain`. */
  regionFrom: string;
}

const ARN = /^arn:[^:]+:elasticloadbalancing:([^:]+):([^:]+):/;

/** CUTOVER_AWS_CREDENTIALS without any; CUTOVER_AWS_CONFIG when nothing says where. */
export async function identify(plan: Plan, signal: AbortSignal): Promise<Identity> {
  const { region: named, from } = namedRegion(plan);
  const sts = awsService('sts', named);
  const {
    Arn: arn = '',
    Account: account = '',
    region,
  } = await sts.read('GetCallerIdentity', '*', signal, async ({ sdk, client }, options) => ({
    ...(await client.send(new sdk.GetCallerIdentityCommand({}), options)),
    region: await client.config.region(),
  }));
  return { arn, account, partition: arn.split(':')[1] ?? 'aws', region, regionFrom: from };
}

/** Null: that of the SDK's default chain. A platform without one is where the chain says, wherever its load balancer is. */
function namedRegion({ platform, router, metrics }: Plan): { region: string | null; from: string } {
  const chain = { region: null, from: "the SDK's default chain" };
  const named = regionIn(platform);
  if (named !== null) return { region: named, from: 'the plan' };
  if (platform.kind === 'ecs' || platform.kind === 'asg' || router.kind === 'route53') return chain;
  const region = regionIn(router) ?? regionIn(metrics.config);
  if (region !== null) return { region, from: 'the plan' };
  const [inArn] = arnsOf(router);
  return inArn === undefined ? chain : { region: inArn.region, from: 'the ARN of its load balancer' };
}

function regionIn(adapter: object): string | null {
  const { region } = adapter as { region?: unknown };
  return typeof region === 'string' ? region : null;
}

function arnsOf(router: Plan['router']): { region: string; account: string }[] {
  return placesOf(router).flatMap((arn) => {
    const [, region, account] = ARN.exec(arn) ?? [];
    return region === undefined || account === undefined ? [] : [{ region, account }];
  });
}

/** Where else, and whose, the plan's load balancers are: `region eu-west-1`, `account 123456789012`. */
export function elsewhereOf({ router }: Plan, { region, account }: Identity): string[] {
  const named = arnsOf(router).flatMap((its) => [
    ...(its.region === region ? [] : [`region ${its.region}`]),
    ...(its.account === account ? [] : [`account ${its.account}`]),
  ]);
  return [...new Set(named)];
}

/** What cannot be read stays unknown: the permission to read it is asked for elsewhere. */
export async function learn(plan: Plan, identity: Identity, signal: AbortSignal): Promise<Known> {
  const { partition, account, region } = identity;
  const nothing = { families: null, roles: null, groups: null, templates: null };
  const found = await learnPlatform(plan, region, signal).catch(() => {
    signal.throwIfAborted();
    return {};
  });
  return { partition, account, region, ...nothing, ...found };
}

async function learnPlatform(plan: Plan, region: string, signal: AbortSignal): Promise<Partial<Known>> {
  if (plan.platform.kind === 'ecs') return learnServices(plan.platform, region, signal);
  const names = groupNamesOf(plan);
  if (names.length === 0) return {};
  const groups = await createGroups(region).read(names, 'read', signal);
  return {
    groups: groups.map(({ AutoScalingGroupARN: arn = '' }) => arn),
    templates: groups.map((group) => templateOf(group).id),
    roles: await rolesOf(groups, region, signal),
  };
}

async function learnServices(platform: Plan['platform'], region: string, signal: AbortSignal): Promise<Partial<Known>> {
  const { cluster, services } = settingsOf(ecsPlatform, platform as OtherAdapterPlan);
  const api = createEcsApi({ region, cluster });
  const found = await readServices(api, Object.values(services), 'read', signal);
  const definitions = await Promise.all(
    found.map((service) => readDefinition(api, definitionOf(service), 'read', signal)),
  );
  const roles = definitions.flatMap(({ taskRoleArn, executionRoleArn }) => [taskRoleArn, executionRoleArn]);
  return {
    families: definitions.map(({ family = '' }) => family),
    roles: roles.filter((role) => role !== undefined),
  };
}

/** Null: instance profiles are named, and IAM alone knows their roles. Empty: there are none. */
async function rolesOf(
  groups: readonly AutoScalingGroup[],
  region: string,
  signal: AbortSignal,
): Promise<string[] | null> {
  const templates = createTemplates({ region, image: null, imageOwner: 'self' });
  const found = await Promise.all(
    groups.map((group) => {
      const { id, number } = templateOf(group);
      return templates.find(id, number, signal);
    }),
  );
  return found.some(({ data }) => data.IamInstanceProfile !== undefined) ? null : [];
}
