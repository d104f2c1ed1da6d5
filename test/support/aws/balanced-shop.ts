/** A load balancer with two target groups, a listener, a rule and two weighted records in front of them. */
import { randomUUID } from 'node:crypto';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  type Action,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import type { AwsStage } from './stage.ts';

export type BalancedShop = Awaited<ReturnType<typeof openBalancedShop>>;

export interface BalancedShopOptions {
  type?: 'application' | 'network';
  /** Of the target groups, after the shop's own name. */
  suffixes?: Record<Colour, string>;
}

export async function openBalancedShop({ direct }: AwsStage, options: BalancedShopOptions = {}) {
  const { type = 'application', suffixes = { blue: 'blue', green: 'green' } } = options;
  const elb = new ElasticLoadBalancingV2Client(direct);
  const route53 = new Route53Client(direct);
  const ec2 = new EC2Client(direct);
  const name = `shop-${randomUUID().slice(0, 8)}`;
  const found = await ec2.send(new DescribeSubnetsCommand({}));
  const subnets = (found.Subnets ?? []).slice(0, 2);
  const Protocol = type === 'application' ? 'HTTP' : 'TCP';

  async function balancer(suffix: string): Promise<{ arn: string; dns: string }> {
    const { LoadBalancers = [] } = await elb.send(
      new CreateLoadBalancerCommand({
        Name: `${name}${suffix}`,
        Type: type,
        Subnets: subnets.map(({ SubnetId = '' }) => SubnetId),
      }),
    );
    return { arn: LoadBalancers[0]?.LoadBalancerArn ?? '', dns: LoadBalancers[0]?.DNSName ?? '' };
  }

  async function targetGroup(suffix: string): Promise<string> {
    const input = {
      Name: `${name}-${suffix}`,
      Protocol,
      Port: 8080,
      VpcId: subnets[0]?.VpcId,
      TargetType: 'ip',
    } as const;
    const { TargetGroups = [] } = await elb.send(new CreateTargetGroupCommand(input));
    return TargetGroups[0]?.TargetGroupArn ?? '';
  }

  const first = await balancer('');
  const groups = { blue: await targetGroup(suffixes.blue), green: await targetGroup(suffixes.green) };
  let ports = 8_000;
  let priorities = 0;

  async function listener(actions: Action[], LoadBalancerArn = first.arn): Promise<string> {
    ports += 1;
    const { Listeners = [] } = await elb.send(
      new CreateListenerCommand({ LoadBalancerArn, Protocol, Port: ports, DefaultActions: actions }),
    );
    return Listeners[0]?.ListenerArn ?? '';
  }

  return {
    name,
    groups,
    listener,
    targetGroup,
    /** To both target groups. */
    forward({ blue, green }: Weights, rest: object = {}): Action {
      const TargetGroups = [
        { TargetGroupArn: groups.blue, Weight: blue },
        { TargetGroupArn: groups.green, Weight: green },
      ];
      return { Type: 'forward', ForwardConfig: { TargetGroups, ...rest } };
    },
    async rule(listenerArn: string, actions: Action[]): Promise<string> {
      priorities += 1;
      const { Rules = [] } = await elb.send(
        new CreateRuleCommand({
          ListenerArn: listenerArn,
          Priority: priorities,
          Conditions: [{ Field: 'path-pattern', Values: ['/shop'] }],
          Actions: actions,
        }),
      );
      return Rules[0]?.RuleArn ?? '';
    },
    /** Each colour behind a load balancer of its own: their names. */
    async balancers(): Promise<Record<Colour, string>> {
      const of = async (colour: Colour) => {
        const { arn, dns } = await balancer(`-${colour}`);
        await listener([{ Type: 'forward', TargetGroupArn: groups[colour] }], arn);
        return dns;
      };
      return { blue: await of('blue'), green: await of('green') };
    },
    async records(record: string, sets: Omit<ResourceRecordSet, 'Name'>[]): Promise<string> {
      const Name = `${name}.example.com`;
      const { HostedZone } = await route53.send(new CreateHostedZoneCommand({ Name, CallerReference: randomUUID() }));
      const zone = (HostedZone?.Id ?? '').replace('/hostedzone/', '');
      const Changes = sets.map((set) => ({
        Action: 'CREATE' as const,
        ResourceRecordSet: { Name: `${record}.${Name}`, ...set },
      }));
      await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }));
      return zone;
    },
    close(): void {
      for (const client of [elb, route53, ec2]) client.destroy();
    },
  };
}
