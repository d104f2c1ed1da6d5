/** In what two groups differ, apart from their names, sizes and the version. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Colour } from '../../../plan/types.ts';
import type { ParityDifference } from '../../../workflows/api.ts';
import { awsService } from '../../aws/service.ts';
import { differencesBetween, type Facts, hashOf, neutralFacts, putFacts } from '../../facts.ts';
import { nameOf } from './group.ts';
import type { TemplateVersion } from './template.ts';

export interface Side {
  colour: Colour;
  group: AutoScalingGroup;
  template: TemplateVersion;
}

export async function compareGroups(
  region: string | null,
  active: Side,
  standby: Side,
  signal: AbortSignal,
): Promise<ParityDifference[]> {
  const [one, other] = await Promise.all([factsOf(region, active, signal), factsOf(region, standby, signal)]);
  return differencesBetween(one, other);
}

/** User data is a script with whatever the team put into it: its hash alone is shown. */
async function factsOf(region: string | null, { colour, group, template }: Side, signal: AbortSignal): Promise<Facts> {
  const autoscaling = awsService('autoscaling', region);
  const AutoScalingGroupName = nameOf(group);
  const [{ LifecycleHooks = [] }, { ScalingPolicies = [] }] = await Promise.all([
    autoscaling.read('DescribeLifecycleHooks', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeLifecycleHooksCommand({ AutoScalingGroupName }), options),
    ),
    autoscaling.read('DescribePolicies', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribePoliciesCommand({ AutoScalingGroupName }), options),
    ),
  ]);
  const facts: Facts = new Map();
  const { ImageId: _, UserData, ...data } = template.data;
  putFacts(facts, 'launchTemplate', data);
  if (UserData !== undefined) putFacts(facts, 'launchTemplate.userData', hashOf(UserData));
  putFacts(facts, 'healthCheck', { type: group.HealthCheckType, gracePeriod: group.HealthCheckGracePeriod });
  putFacts(facts, 'availabilityZones', [...(group.AvailabilityZones ?? [])].sort().join(', '));
  putFacts(facts, 'subnets', group.VPCZoneIdentifier?.split(',').sort().join(', '));
  putFacts(facts, 'maxSize', group.MaxSize);
  putFacts(facts, 'terminationPolicies', group.TerminationPolicies);
  putFacts(facts, 'suspendedProcesses', group.SuspendedProcesses?.map(({ ProcessName }) => ProcessName).sort());
  putFacts(facts, 'mixedInstances', group.MixedInstancesPolicy?.InstancesDistribution);
  putFacts(facts, 'overrides', group.MixedInstancesPolicy?.LaunchTemplate?.Overrides);
  putFacts(facts, 'warmPool', group.WarmPoolConfiguration);
  for (const { LifecycleHookName, AutoScalingGroupName: _name, ...hook } of LifecycleHooks) {
    putFacts(facts, `lifecycleHooks.${LifecycleHookName}`, hook);
  }
  for (const {
    PolicyName,
    PolicyARN: _arn,
    AutoScalingGroupName: _name,
    Alarms: _alarms,
    ...policy
  } of ScalingPolicies) {
    putFacts(facts, `scalingPolicies.${PolicyName}`, policy);
  }
  return neutralFacts(facts, colour);
}
