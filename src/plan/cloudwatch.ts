/**
 * What Amazon CloudWatch can answer for a plan: the dimensions of each colour, which follow from router and platform, and
 * how late its data points come. Pure.
 */
import type { Colour, OtherAdapterPlan } from './types.ts';

/** The dimensions that the built-in metrics of the three namespaces take. */
export const DIMENSION_NAMES = [
  'LoadBalancer',
  'TargetGroup',
  'ClusterName',
  'ServiceName',
  'AutoScalingGroupName',
] as const;
export type DimensionName = (typeof DIMENSION_NAMES)[number];
export type Dimensions = Partial<Record<DimensionName, string>>;

/** Of metrics that are stored by the second, whole minutes of all others: what GetMetricData takes. */
const SHORT_PERIODS_MS: readonly number[] = [1_000, 5_000, 10_000, 20_000, 30_000];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function isPeriod(ms: number): boolean {
  return SHORT_PERIODS_MS.includes(ms) || (ms >= MINUTE_MS && ms <= DAY_MS && ms % MINUTE_MS === 0);
}

/** How far back data points of that period are kept. */
export function keptMs(periodMs: number): number {
  if (periodMs < MINUTE_MS) return 3 * HOUR_MS;
  if (periodMs < 5 * MINUTE_MS) return 15 * DAY_MS;
  return periodMs < HOUR_MS ? 63 * DAY_MS : 455 * DAY_MS;
}

export interface Pace {
  period_ms: number;
  ingestion_delay_ms: number;
}

/** The shortest span that always holds one data point: wherever it begins, a whole period of it has come. */
export function shortestSpanMs({ period_ms, ingestion_delay_ms }: Pace): number {
  return ingestion_delay_ms + 2 * period_ms;
}

export interface Places {
  platform: { kind: string };
  router: { kind: string };
}

/** `own`: what the plan says itself, which goes before what follows from router and platform. */
export function dimensionsOf({ platform, router }: Places, own: Dimensions, colour: Colour): Dimensions {
  return { ...ofRouter(router, colour), ...ofPlatform(platform, colour), ...own };
}

/** The region that the ARNs or settings of router and platform name; null: none. */
export function regionOf({ platform, router }: Places): string | null {
  const [arn] = listenersOf(router);
  return /^arn:[^:]+:elasticloadbalancing:([^:]+):/.exec(arn ?? '')?.[1] ?? regionIn(platform) ?? regionIn(router);
}

const NEEDS_REQUESTS = /^(http_success_rate|error_rate|availability|request_rate|p(50|95|99)_latency)$/;

/** Why there is no built-in series for `metric`; null: there is one. */
export function lackOfCloudWatch(metric: string, dimensions: Dimensions): string | null {
  const { LoadBalancer, TargetGroup, ClusterName, ServiceName, AutoScalingGroupName } = dimensions;
  if (NEEDS_REQUESTS.test(metric)) {
    if (LoadBalancer === undefined || TargetGroup === undefined) {
      return 'requests are counted by target group, and neither `router.alb` nor `dimensions` names LoadBalancer and TargetGroup';
    }
    return LoadBalancer.startsWith('app/')
      ? null
      : `requests are counted by Application Load Balancers, not ${LoadBalancer}`;
  }
  const isService = ClusterName !== undefined && ServiceName !== undefined;
  switch (metric) {
    case 'cpu_utilization':
      if (isService || AutoScalingGroupName !== undefined) return null;
      return 'neither the platform nor `dimensions` names an ECS service or an Auto Scaling group';
    case 'memory_utilization':
      if (isService) return null;
      return 'only ECS services have it; an agent on instances publishes it under names of its own';
    default:
      return 'CloudWatch has no built-in series for it';
  }
}

/** Listeners are of one load balancer; its name within CloudWatch stands in each ARN. */
export function loadBalancerIn(arn: string): string | null {
  return /:listener(?:-rule)?\/((?:app|net)\/[^/]+\/[^/]+)\//.exec(arn)?.[1] ?? null;
}

export function targetGroupIn(arn: string): string | null {
  return /:(targetgroup\/[^/]+\/[^/]+)$/.exec(arn)?.[1] ?? null;
}

function listenersOf(router: { kind: string }): string[] {
  const { kind, listener, rule } = router as OtherAdapterPlan;
  return kind === 'alb' ? [listener, rule].filter((arn) => typeof arn === 'string') : [];
}

function ofRouter(router: { kind: string }, colour: Colour): Dimensions {
  const [balancer] = listenersOf(router).flatMap((arn) => loadBalancerIn(arn) ?? []);
  const group = targetGroupIn(ofColour((router as OtherAdapterPlan).target_groups, colour) ?? '');
  return balancer === undefined || group === null ? {} : { LoadBalancer: balancer, TargetGroup: group };
}

function ofPlatform(platform: { kind: string }, colour: Colour): Dimensions {
  const { kind, cluster, services, groups } = platform as OtherAdapterPlan;
  const service = ofColour(services, colour);
  if (kind === 'ecs' && typeof cluster === 'string' && service !== null) {
    return { ClusterName: lastPart(cluster), ServiceName: lastPart(service) };
  }
  const group = ofColour(groups, colour);
  return kind === 'asg' && group !== null ? { AutoScalingGroupName: group } : {};
}

/** A name, or an ARN that ends with it. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function ofColour(both: unknown, colour: Colour): string | null {
  const value = typeof both === 'object' && both !== null ? (both as Record<string, unknown>)[colour] : undefined;
  return typeof value === 'string' ? value : null;
}

function regionIn(adapter: { kind: string }): string | null {
  const { region } = adapter as OtherAdapterPlan;
  return typeof region === 'string' ? region : null;
}
