/** The provider `cloudwatch` in a plan. */
import { describe, expect, it } from 'vitest';
import {
  dimensionsOf,
  isPeriod,
  keptMs,
  loadBalancerIn,
  regionOf,
  targetGroupIn,
} from '../../../src/plan/cloudwatch.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import { type BadPlan, expectOneError, load } from './support.ts';

const ELB = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012';
const groups = `target_groups: {blue: "${ELB}:targetgroup/shop-blue/1a", green: "${ELB}:targetgroup/shop-green/2b"}`;
const ALB = `router: {alb: {listener: "${ELB}:listener/app/shop/3c/4d", ${groups}}}`;
const NLB = `router: {alb: {listener: "${ELB}:listener/net/shop/3c/4d", ${groups}}}`;
const ECS = 'platform: {ecs: {cluster: main, services: {blue: shop-blue, green: shop-green}}}';
const ASG = 'platform: {asg: {groups: {blue: asg-blue, green: asg-green}}}';
const SETS = ['service=shop', 'version=1'];

const plan = (metrics: string, rest = '') => load(`${ECS}\n${ALB}\nmetrics: ${metrics}\n${rest}`, SETS).plan;

describe('a plan that names cloudwatch alone', () => {
  it('is valid behind an Application Load Balancer, with the patience that late data takes', () => {
    const { metrics } = plan('cloudwatch');
    expect(metrics).toMatchObject({
      kind: 'cloudwatch',
      resolution_ms: 60_000,
      window_ms: 300_000,
      no_data_limit_ms: 300_000,
      max_gap_ms: 300_000,
      config: { region: null, period_ms: 60_000, ingestion_delay_ms: 60_000, series: {}, counts: {} },
    });
  });

  it('is held to the same by the worker', () => {
    const given = plan('{cloudwatch: {queries: {a: requests}, counts: {a: requests}}}');
    const problems = (value: unknown) => checkNormalisedPlan(value).filter((problem) => problem.includes('metrics'));
    expect(problems(JSON.parse(JSON.stringify(given)))).toEqual([]);
    const odd = { ...given, metrics: { ...given.metrics, config: { ...given.metrics.config, period: 60 } } };
    expect(problems(odd)).toEqual([expect.stringContaining('period')]);
  });

  it('of high-resolution metrics is judged as often', () => {
    expect(plan('{cloudwatch: {period: 10s, ingestion_delay: 5s}}').metrics).toMatchObject({
      resolution_ms: 10_000,
      window_ms: 50_000,
      no_data_limit_ms: 60_000,
    });
  });

  it('has series of its own, in a common namespace', () => {
    const { metrics } = plan('{cloudwatch: {namespace: Shop, series: {orders: {metric: Orders}}}}');
    expect(metrics.config.series).toEqual({
      orders: { namespace: 'Shop', metric: 'Orders', dimensions: {}, statistic: 'Sum' },
    });
  });
});

describe('dimensions', () => {
  it('follow from router and platform, and the plan goes before them', () => {
    const given = plan('cloudwatch');
    expect(dimensionsOf(given, {}, 'green')).toEqual({
      LoadBalancer: 'app/shop/3c',
      TargetGroup: 'targetgroup/shop-green/2b',
      ClusterName: 'main',
      ServiceName: 'shop-green',
    });
    expect(dimensionsOf(given, { ServiceName: 'other' }, 'blue')).toMatchObject({ ServiceName: 'other' });
    expect(regionOf(given)).toBe('eu-west-1');
  });

  it('of an Auto Scaling group are its name; of ARNs their end', () => {
    const asg = { kind: 'asg', groups: { blue: 'asg-blue', green: 'asg-green' }, region: 'us-east-2' };
    const places = { platform: asg, router: { kind: 'route53' } };
    expect(dimensionsOf(places, {}, 'blue')).toEqual({ AutoScalingGroupName: 'asg-blue' });
    expect(regionOf(places)).toBe('us-east-2');
    const ecs = {
      kind: 'ecs',
      cluster: 'arn:aws:ecs:eu-west-1:1:cluster/main',
      services: { blue: 'arn:x:service/main/b' },
    };
    expect(dimensionsOf({ ...places, platform: ecs }, {}, 'blue')).toEqual({ ClusterName: 'main', ServiceName: 'b' });
    expect(dimensionsOf({ ...places, platform: ecs }, {}, 'green')).toEqual({});
  });

  it.each([
    [`${ELB}:listener/app/shop/3c/4d`, 'app/shop/3c'],
    [`${ELB}:listener-rule/app/shop/3c/4d/5e`, 'app/shop/3c'],
    [`${ELB}:listener/net/shop/3c/4d`, 'net/shop/3c'],
    [`${ELB}:targetgroup/shop/1`, null],
    ['arn', null],
  ])('in %s: the load balancer %s', (arn, name) => {
    expect(loadBalancerIn(arn)).toBe(name);
  });

  it('of a target group are the end of its ARN', () => {
    expect(targetGroupIn(`${ELB}:targetgroup/shop/1`)).toBe('targetgroup/shop/1');
    expect(targetGroupIn('shop')).toBeNull();
  });
});

