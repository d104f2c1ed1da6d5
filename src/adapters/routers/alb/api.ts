/** The calls to Elastic Load Balancing and EC2 that a router of target groups makes: one look each, or one write each. */
import type {
  Action,
  Listener,
  Rule,
  TargetGroupAttribute,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CutoverError } from '../../../errors.ts';
import type { Lane } from '../../aws/clients.ts';
import { everyPage } from '../../aws/paging.ts';
import { awsService } from '../../aws/service.ts';
import type { Place } from './actions.ts';
import type { Tags } from './fence-tags.ts';
import type { Reading } from './state.ts';

export interface PlaceNames {
  listeners: readonly string[];
  rules: readonly string[];
}

export type Balancer = 'application' | 'network';

export type AlbApi = ReturnType<typeof createAlbApi>;

/** AWS takes as many in one call. */
const INSTANCES_A_CALL = 100;

/** IAM knows no narrower resource for the calls that only read. */
const ANY = '*';

export function createAlbApi(region: string | null, balancer: Balancer) {
  const elb = awsService('elasticloadbalancing', region);
  const ec2 = awsService('ec2', region);

  async function readListeners(arns: readonly string[], lane: Lane, signal: AbortSignal): Promise<Place[]> {
    if (arns.length === 0) return [];
    const found = await orMissing('listener', arns, () =>
      everyPage<Listener>(async (Marker) => {
        const page = await elb[lane]('DescribeListeners', ANY, signal, ({ sdk, client }, options) =>
          client.send(new sdk.DescribeListenersCommand({ ListenerArns: [...arns], Marker }), options),
        );
        return { items: page.Listeners ?? [], next: page.NextMarker };
      }),
    );
    return arns.map((arn) => {
      const listener = found.find(({ ListenerArn: its }) => its === arn) ?? missing('listener', arn);
      refuseOther(balancer, listener);
      return { kind: 'listener', arn, actions: listener.DefaultActions ?? [], conditions: [] };
    });
  }

  async function readRules(arns: readonly string[], lane: Lane, signal: AbortSignal): Promise<Place[]> {
    if (arns.length === 0) return [];
    const found = await orMissing('rule', arns, () =>
      everyPage<Rule>(async (Marker) => {
        const page = await elb[lane]('DescribeRules', ANY, signal, ({ sdk, client }, options) =>
          client.send(new sdk.DescribeRulesCommand({ RuleArns: [...arns], Marker }), options),
        );
        return { items: page.Rules ?? [], next: page.NextMarker };
      }),
    );
    return arns.map((arn) => {
      const rule = found.find(({ RuleArn: its }) => its === arn) ?? missing('rule', arn);
      if (rule.IsDefault === true) {
        const told = `the rule ${arn} is its listener's default; name the listener instead`;
        throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
      }
      return { kind: 'rule', arn, actions: rule.Actions ?? [], conditions: rule.Conditions ?? [] };
    });
  }

  async function readTags(arn: string, lane: Lane, signal: AbortSignal): Promise<Tags> {
    const { TagDescriptions: found = [] } = await elb[lane]('DescribeTags', ANY, signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTagsCommand({ ResourceArns: [arn] }), options),
    );
    const tags = found.flatMap(({ Tags: its = [] }) => its);
    return Object.fromEntries(tags.map(({ Key: key = '', Value: value = '' }) => [key, value]));
  }

  return {
    async read({ listeners, rules }: PlaceNames, lane: Lane, signal: AbortSignal): Promise<Reading> {
      const asked = { monotonicMs: performance.now(), epochMs: Date.now() };
      const [first = ''] = [...listeners, ...rules];
      const [itsListeners, itsRules, tags] = await Promise.all([
        readListeners(listeners, lane, signal),
        readRules(rules, lane, signal),
        readTags(first, lane, signal),
      ]);
      return { places: [...itsListeners, ...itsRules], tags, asked };
    },
    readListeners,
    async putTags(arn: string, tags: Tags, signal: AbortSignal): Promise<void> {
      const list = Object.entries(tags).map(([key, value]) => ({ Key: key, Value: value }));
      await elb.write('AddTags', arn, signal, ({ sdk, client }, options) =>
        client.send(new sdk.AddTagsCommand({ ResourceArns: [arn], Tags: list }), options),
      );
    },
    /** Whatever is not named stays: port, protocol, certificates and policy of a listener; conditions and priority of a rule. */
    async putActions({ kind, arn }: Place, actions: Action[], signal: AbortSignal): Promise<void> {
      if (kind === 'listener') {
        await elb.write('ModifyListener', arn, signal, ({ sdk, client }, options) =>
          client.send(new sdk.ModifyListenerCommand({ ListenerArn: arn, DefaultActions: actions }), options),
        );
        return;
      }
      await elb.write('ModifyRule', arn, signal, ({ sdk, client }, options) =>
        client.send(new sdk.ModifyRuleCommand({ RuleArn: arn, Actions: actions }), options),
      );
    },
    async targetHealth(group: string, lane: Lane, signal: AbortSignal): Promise<TargetHealthDescription[]> {
      const answer = await elb[lane]('DescribeTargetHealth', ANY, signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn: group }), options),
      );
      return answer.TargetHealthDescriptions ?? [];
    },
    async groupAttributes(group: string, signal: AbortSignal): Promise<TargetGroupAttribute[]> {
      const answer = await elb.read('DescribeTargetGroupAttributes', ANY, signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn: group }), options),
      );
      return answer.Attributes ?? [];
    },
    /** The zones that are enabled, of all of them together. */
    async enabledZones(loadBalancers: readonly string[], signal: AbortSignal): Promise<string[]> {
      const found = await everyPage(async (Marker) => {
        const page = await elb.read('DescribeLoadBalancers', ANY, signal, ({ sdk, client }, options) =>
          client.send(new sdk.DescribeLoadBalancersCommand({ LoadBalancerArns: [...loadBalancers], Marker }), options),
        );
        return { items: page.LoadBalancers ?? [], next: page.NextMarker };
      });
      const zones = found.flatMap(({ AvailabilityZones: its = [] }) => its.map(({ ZoneName: zone = '' }) => zone));
      return [...new Set(zones)].sort();
    },
    /** Instance → zone. */
    async zonesOfInstances(ids: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
      const zones = new Map<string, string>();
      for (let from = 0; from < ids.length; from += INSTANCES_A_CALL) {
        const some = ids.slice(from, from + INSTANCES_A_CALL);
        const answer = await ec2.read('DescribeInstances', ANY, signal, ({ sdk, client }, options) =>
          client.send(new sdk.DescribeInstancesCommand({ InstanceIds: some }), options),
        );
        for (const instance of (answer.Reservations ?? []).flatMap(({ Instances: its = [] }) => its)) {
          zones.set(instance.InstanceId ?? '', instance.Placement?.AvailabilityZone ?? '');
        }
      }
      return zones;
    },
  };
}

