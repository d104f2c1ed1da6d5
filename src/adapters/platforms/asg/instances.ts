/** The instances of a group as the load balancers see them, and where they answer. */
import { everyPage } from '../../aws/paging.ts';
import { awsService } from '../../aws/service.ts';

/** Instance → what a load balancer says that is not "healthy", with its reason; empty: all of them are well. */
export type Unhealthy = Map<string, string>;

const MAX_KNOWN = 5_000;
/** An instance keeps its private address for life. */
const addresses = new Map<string, string>();

/**
 * Instances that a target group which gets traffic does not call healthy. One without traffic (`unused`) checks nobody, so it
 * says nothing.
 */
export async function unhealthyTargets(
  region: string | null,
  targetGroups: readonly string[],
  lane: 'read' | 'write',
  signal: AbortSignal,
): Promise<Unhealthy> {
  const elb = awsService('elasticloadbalancing', region);
  const found: Unhealthy = new Map();
  const answers = await Promise.all(
    targetGroups.map((arn) =>
      elb[lane]('DescribeTargetHealth', '*', signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn: arn }), options),
      ),
    ),
  );
  for (const { TargetHealthDescriptions = [] } of answers) {
    for (const { Target, TargetHealth } of TargetHealthDescriptions) {
      const { State = 'unknown', Reason, Description } = TargetHealth ?? {};
      if (Target?.Id === undefined || State === 'healthy' || State === 'unused') continue;
      const why = Description ?? Reason;
      found.set(Target.Id, `its target is ${State}${why === undefined ? '' : `: ${why}`}`);
    }
  }
  return found;
}

/** Instance → private address; those that are not known yet, or any more, are left out. */
export async function addressesOf(
  region: string | null,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const asked = ids.filter((id) => !addresses.has(id));
  if (asked.length > 0) {
    const ec2 = awsService('ec2', region);
    const found = await everyPage(async (NextToken) => {
      // A filter, since an ID that is gone makes the whole question an error.
      const Filters = [{ Name: 'instance-id', Values: asked }];
      const page = await ec2.read('DescribeInstances', '*', signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeInstancesCommand({ Filters, NextToken }), options),
      );
      return { items: (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances), next: page.NextToken };
    });
    for (const { InstanceId, PrivateIpAddress } of found) {
      if (InstanceId !== undefined && PrivateIpAddress !== undefined) addresses.set(InstanceId, PrivateIpAddress);
    }
  }
  while (addresses.size > MAX_KNOWN) addresses.delete(addresses.keys().next().value ?? '');
  return new Map(ids.flatMap((id) => (addresses.has(id) ? [[id, addresses.get(id) ?? '']] : [])));
}
