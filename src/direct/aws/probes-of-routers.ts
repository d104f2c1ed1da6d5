/** What the routers and the metrics provider read. */
import type { Plan } from '../../plan/types.ts';
import { describeInstances, type Probe, reading, targetGroupsOf, targetHealth } from './probe.ts';
import { placesOf, recordsOf } from './resources.ts';

const HOUR_MS = 3_600_000;
const ANY_REGION = 'us-east-1';

export function albProbes(plan: Plan, region: string): Probe[] {
  const places = placesOf(plan.router);
  const where = places[0]?.split(':')[3] ?? region;
  const ListenerArns = places.filter((arn) => arn.includes(':listener/'));
  const RuleArns = places.filter((arn) => arn.includes(':listener-rule/'));
  const elb = reading('elasticloadbalancing', where);
  const [TargetGroupArn] = targetGroupsOf(plan);
  const found = [
    ListenerArns.length === 0
      ? null
      : elb('DescribeListeners', ({ sdk, client }, options) =>
          client.send(new sdk.DescribeListenersCommand({ ListenerArns }), options),
        ),
    RuleArns.length === 0
      ? null
      : elb('DescribeRules', ({ sdk, client }, options) =>
          client.send(new sdk.DescribeRulesCommand({ RuleArns }), options),
        ),
    elb('DescribeTags', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTagsCommand({ ResourceArns: places.slice(0, 1) }), options),
    ),
    elb('DescribeLoadBalancers', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeLoadBalancersCommand({ PageSize: 1 }), options),
    ),
    elb('DescribeTargetGroupAttributes', ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn }), options),
    ),
    describeInstances(where),
    ...targetHealth(plan, where),
  ];
  return found.filter((probe) => probe !== null);
}

export function route53Probes({ router }: Plan): Probe[] {
  const route53 = reading('route53', ANY_REGION);
  return [...new Set(recordsOf(router).map(({ zone }) => zone))].flatMap((zone) => {
    const resource = `arn:aws:route53:::hostedzone/${zone}`;
    return [
      route53(
        'GetHostedZone',
        ({ sdk, client }, options) => client.send(new sdk.GetHostedZoneCommand({ Id: zone }), options),
        resource,
      ),
      route53(
        'ListResourceRecordSets',
        ({ sdk, client }, options) =>
          client.send(new sdk.ListResourceRecordSetsCommand({ HostedZoneId: zone, MaxItems: 1 }), options),
        resource,
      ),
    ];
  });
}

export function cloudwatchProbe(region: string): Probe {
  return reading('cloudwatch', region)('GetMetricData', ({ sdk, client }, options) => {
    const Metric = { Namespace: 'AWS/ApplicationELB', MetricName: 'RequestCount' };
    const MetricDataQueries = [{ Id: 'doctor', MetricStat: { Metric, Period: 60, Stat: 'Sum' } }];
    const EndTime = new Date();
    const StartTime = new Date(EndTime.getTime() - HOUR_MS);
    return client.send(new sdk.GetMetricDataCommand({ MetricDataQueries, StartTime, EndTime }), options);
  });
}
