/** What of AWS a plan's adapters ask for, each action with the ARNs that it is about. Pure. */
import { settingsOf } from '../../adapters/settings.ts';
import { asgPlatform, ecsPlatform } from '../../plan/schema/platforms.ts';
import type { OtherAdapterPlan, Plan } from '../../plan/types.ts';
import { AWS_ACTIONS, type AwsAction, type AwsAdapter, type ResourceKind } from './requests.ts';

/** Who asks, where, and what was found of the plan's objects. */
export interface Known {
  partition: string;
  account: string;
  region: string;
  /** Families of the task definitions; null: not known, as below. */
  families: string[] | null;
  roles: string[] | null;
  groups: string[] | null;
  /** IDs of the launch templates. */
  templates: string[] | null;
}

export interface AwsRequest {
  action: string;
  /** Null: not known, so that whether the action is allowed is a guess. */
  resources: string[] | null;
  /** Condition keys, as the request would carry them. */
  context: Record<string, string | string[]>;
  /** What comes of a deployment without it; null: it fails. */
  otherwise: string | null;
}

const NO_PARITY = 'the colours cannot be compared';

/** Empty: nothing of the plan is on AWS. */
export function adaptersOf({ platform, router, metrics, hooks }: Plan): AwsAdapter[] {
  const kinds: Record<string, AwsAdapter> = { ecs: 'ecs', asg: 'asg', alb: 'alb', nlb: 'alb', route53: 'route53' };
  const found = [kinds[platform.kind], kinds[router.kind]].filter((kind) => kind !== undefined);
  if (metrics.kind === 'cloudwatch') found.push('cloudwatch');
  if (distributionsOf(hooks).length > 0) found.push('cloudfront');
  return found;
}

export function requestsOf(plan: Plan, known: Known): AwsRequest[] {
  return adaptersOf(plan).flatMap((adapter) =>
    AWS_ACTIONS[adapter].flatMap((action): AwsRequest[] => {
      const its = resourcesOf(action.on, plan, known);
      if (its.resources?.length === 0) return [];
      return [{ action: action.action, ...its, otherwise: otherwiseOf(action, plan) }];
    }),
  );
}

function otherwiseOf({ otherwise, parity }: AwsAction, plan: Plan): string | null {
  return parity === true && !plan.require_parity ? NO_PARITY : (otherwise ?? null);
}

type About = Pick<AwsRequest, 'resources' | 'context'>;