/** By protocol: an Application Load Balancer has HTTP and HTTPS, the others have neither. */
function refuseOther(balancer: Balancer, { ListenerArn: arn, Protocol: protocol }: Listener): void {
  if ((protocol === 'HTTP' || protocol === 'HTTPS') === (balancer === 'application')) return;
  const wanted =
    balancer === 'application'
      ? 'an Application Load Balancer, as `alb` has it'
      : 'a Network Load Balancer, as `nlb` has it';
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `the listener ${arn} speaks ${protocol}: it is none of ${wanted}`);
}

/** AWS does not say which one it has not found. */
async function orMissing<T>(kind: string, arns: readonly string[], look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CutoverError && error.code === 'CUTOVER_AWS_NOT_FOUND') missing(kind, arns.join(' or '));
    throw error;
  }
}

function missing(kind: string, arn: string): never {
  throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `there is no ${kind} ${arn}`);
}

/** `…:listener/app/NAME/ID/…` and `…:listener-rule/app/NAME/ID/…` are of `…:loadbalancer/app/NAME/ID`. */
export function loadBalancerOf(arn: string): string {
  const [, before = '', its = ''] = /^(.*):listener(?:-rule)?\/((?:app|net|gwy)\/[^/]+\/[^/]+)\//.exec(arn) ?? [];
  return `${before}:loadbalancer/${its}`;
}
