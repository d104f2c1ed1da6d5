/** A load balancer in moto with two target groups, and what people or other tools do to it. */

import { DescribeSubnetsCommand, EC2Client, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  type Action,
  AddTagsCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyRuleCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import type { AwsFault } from './fault-proxy.ts';
import type { AwsStage } from './stage.ts';

export interface LoadBalancer {
  arn: string;
  listener: string;
  groups: Record<Colour, string>;
  zones: string[];
  elb: ElasticLoadBalancingV2Client;
  /** Another listener or rule, of all traffic to blue unless `actions` say otherwise. */
  addListener(actions?: Action[]): Promise<string>;
  addRule(actions?: Action[]): Promise<string>;
  /** As a person past Cutover would. */
  putWeights(place: string, weights: Weights): Promise<void>;
  putActions(place: string, actions: Action[]): Promise<void>;
  actionsOf(place: string): Promise<Action[]>;
  tagsOf(place: string): Promise<Record<string, string>>;
  putTags(place: string, tags: Record<string, string>): Promise<void>;
  register(colour: Colour, targets: string[]): Promise<void>;
  /** Instances in these zones, one each. */
  launch(zones: string[]): Promise<string[]>;
  terminate(instances: string[]): Promise<void>;
}

export interface Layout {
  /** Of the first listener; absent: both target groups, all traffic on blue. */
  actions?: (groups: Record<Colour, string>) => Action[];
  type?: 'application' | 'network';
  /** Registered, and healthy at once. */
  targets?: Record<Colour, number>;
}

const IMAGE = 'ami-12c6146b';
let balancers = 0;

export function forward(groups: Record<Colour, string>, { blue, green }: Weights, rest: object = {}): Action {
  const targetGroups = [
    { TargetGroupArn: groups.blue, Weight: blue },
    { TargetGroupArn: groups.green, Weight: green },
  ];
  return { Type: 'forward', ForwardConfig: { TargetGroups: targetGroups, ...rest } };
}

export async function openLoadBalancer({ direct }: AwsStage, layout: Layout = {}): Promise<LoadBalancer> {
  const { type = 'application', targets = { blue: 2, green: 2 } } = layout;
  const elb = new ElasticLoadBalancingV2Client(direct);
  const ec2 = new EC2Client(direct);
  balancers += 1;
  const name = `shop-${balancers}`;
  const subnets = ((await ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? []).slice(0, 2);
  const made = await elb.send(
    new CreateLoadBalancerCommand({ Name: name, Type: type, Subnets: subnets.map(({ SubnetId: id = '' }) => id) }),
  );
  const arn = made.LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  const protocol = type === 'application' ? 'HTTP' : 'TCP';

  async function createGroup(colour: Colour): Promise<string> {
    const { TargetGroups: groups = [] } = await elb.send(
      new CreateTargetGroupCommand({
        Name: `${name}-${colour}`,
        Protocol: protocol,
        Port: 8080,
        VpcId: subnets[0]?.VpcId,
        TargetType: 'ip',
      }),
    );
    return groups[0]?.TargetGroupArn ?? '';
  }

  const groups = { blue: await createGroup('blue'), green: await createGroup('green') };
  const onBlue = () => [forward(groups, { blue: 100, green: 0 })];
  let ports = 80;
  let priorities = 0;

  async function addListener(actions = onBlue()): Promise<string> {
    ports += 1;
    const { Listeners: listeners = [] } = await elb.send(
      new CreateListenerCommand({ LoadBalancerArn: arn, Protocol: protocol, Port: ports, DefaultActions: actions }),
    );
    return listeners[0]?.ListenerArn ?? '';
  }

  const listener = await addListener(layout.actions?.(groups));

  async function putActions(place: string, actions: Action[]): Promise<void> {
    if (isRule(place)) await elb.send(new ModifyRuleCommand({ RuleArn: place, Actions: actions }));
    else await elb.send(new ModifyListenerCommand({ ListenerArn: place, DefaultActions: actions }));
  }

  async function register(colour: Colour, ids: string[]): Promise<void> {
    const list = ids.map((id) => ({ Id: id, Port: 8080 }));
    if (list.length > 0) await elb.send(new RegisterTargetsCommand({ TargetGroupArn: groups[colour], Targets: list }));
  }

  await register('blue', addresses(1, targets.blue));
  await register('green', addresses(2, targets.green));

  return {
    arn,
    listener,
    groups,
    zones: subnets.map(({ AvailabilityZone: zone = '' }) => zone),
    elb,
    addListener,
    async addRule(actions = onBlue()) {
      priorities += 1;
      const { Rules: rules = [] } = await elb.send(
        new CreateRuleCommand({
          ListenerArn: listener,
          Priority: priorities,
          Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: [`/shop/${priorities}/*`] } }],
          Actions: actions,
        }),
      );
      return rules[0]?.RuleArn ?? '';
    },
    putActions,
    putWeights: (place, weights) => putActions(place, [forward(groups, weights)]),
    async actionsOf(place) {
      if (!isRule(place)) {
        const { Listeners: found = [] } = await elb.send(new DescribeListenersCommand({ ListenerArns: [place] }));
        return found[0]?.DefaultActions ?? [];
      }
      return (await elb.send(new DescribeRulesCommand({ RuleArns: [place] }))).Rules?.[0]?.Actions ?? [];
    },
    async tagsOf(place) {
      const { TagDescriptions: found = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns: [place] }));
      return Object.fromEntries((found[0]?.Tags ?? []).map(({ Key: key = '', Value: value = '' }) => [key, value]));
    },
    async putTags(place, tags) {
      const list = Object.entries(tags).map(([key, value]) => ({ Key: key, Value: value }));
      await elb.send(new AddTagsCommand({ ResourceArns: [place], Tags: list }));
    },
    register,
    async launch(zones) {
      const launched = zones.map(async (zone) => {
        const subnet = subnets.find((one) => one.AvailabilityZone === zone);
        const run = { ImageId: IMAGE, MinCount: 1, MaxCount: 1, SubnetId: subnet?.SubnetId };
        return (await ec2.send(new RunInstancesCommand(run))).Instances?.[0]?.InstanceId ?? '';
      });
      return Promise.all(launched);
    },
    async terminate(instances) {
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: instances }));
    },
  };
}

function addresses(network: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${network}.${index + 1}`);
}

function isRule(arn: string): boolean {
  return arn.includes(':listener-rule/');
}

export interface TargetSeen {
  id: string;
  state: string;
  zone?: string;
}

/** What the health checks have found, where moto finds all healthy at once. */
export function targetsSeen(targets: readonly TargetSeen[]): AwsFault {
  const members = targets.map(({ id, state, zone }) => {
    const where = zone === undefined ? '' : `<AvailabilityZone>${zone}</AvailabilityZone>`;
    return `<member><Target><Id>${id}</Id><Port>8080</Port>${where}</Target><TargetHealth><State>${state}</State></TargetHealth></member>`;
  });
  const result = `<TargetHealthDescriptions>${members.join('')}</TargetHealthDescriptions>`;
  const body = `<DescribeTargetHealthResponse><DescribeTargetHealthResult>${result}</DescribeTargetHealthResult></DescribeTargetHealthResponse>`;
  return async () => ({ status: 200, headers: { 'content-type': 'text/xml' }, body });
}
