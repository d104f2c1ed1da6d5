/** One action that only reads, tried for real. */
import type { AwsServiceName } from '../../adapters/aws/clients.ts';
import { type AwsService, awsService } from '../../adapters/aws/service.ts';
import type { OtherAdapterPlan, Plan } from '../../plan/types.ts';

export type Probe = (signal: AbortSignal) => Promise<unknown>;

/** The right to ask for one that is not there is the same. */
const NO_INSTANCE = 'i-00000000000000000';

export function reading<S extends AwsServiceName>(name: S, region: string) {
  const service = awsService(name, region);
  return (action: string, send: Parameters<AwsService<S>['read']>[3], resource = '*'): Probe =>
    (signal) =>
      service.read(action, resource, signal, send);
}

export function describeInstances(region: string): Probe {
  return reading('ec2', region)('DescribeInstances', ({ sdk, client }, options) =>
    client.send(new sdk.DescribeInstancesCommand({ InstanceIds: [NO_INSTANCE] }), options),
  );
}

export function targetHealth(plan: Plan, region: string): Probe[] {
  const [TargetGroupArn] = targetGroupsOf(plan);
  if (TargetGroupArn === undefined) return [];
  return [
    reading('elasticloadbalancing', region)('DescribeTargetHealth', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn }), options),
    ),
  ];
}

export function targetGroupsOf({ router }: Plan): string[] {
  const { target_groups: groups } = router as OtherAdapterPlan;
  return typeof groups === 'object' && groups !== null ? Object.values(groups).map(String) : [];
}
