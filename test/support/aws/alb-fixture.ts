/** A claimed router of target groups, about to give green all traffic. */

import type { AlbOptions } from '../../../src/adapters/routers/alb/options.ts';
import { createAlbRouter } from '../../../src/adapters/routers/alb.ts';
import type { Fence, RouterState, TrafficRouter } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import type { AwsCall } from './fault-proxy.ts';
import { type Layout, type LoadBalancer, openLoadBalancer } from './load-balancer.ts';
import type { AwsStage } from './stage.ts';

export const BLUE: Weights = { blue: 100, green: 0 };
export const GREEN: Weights = { blue: 0, green: 100 };

export interface AlbFixture {
  balancer: LoadBalancer;
  router: TrafficRouter;
  /** The same router as another process sees it. */
  another: TrafficRouter;
  claimed: RouterState;
  shift(
    weights: Weights,
    step: number,
    rest?: { expected?: string; force?: boolean; by?: TrafficRouter; signal?: AbortSignal },
  ): ReturnType<TrafficRouter['shift']>;
  /** The calls since the claim. */
  calls(...actions: string[]): AwsCall[];
}

export const RUN = 'cutover/production/shop 0199a5';

export function signal(ms = 20_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

export function fence(step: number, epoch = 1, run = RUN): Fence {
  return { run, epoch, step };
}

export function routerOf(balancer: LoadBalancer, options: Partial<AlbOptions> = {}): TrafficRouter {
  return createAlbRouter({
    balancer: 'application',
    region: null,
    listeners: [balancer.listener],
    rules: [],
    testListener: null,
    groups: balancer.groups,
    stickyForMs: 0,
    ...options,
  });
}

export async function claim(router: TrafficRouter): Promise<RouterState> {
  const { revision, fence: stored } = await router.read(signal());
  const { kind, state } = await router.claim(revision, fence(0, (stored?.epoch ?? 0) + 1), signal());
  if (kind !== 'written') throw new Error(`the claim was ${kind}`);
  return state;
}

export async function openAlb(
  stage: AwsStage,
  layout: Layout = {},
  options: (balancer: LoadBalancer) => Promise<Partial<AlbOptions>> | Partial<AlbOptions> = () => ({}),
): Promise<AlbFixture> {
  const balancer = await openLoadBalancer(stage, layout);
  const its = await options(balancer);
  const router = routerOf(balancer, its);
  const claimed = await claim(router);
  const from = stage.proxy.calls.length;
  return {
    balancer,
    router,
    another: routerOf(balancer, its),
    claimed,
    shift: (weights, step, rest = {}) => {
      const { expected = claimed.revision, force = false, by = router, signal: limit = signal() } = rest;
      return by.shift({ weights, expected_revision: expected, fence: fence(step), force }, limit);
    },
    calls: (...actions) => stage.proxy.calls.slice(from).filter(({ action }) => actions.includes(action)),
  };
}