function resourcesOf(on: ResourceKind, plan: Plan, known: Known): About {
  const { partition, account, region } = known;
  const arn = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const ec2 = (id: string) => arn('ec2', `launch-template/${id}`);
  const families = known.families?.map((family) => arn('ecs', `task-definition/${family}:*`)) ?? null;
  switch (on) {
    case 'any':
      return about(['*']);
    case 'the tasks of a cluster':
      return about(['*'], { 'ecs:cluster': arn('ecs', `cluster/${ecsOf(plan).cluster}`) });
    case 'services':
      return about(servicesOf(plan).map((name) => arn('ecs', `service/${name}`)));
    case 'tasks':
      return about([arn('ecs', `task/${ecsOf(plan).cluster}/*`)]);
    case 'task definitions':
      return about(families);
    case 'tags of task definitions':
      return about(families, { 'ecs:CreateAction': 'RegisterTaskDefinition' });
    case 'tags of services':
      return about(
        servicesOf(plan).map((name) => arn('ecs', `service/${name}`)),
        { 'aws:TagKeys': ['cutover:min-capacity'] },
      );
    case 'roles of tasks':
      return about(known.roles, { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' });
    case 'scalable targets':
      return about([arn('application-autoscaling', 'scalable-target/*')], {
        'application-autoscaling:service-namespace': 'ecs',
        'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount',
      });
    case 'launch templates':
      return about(known.templates?.map(ec2) ?? null);
    case 'instances of launch templates':
      return about(['*'], { 'ec2:LaunchTemplate': ec2(known.templates?.[0] ?? '*') });
    case 'roles of instances':
      return about(known.roles, { 'iam:PassedToService': 'ec2.amazonaws.com' });
    case 'groups':
      return about(known.groups);
    case 'listeners':
      return about(placesOf(plan.router).filter((place) => place.includes(':listener/')));
    case 'rules':
      return about(placesOf(plan.router).filter((place) => place.includes(':listener-rule/')));
    case 'listeners and rules':
      // The fence is kept at the first one.
      return about(placesOf(plan.router).slice(0, 1));
    case 'zones':
      return about(recordsOf(plan.router).map(({ zone }) => zoneArn(partition, zone)));
    case 'records':
      return aboutRecords(plan.router, partition);
    case 'changes':
      return about([`arn:${partition}:route53:::change/*`]);
    case 'health checks':
      return about([`arn:${partition}:route53:::healthcheck/*`]);
    case 'distributions':
      return about(
        distributionsOf(plan.hooks).map((id) => `arn:${partition}:cloudfront::${account}:distribution/${id}`),
      );
    case 'images':
      return about([`arn:${partition}:ec2:${region}::image/*`]);
    case 'snapshots':
      return about([`arn:${partition}:ec2:${region}::snapshot/*`]);
  }
}

function about(resources: readonly string[] | null, context: AwsRequest['context'] = {}): About {
  return { resources: resources === null ? null : [...new Set(resources)], context };
}

function aboutRecords(router: Plan['router'], partition: string): About {
  const records = recordsOf(router);
  const names = records.flatMap(({ record }) => [record, `_cutover.${record}`]).map((name) => name.toLowerCase());
  return about(
    records.map(({ zone }) => zoneArn(partition, zone)),
    {
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': [...new Set(names)],
      'route53:ChangeResourceRecordSetsRecordTypes': [...new Set([...records.flatMap(({ types }) => types), 'TXT'])],
      'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
    },
  );
}

function zoneArn(partition: string, zone: string): string {
  return `arn:${partition}:route53:::hostedzone/${zone}`;
}

function ecsOf({ platform }: Plan) {
  return settingsOf(ecsPlatform, platform as OtherAdapterPlan);
}

/** `CLUSTER/NAME`. */
function servicesOf(plan: Plan): string[] {
  if (plan.platform.kind !== 'ecs') return [];
  const { cluster, services } = ecsOf(plan);
  return Object.values(services).map((name) => `${cluster}/${name}`);
}

export function groupNamesOf({ platform }: Plan): string[] {
  if (platform.kind !== 'asg') return [];
  return Object.values(settingsOf(asgPlatform, platform as OtherAdapterPlan).groups);
}

/** Listeners first, in the order of the plan; the test listener last. */
export function placesOf(router: Plan['router']): string[] {
  const { listener, rule, test_listener: test } = router as OtherAdapterPlan;
  const lists = [listener, rule, test].map((one) => (Array.isArray(one) ? one : [one]));
  return lists.flat().filter((arn): arn is string => typeof arn === 'string');
}

interface RecordName {
  zone: string;
  record: string;
  types: string[];
}

export function recordsOf(router: Plan['router']): RecordName[] {
  if (router.kind !== 'route53') return [];
  const { records, ...single } = router as OtherAdapterPlan;
  const all = (Array.isArray(records) ? records : [single]) as { zone?: unknown; record?: unknown; type?: unknown }[];
  return all.map(({ zone, record, type }) => ({
    zone: String(zone),
    record: String(record).replace(/\.$/, ''),
    types: typeof type === 'string' ? [type] : ['A', 'AAAA', 'CNAME'],
  }));
}

function distributionsOf(hooks: Plan['hooks']): string[] {
  const calls: { kind: string; distribution?: string }[] = Object.values(hooks).flatMap((list) =>
    list.map(({ call }) => call),
  );
  return calls.flatMap(({ kind, distribution }) =>
    kind === 'cloudfront' && distribution !== undefined ? [distribution] : [],
  );
}
