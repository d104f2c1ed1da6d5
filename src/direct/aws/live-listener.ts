/** A listener or a rule of Elastic Load Balancing, with what stands behind its two target groups. Reads only. */
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { bounded } from '../../activities/clock.ts';
import { awsService } from '../../adapters/aws/service.ts';
import { CutoverError } from '../../errors.ts';
import type { Colour } from '../../plan/types.ts';
import {
  activeOf,
  type ColourNames,
  coloursOf,
  type LiveAws,
  type LiveListener,
  type MetricDimensions,
} from './live.ts';
import { livePlatform } from './live-platform.ts';

export interface ListenerQuestion {
  place: 'listener' | 'rule';
  arn: string;
  region: string | null;
  /** Of ECS; null: every one is searched. */
  cluster: string | null;
  /** Names or ARNs of the target groups. */
  colours: ColourNames;
}

/** An account may have hundreds of services, whose lists are read under the rate limit that reads share. */
export const LIMIT_MS = 60_000;
const ARN = /^arn:[^:]+:elasticloadbalancing:([^:]+):[^:]*:(listener|listener-rule)\/(app|net)\/([^/]+\/[^/]+)\//;

/**
 * CUTOVER_USAGE for what is no such ARN, and when it cannot be told which target group is which colour; CUTOVER_ROUTER_OBJECT
 * unless it forwards to two target groups, each with a service or a group of its own; the errors of AwsService.
 */
export function readLiveListener(question: ListenerQuestion): Promise<LiveAws> {
  const { place, arn, cluster } = question;
  const [, itsRegion = '', what, type] = ARN.exec(arn) ?? [];
  if (what !== (place === 'rule' ? 'listener-rule' : 'listener')) {
    const expected = place === 'rule' ? 'listener-rule/app/…' : 'listener/app/… or listener/net/…';
    throw new CutoverError('CUTOVER_USAGE', `\`${arn}\` is no ARN of a ${place}: it ends with ${expected}.`);
  }
  const region = question.region ?? itsRegion;
  const name = `the ${place} ${arn}`;
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    const forward = forwardOf(await actionsOf(question, region, signal), name);
    const tuples = tuplesOf(forward);
    const colours = coloursIn(tuples, question.colours, name);
    const weight = (colour: Colour) => tuples.find((one) => one.arn === colours[colour])?.weight ?? 0;
    const { active, shares } = activeOf({ blue: weight('blue'), green: weight('green') }, name);
    const { platform, version } = await livePlatform(region, cluster, colours, active, signal);
    const { Enabled: isSticky, DurationSeconds: seconds = 0 } =
      forward.ForwardConfig?.TargetGroupStickinessConfig ?? {};
    const router: LiveListener = {
      kind: type === 'net' ? 'nlb' : 'alb',
      ...{ place, arn, groups: colours },
      stickySeconds: isSticky === true ? seconds : 0,
    };
    const balancer = balancerOf(arn);
    const dimensions = { blue: dimensionsIn(balancer, colours.blue), green: dimensionsIn(balancer, colours.green) };
    return { source: 'aws', region, active, shares, router, platform, version, dimensions };
  });
}

/** As CloudWatch names it: `app/shop/50dc6c495c0c9188`. */
function balancerOf(arn: string): string {
  const [, , , type = '', rest = ''] = ARN.exec(arn) ?? [];
  return `${type}/${rest}`;
}

export function dimensionsIn(loadBalancer: string, targetGroup: string): MetricDimensions {
  return { LoadBalancer: loadBalancer, TargetGroup: targetGroup.slice(targetGroup.lastIndexOf(':') + 1) };
}

async function actionsOf({ place, arn }: ListenerQuestion, region: string, signal: AbortSignal): Promise<Action[]> {
  const elb = awsService('elasticloadbalancing', region);
  if (place === 'listener') {
    const { Listeners = [] } = await elb.read('DescribeListeners', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeListenersCommand({ ListenerArns: [arn] }), options),
    );
    return Listeners[0]?.DefaultActions ?? missing(place, arn);
  }
  const { Rules = [] } = await elb.read('DescribeRules', '*', signal, ({ sdk, client }, options) =>
    client.send(new sdk.DescribeRulesCommand({ RuleArns: [arn] }), options),
  );
  if (Rules[0]?.IsDefault === true) {
    const told = `the rule ${arn} is its listener's default; name the listener instead, with --listener`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
  }
  return Rules[0]?.Actions ?? missing(place, arn);
}

function missing(place: string, arn: string): never {
  throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `there is no ${place} ${arn}`);
}

function forwardOf(actions: readonly Action[], name: string): Action {
  const [forward, second] = actions.filter(({ Type: type }) => type === 'forward');
  if (forward !== undefined && second === undefined) return forward;
  const found = actions.map(({ Type: type }) => type).join(', ') || 'none';
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} has the actions ${found}; it must forward to target groups`);
}

interface Tuple {
  arn: string;
  weight: number;
}

function tuplesOf({ TargetGroupArn: single, ForwardConfig: config }: Action): Tuple[] {
  const listed = config?.TargetGroups ?? [];
  if (listed.length === 0) return single === undefined ? [] : [{ arn: single, weight: 1 }];
  return listed.map(({ TargetGroupArn: arn = '', Weight: weight = 1 }) => ({ arn, weight }));
}

function coloursIn(tuples: readonly Tuple[], wanted: ColourNames, name: string): Record<Colour, string> {
  if (tuples.length !== 2) {
    const found = tuples.map(({ arn }) => nameIn(arn)).join(', ') || 'none';
    const told = `${name} forwards to the target groups ${found}; it must be two, one of each colour (the weight of one may be 0)`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
  }
  const names = { blue: shortened(wanted.blue), green: shortened(wanted.green) };
  const colours = coloursOf(
    tuples.map(({ arn }) => nameIn(arn)),
    names,
    'target group',
    name,
  );
  const arnOf = (colour: Colour) => tuples.find(({ arn }) => nameIn(arn) === colours[colour])?.arn ?? '';
  return { blue: arnOf('blue'), green: arnOf('green') };
}

function shortened(name: string | null): string | null {
  return name?.startsWith('arn:') === true ? nameIn(name) : name;
}

/** `arn:…:targetgroup/NAME/ID`; names are an account's and region's own. */
function nameIn(arn: string): string {
  return arn.split('/')[1] ?? arn;
}
