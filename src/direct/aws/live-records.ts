/** Two weighted records of a zone, with what stands behind the load balancers that they lead to. Reads only. */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { bounded } from '../../activities/clock.ts';
import { everyPage } from '../../adapters/aws/paging.ts';
import { awsService } from '../../adapters/aws/service.ts';
import { CutoverError } from '../../errors.ts';
import type { Colour } from '../../plan/types.ts';
import { activeOf, type ColourNames, coloursOf, type LiveAws, type LiveRecords, perColour } from './live.ts';
import { dimensionsIn, LIMIT_MS } from './live-listener.ts';
import { livePlatform } from './live-platform.ts';

export interface RecordQuestion {
  zone: string;
  record: string;
  /** Of the load balancers and what is behind them. */
  region: string | null;
  cluster: string | null;
  /** Set identifiers. */
  colours: ColourNames;
}

interface Behind {
  /** As CloudWatch names it. */
  balancer: string;
  targetGroup: string;
}

const TYPES = ['A', 'AAAA', 'CNAME'] as const;
/** Any of the partition: Route 53 has none of its own. */
const ANY_REGION = 'us-east-1';

/**
 * CUTOVER_USAGE when it cannot be told which record is which colour; CUTOVER_ROUTER_OBJECT unless there are two weighted records
 * of one type, each leading to a load balancer of the region with one target group; CUTOVER_AWS_NOT_FOUND without any record.
 */
export function readLiveRecords(question: RecordQuestion): Promise<LiveAws> {
  const { zone, region, cluster } = question;
  const record = question.record.replace(/\.$/, '');
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    const sets = await setsOf(question, record, signal);
    const [type, other] = [...new Set(sets.map(({ Type }) => Type))];
    if (other !== undefined) {
      // Both are written together by a plan that names no type; both lead to the same load balancers.
      const types = [...new Set(sets.map(({ Type }) => Type))].join(', ');
      throw wrong(`${record} has records of the types ${types}; \`init\` reads one: write the plan by hand`);
    }
    const identifiers = coloursOf(
      sets.map(({ SetIdentifier = '' }) => SetIdentifier),
      question.colours,
      'weighted record',
      record,
    );
    const setOf = (colour: Colour) =>
      sets.find(({ SetIdentifier }) => SetIdentifier === identifiers[colour]) as ResourceRecordSet;
    const { active, shares } = activeOf({ blue: setOf('blue').Weight ?? 0, green: setOf('green').Weight ?? 0 }, record);
    const behind = await perColour((colour) => behindOf(setOf(colour), region, signal));
    const groups = { blue: behind.blue.targetGroup, green: behind.green.targetGroup };
    const { platform, version } = await livePlatform(region, cluster, groups, active, signal);
    const ttls = sets.flatMap(({ TTL }) => (TTL === undefined ? [] : [TTL]));
    const router: LiveRecords = {
      kind: 'route53',
      ...{ zone, record, identifiers },
      type: type as LiveRecords['type'],
      ttlSeconds: ttls.length === 0 ? null : Math.max(...ttls),
    };
    const dimensions = {
      blue: dimensionsIn(behind.blue.balancer, behind.blue.targetGroup),
      green: dimensionsIn(behind.green.balancer, behind.green.targetGroup),
    };
    return { source: 'aws', region, active, shares, router, platform, version, dimensions };
  });
}

async function setsOf({ zone }: RecordQuestion, record: string, signal: AbortSignal): Promise<ResourceRecordSet[]> {
  const route53 = awsService('route53', ANY_REGION);
  const wanted = `${record.toLowerCase()}.`;
  let from: { StartRecordName: string; StartRecordType?: 'A' | undefined; StartRecordIdentifier?: string | undefined } =
    {
      StartRecordName: record,
    };
  const all = await everyPage(async () => {
    const page = await route53.read(
      'ListResourceRecordSets',
      `arn:aws:route53:::hostedzone/${zone}`,
      signal,
      ({ sdk, client }, options) =>
        client.send(new sdk.ListResourceRecordSetsCommand({ HostedZoneId: zone, ...from }), options),
    );
    const items = page.ResourceRecordSets ?? [];
    // In the order of names: once another one begins, there are no more of this one.
    const isOver = page.IsTruncated !== true || page.NextRecordName?.toLowerCase() !== wanted;
    from = {
      StartRecordName: page.NextRecordName ?? record,
      StartRecordType: page.NextRecordType as 'A' | undefined,
      StartRecordIdentifier: page.NextRecordIdentifier,
    };
    return { items, next: isOver ? undefined : 'more' };
  });
  const own = all.filter(({ Name, Type }) => Name?.toLowerCase() === wanted && TYPES.some((type) => type === Type));
  if (own.length === 0) {
    throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `the zone ${zone} has no A, AAAA or CNAME record ${record}`);
  }
  const plain = own.find(({ Weight }) => Weight === undefined);
  if (plain !== undefined) throw wrong(`the ${plain.Type} record ${record} has no weight; both must be weighted`);
  return own;
}

/** The one target group of the load balancer that the record leads to. */
async function behindOf(set: ResourceRecordSet, region: string | null, signal: AbortSignal): Promise<Behind> {
  const target = targetOf(set);
  const elb = awsService('elasticloadbalancing', region);
  const balancers = await everyPage(async (Marker) => {
    const page = await elb.read('DescribeLoadBalancers', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeLoadBalancersCommand({ Marker }), options),
    );
    return { items: page.LoadBalancers ?? [], next: page.NextMarker };
  });
  const found = balancers.find(({ DNSName }) => DNSName?.toLowerCase() === target);
  const name = `the record ${set.Name} (${set.SetIdentifier})`;
  if (found?.LoadBalancerArn === undefined) {
    throw wrong(
      `${name} leads to ${target}, which is no load balancer of this account and region (--region): what runs behind it cannot be told; write the plan by hand, with \`cutover init --platform ecs\``,
    );
  }
  const { LoadBalancerArn: arn } = found;
  const groups = await everyPage(async (Marker) => {
    const page = await elb.read('DescribeTargetGroups', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTargetGroupsCommand({ LoadBalancerArn: arn, Marker }), options),
    );
    return { items: page.TargetGroups ?? [], next: page.NextMarker };
  });
  const [group, second] = groups;
  if (group?.TargetGroupArn === undefined || second !== undefined) {
    const names = groups.map(({ TargetGroupName }) => TargetGroupName).join(', ') || 'none';
    throw wrong(`${name} leads to ${target}, whose target groups are ${names}; it must be one`);
  }
  return {
    balancer: arn.slice(arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length),
    targetGroup: group.TargetGroupArn,
  };
}

/** As load balancers are named: the `dualstack.` of an alias is another name of the same one. */
function targetOf({ AliasTarget: alias, ResourceRecords: values = [] }: ResourceRecordSet): string {
  const target = alias?.DNSName ?? values[0]?.Value ?? '';
  return target
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^dualstack\./, '');
}

function wrong(found: string): CutoverError {
  return new CutoverError('CUTOVER_ROUTER_OBJECT', found);
}
