/** What the platforms read. */
import { settingsOf } from '../../adapters/settings.ts';
import { ecsPlatform } from '../../plan/schema/platforms.ts';
import type { OtherAdapterPlan, Plan } from '../../plan/types.ts';
import { describeInstances, type Probe, reading, targetHealth } from './probe.ts';
import { groupNamesOf } from './resources.ts';

/** The right to ask for one that is not there is the same. */
const NO_TASK = '00000000000000000000000000000000';
const NO_TEMPLATE = 'lt-00000000000000000';

export function ecsProbes({ platform }: Plan, region: string): Probe[] {
  const { cluster, services } = settingsOf(ecsPlatform, platform as OtherAdapterPlan);
  const names = Object.values(services);
  const [serviceName = ''] = names;
  const ecs = reading('ecs', region);
  const scaling = reading('application-autoscaling', region);
  const ResourceId = `service/${cluster}/${serviceName}`;
  return [
    ecs('DescribeServices', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeServicesCommand({ cluster, services: names }), options),
    ),
    ecs('ListTasks', ({ sdk, client }, options) =>
      client.send(new sdk.ListTasksCommand({ cluster, serviceName, maxResults: 1 }), options),
    ),
    ecs('DescribeTasks', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand({ cluster, tasks: [NO_TASK] }), options),
    ),
    ecs('DescribeTaskDefinition', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition: serviceName }), options),
    ),
    scaling('DescribeScalableTargets', ({ sdk, client }, options) =>
      client.send(
        new sdk.DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs', ResourceIds: [ResourceId] }),
        options,
      ),
    ),
    scaling('DescribeScalingPolicies', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeScalingPoliciesCommand({ ServiceNamespace: 'ecs', ResourceId }), options),
    ),
  ];
}

export function asgProbes(plan: Plan, region: string): Probe[] {
  const names = groupNamesOf(plan);
  const [AutoScalingGroupName = ''] = names;
  const autoscaling = reading('autoscaling', region);
  const ec2 = reading('ec2', region);
  return [
    autoscaling('DescribeAutoScalingGroups', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names }), options),
    ),
    autoscaling('DescribeScalingActivities', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeScalingActivitiesCommand({ AutoScalingGroupName, MaxRecords: 1 }), options),
    ),
    autoscaling('DescribeLifecycleHooks', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeLifecycleHooksCommand({ AutoScalingGroupName }), options),
    ),
    autoscaling('DescribePolicies', ({ sdk, client }, options) =>
      client.send(new sdk.DescribePoliciesCommand({ AutoScalingGroupName }), options),
    ),
    ec2('DescribeImages', ({ sdk, client }, options) =>
      client.send(
        new sdk.DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['cutover-doctor'] }] }),
        options,
      ),
    ),
    describeInstances(region),
    ec2('DescribeLaunchTemplateVersions', ({ sdk, client }, options) =>
      client.send(
        new sdk.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: NO_TEMPLATE, Versions: ['1'] }),
        options,
      ),
    ),
    ...targetHealth(plan, region),
  ];
}