it('periods are what GetMetricData takes, and kept the shorter they are', () => {
  expect([1_000, 5_000, 10_000, 30_000, 60_000, 300_000].every(isPeriod)).toBe(true);
  expect([0, 500, 2_000, 45_000, 90_000, 25 * 3_600_000, Number.POSITIVE_INFINITY].some(isPeriod)).toBe(false);
  const hours = [10_000, 60_000, 300_000, 3_600_000].map((period) => keptMs(period) / 3_600_000);
  expect(hours).toEqual([3, 360, 1_512, 10_920]);
});

const cloudwatch = (settings: string, judging = '') =>
  `metrics: {cloudwatch: {${settings}}${judging === '' ? '' : `, ${judging}`}}\n${ECS}\n${ALB}`;

const BAD: BadPlan[] = [
  [
    'a resolution below the period',
    cloudwatch('', 'resolution: 30s'),
    'DURATION 1:39 metrics.resolution',
    'every 1m',
    '1m or more',
  ],
  [
    'a window that is no multiple of the period',
    cloudwatch('', 'window: 200s'),
    'DURATION 1:35 metrics.window',
    'whole periods',
    'multiple of 1m',
  ],
  [
    'a window in which nothing has come yet',
    cloudwatch('', 'window: 2m'),
    'DURATION 1:35 metrics.window',
    'less than 3m',
    '3m or more',
  ],
  [
    'less patience than a phase begins with',
    cloudwatch('', 'no_data_limit: 3m'),
    'DURATION 1:42 metrics.no_data_limit',
    'up to 3m',
    'more than 3m',
  ],
  [
    'a period that there is none of',
    cloudwatch('period: 45s'),
    'DURATION 1:32 metrics.cloudwatch.period',
    '45s',
    'whole minutes',
  ],
  [
    'a delay that a rollback cannot wait for',
    cloudwatch('ingestion_delay: 6m'),
    'DURATION 1:41 metrics.cloudwatch.ingestion_delay',
    '5m',
    '5m',
  ],
  [
    'a series without a namespace',
    cloudwatch('series: {a: {metric: A}}'),
    'MISSING_KEY 1:33 metrics.cloudwatch.series.a',
    'no namespace',
    'cloudwatch.namespace',
  ],
  [
    'a statistic that is none',
    cloudwatch('series: {a: {namespace: N, metric: A, statistic: Mean}}'),
    'VALUE 1:73 metrics.cloudwatch.series.a.statistic',
    'Mean',
    'Average',
  ],
  [
    'a name that is no series',
    cloudwatch('queries: {a: 100 * request}'),
    'VALUE 1:37 metrics.cloudwatch.queries.a',
    '`request` is no series',
    '`requests`',
  ],
  [
    'a window within an expression',
    cloudwatch('queries: {a: SUM(requests) / $window}'),
    'VALUE 1:37 metrics.cloudwatch.queries.a',
    'no `$window`',
    '$period',
  ],
  ['a count of nothing', cloudwatch('counts: {a: requests}'), 'VALUE 1:36 metrics.cloudwatch.counts.a', 'no query', ''],
  [
    'an unknown dimension',
    cloudwatch('dimensions: {blue: {TargetGroups: a}}'),
    'UNKNOWN_KEY 1:44 metrics.cloudwatch.dimensions.blue.TargetGroups',
    'TargetGroups',
    '`TargetGroup`',
  ],
  ['a circuit break', `circuit_break: {}\n${cloudwatch('')}`, 'VALUE 1:1 circuit_break', '1m later', 'Leave it out'],
  [
    'requests without a load balancer',
    `metrics: cloudwatch\n${ECS}\nrouter: {route53: {zone: Z, record: a}}\nswitch: {deadline: 2m}\nblue_green_switch: {validation_phases: {full_switch: {rollback_triggers: [error_rate > 1]}}}`,
    'UNKNOWN_METRIC 5:75 blue_green_switch.validation_phases.full_switch.rollback_triggers[0]',
    'LoadBalancer and TargetGroup',
    'metrics.cloudwatch.queries.error_rate',
  ],
  [
    'requests of a Network Load Balancer',
    `metrics: cloudwatch\n${ECS}\n${NLB}\nblue_green_switch: {validation_phases: {full_switch: {rollback_triggers: [error_rate > 1]}}}`,
    'UNKNOWN_METRIC 4:75 blue_green_switch.validation_phases.full_switch.rollback_triggers[0]',
    'net/shop/3c',
    'metrics.cloudwatch.queries.error_rate',
  ],
  [
    'memory of instances',
    `metrics: cloudwatch\n${ASG}\n${ALB}\nblue_green_switch: {validation_phases: {full_switch: {rollback_triggers: [memory_utilization > 90]}}}`,
    'UNKNOWN_METRIC 4:75 blue_green_switch.validation_phases.full_switch.rollback_triggers[0]',
    'only ECS services',
    'memory_utilization',
  ],
  [
    'a series that there are no dimensions for',
    `metrics: {cloudwatch: {queries: {a: memory}}}\n${ASG}\n${ALB}`,
    'VALUE 1:37 metrics.cloudwatch.queries.a',
    'ClusterName and ServiceName',
    'dimensions',
  ],
];

describe('a plan is refused for', () => {
  it.each(BAD)('%s', (_, text, error, message, hint) => {
    expectOneError(text, error, message, hint);
  });
});
