/** From a plan's `alb` or `nlb` to what its router is made of. */
import { parseDuration } from '../../../plan/duration.ts';
import { listOf, routerSettings } from '../../../plan/schema/routers.ts';
import type { OtherAdapterPlan } from '../../../plan/types.ts';
import { settingsOf } from '../../settings.ts';
import type { Groups } from './actions.ts';
import type { Balancer } from './api.ts';

export interface AlbOptions {
  /** An Application Load Balancer shares requests in any proportion, this router of a Network Load Balancer all or nothing. */
  balancer: Balancer;
  /** Null: the one that the first ARN names. */
  region: string | null;
  /** For their default actions. */
  listeners: readonly string[];
  rules: readonly string[];
  /** Its default action is given to the standby colour at the claim; null: there is none. */
  testListener: string | null;
  groups: Groups;
  /** The longest target group stickiness that the plan reckons with. */
  stickyForMs: number;
}

export function applicationOptions(config: OtherAdapterPlan): AlbOptions {
  const { listener, rule, test_listener: testListener = null, ...rest } = settingsOf(routerSettings.alb, config);
  return {
    balancer: 'application',
    region: rest.region ?? null,
    listeners: listOf(listener),
    rules: listOf(rule),
    testListener,
    groups: rest.target_groups,
    stickyForMs: (rest.sticky_for === undefined ? null : parseDuration(rest.sticky_for)) ?? 0,
  };
}

export function networkOptions(config: OtherAdapterPlan): AlbOptions {
  const { region = null, listener, target_groups: groups } = settingsOf(routerSettings.nlb, config);
  const rest = { rules: [], testListener: null, stickyForMs: 0 };
  return { balancer: 'network', region, listeners: listOf(listener), groups, ...rest };
}

/** A load balancer is where its ARN says. */
export function regionOf({ region, listeners, rules }: AlbOptions): string | null {
  const [first = ''] = [...listeners, ...rules];
  return region ?? first.split(':')[3] ?? null;
}
