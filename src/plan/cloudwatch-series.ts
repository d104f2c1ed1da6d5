/** The series that CloudWatch has of load balancers, ECS services and Auto Scaling groups, by the names of queries. Pure. */
import type { DimensionName, Dimensions } from './cloudwatch.ts';

export interface BuiltInSeries {
  namespace: string;
  metric: string;
  statistic: string;
  dimensions: readonly DimensionName[];
}

const GROUP = ['LoadBalancer', 'TargetGroup'] as const;
const SERVICE = ['ClusterName', 'ServiceName'] as const;

function balancer(metric: string, statistic = 'Sum', dimensions: readonly DimensionName[] = GROUP): BuiltInSeries[] {
  return [{ namespace: 'AWS/ApplicationELB', metric, statistic, dimensions }];
}

function service(metric: string): BuiltInSeries {
  return { namespace: 'AWS/ECS', metric, statistic: 'Maximum', dimensions: SERVICE };
}

/** Name → what it may be, the first that there are dimensions for. */
export const BUILT_IN_SERIES: Readonly<Record<string, readonly BuiltInSeries[]>> = {
  requests: balancer('RequestCount'),
  responses_2xx: balancer('HTTPCode_Target_2XX_Count'),
  responses_3xx: balancer('HTTPCode_Target_3XX_Count'),
  responses_4xx: balancer('HTTPCode_Target_4XX_Count'),
  responses_5xx: balancer('HTTPCode_Target_5XX_Count'),
  connection_errors: balancer('TargetConnectionErrorCount'),
  response_time: balancer('TargetResponseTime', 'Average'),
  response_time_p50: balancer('TargetResponseTime', 'p50'),
  response_time_p95: balancer('TargetResponseTime', 'p95'),
  response_time_p99: balancer('TargetResponseTime', 'p99'),
  healthy_hosts: balancer('HealthyHostCount', 'Minimum'),
  unhealthy_hosts: balancer('UnHealthyHostCount', 'Maximum'),
  all_requests: balancer('RequestCount', 'Sum', ['LoadBalancer']),
  cpu: [
    service('CPUUtilization'),
    { namespace: 'AWS/EC2', metric: 'CPUUtilization', statistic: 'Maximum', dimensions: ['AutoScalingGroupName'] },
  ],
  memory: [service('MemoryUtilization')],
};

/** Null: no such series, or no dimensions for it. */
export function builtInSeries(name: string, dimensions: Dimensions): BuiltInSeries | null {
  const known = Object.hasOwn(BUILT_IN_SERIES, name) ? (BUILT_IN_SERIES[name] ?? []) : [];
  return known.find((one) => one.dimensions.every((dimension) => dimensions[dimension] !== undefined)) ?? null;
}
