/** Assembly: what of a plan's load balancer may surprise. Reads only. */
import { bounded } from '../../activities/clock.ts';
import { doubtsOf } from '../../adapters/routers/alb/doubts.ts';
import { type AlbOptions, applicationOptions, networkOptions } from '../../adapters/routers/alb/options.ts';
import type { Plan } from '../../plan/types.ts';

const LIMIT_MS = 5_000;

/** Null: the plan's router is none. Errors of the AwsService, and CUTOVER_ROUTER_OBJECT. */
export async function doubtsOfLoadBalancer({ router, switch: { drain_ms } }: Plan): Promise<string[] | null> {
  const options = optionsOf(router);
  if (options === null) return null;
  return bounded(LIMIT_MS, new AbortController().signal, (signal) => doubtsOf(options, drain_ms, signal));
}

function optionsOf(router: Plan['router']): AlbOptions | null {
  if (router.kind === 'alb') return applicationOptions(router);
  return router.kind === 'nlb' ? networkOptions(router) : null;
}
