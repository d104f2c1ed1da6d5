/** What registers its instances or tasks in a target group: an ECS service, or an Auto Scaling group. Reads only. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Service } from '@aws-sdk/client-ecs';
import { chunksOf, everyPage, someAtOnce } from '../../adapters/aws/paging.ts';
import { awsService } from '../../adapters/aws/service.ts';
import { CutoverError } from '../../errors.ts';
import type { Colour } from '../../plan/types.ts';

export type Behind =
  | { kind: 'ecs'; services: Record<Colour, FoundService> }
  | { kind: 'asg'; groups: Record<Colour, AutoScalingGroup> };

export interface FoundService {
  cluster: string;
  service: Service;
  /** That the target group is for. */
  container: string | null;
}

interface Found {
  services: FoundService[];
  groups: AutoScalingGroup[];
}

/** Of ListServices and DescribeServices. */
const SERVICES_PER_PAGE = 100;
const SERVICES_PER_CALL = 10;
const GROUPS_PER_PAGE = 100;
const CALLS_AT_ONCE = 4;
const COLOURS = ['blue', 'green'] as const;

/** `cluster` null: every one. CUTOVER_ROUTER_OBJECT unless each target group has one of them, both of the same kind. */
export async function findBehind(
  region: string | null,
  cluster: string | null,
  targetGroups: Record<Colour, string>,
  signal: AbortSignal,
): Promise<Behind> {
  const [clusters, groups] = await Promise.all([
    cluster === null ? listClusters(region, signal) : [cluster],
    listGroups(region, signal),
  ]);
  const services: { cluster: string; service: Service }[] = [];
  for (const one of clusters) services.push(...(await listServices(region, one, signal)));
  const of = (colour: Colour) => only(behind(targetGroups[colour], services, groups), targetGroups[colour], cluster);
  const [blue, green] = [of('blue'), of('green')];
  if (blue.kind === 'ecs' && green.kind === 'ecs') {
    if (blue.found.cluster === green.found.cluster) {
      return { kind: 'ecs', services: { blue: blue.found, green: green.found } };
    }
    const told = COLOURS.map((colour) => of(colour).name).join(' and ');
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${told} are in different clusters; a plan names one`);
  }
  if (blue.kind === 'asg' && green.kind === 'asg') {
    return { kind: 'asg', groups: { blue: blue.found, green: green.found } };
  }
  const told = `${blue.name} and ${green.name} are of different kinds; both must be of one`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

type One = { kind: 'ecs'; name: string; found: FoundService } | { kind: 'asg'; name: string; found: AutoScalingGroup };

function only({ services, groups }: Found, targetGroup: string, cluster: string | null): One {
  const all: One[] = [
    ...services.map((found) => {
      const name = `the ECS service ${found.cluster}/${found.service.serviceName}`;
      return { kind: 'ecs' as const, name, found };
    }),
    ...groups.map((found) => {
      const name = `the Auto Scaling group ${found.AutoScalingGroupName}`;
      return { kind: 'asg' as const, name, found };
    }),
  ];
  const [one] = all;
  if (one !== undefined && all.length === 1) return one;
  const where = cluster === null ? '' : ` (of ECS services, the cluster ${cluster} was searched)`;
  const found = all.map(({ name }) => name).join(', ');
  const told =
    one === undefined
      ? `neither an ECS service nor an Auto Scaling group registers targets in ${targetGroup}${where}`
      : `${found} register targets in ${targetGroup}; it must be one of them`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

function behind(
  targetGroup: string,
  services: readonly { cluster: string; service: Service }[],
  groups: readonly AutoScalingGroup[],
): Found {
  return {
    services: services.flatMap(({ cluster, service }) => {
      const own = service.loadBalancers?.find(({ targetGroupArn }) => targetGroupArn === targetGroup);
      return own === undefined ? [] : [{ cluster, service, container: own.containerName ?? null }];
    }),
    groups: groups.filter(
      ({ TargetGroupARNs = [], TrafficSources = [] }) =>
        TargetGroupARNs.includes(targetGroup) || TrafficSources.some(({ Identifier }) => Identifier === targetGroup),
    ),
  };
}

/** By name. */
async function listClusters(region: string | null, signal: AbortSignal): Promise<string[]> {
  const ecs = awsService('ecs', region);
  const arns = await everyPage(async (nextToken) => {
    const page = await ecs.read('ListClusters', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.ListClustersCommand({ nextToken }), options),
    );
    return { items: page.clusterArns ?? [], next: page.nextToken };
  });
  return arns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
}

async function listServices(
  region: string | null,
  cluster: string,
  signal: AbortSignal,
): Promise<{ cluster: string; service: Service }[]> {
  const ecs = awsService('ecs', region);
  const arns = await everyPage(async (nextToken) => {
    const input = { cluster, maxResults: SERVICES_PER_PAGE, nextToken };
    const page = await ecs.read('ListServices', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.ListServicesCommand(input), options),
    );
    return { items: page.serviceArns ?? [], next: page.nextToken };
  });
  const described = await someAtOnce(chunksOf(arns, SERVICES_PER_CALL), CALLS_AT_ONCE, (some) =>
    ecs.read('DescribeServices', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeServicesCommand({ cluster, services: some }), options),
    ),
  );
  const found = described.flatMap(({ services = [] }) => services);
  return found.filter(({ status }) => status === 'ACTIVE').map((service) => ({ cluster, service }));
}

function listGroups(region: string | null, signal: AbortSignal): Promise<AutoScalingGroup[]> {
  const autoscaling = awsService('autoscaling', region);
  return everyPage(async (NextToken) => {
    const input = { MaxRecords: GROUPS_PER_PAGE, NextToken };
    const page = await autoscaling.read('DescribeAutoScalingGroups', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeAutoScalingGroupsCommand(input), options),
    );
    return { items: page.AutoScalingGroups ?? [], next: page.NextToken };
  });
}
