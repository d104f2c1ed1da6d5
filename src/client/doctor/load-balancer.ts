/** What of a plan's load balancer may surprise. */
import type { Plan } from '../../plan/types.ts';
import { reportOf } from '../output.ts';
import { type Check, failed, ok, warning } from './check.ts';

const NAME = 'load balancer';
const FIX = 'See docs/aws-alb.md; change the load balancer or the plan, or go on knowing it.';

/** One line for each doubt. Throws nothing. */
export async function checkLoadBalancer(plan: Plan): Promise<Check[]> {
  const { doubtsOfLoadBalancer } = await import('../../direct/aws/load-balancer.ts');
  try {
    const doubts = await doubtsOfLoadBalancer(plan);
    if (doubts === null) return [];
    if (doubts.length === 0) return [ok(NAME, 'clients go where the weights say, and connections have their time')];
    return doubts.map((doubt) => warning(NAME, doubt, FIX));
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [failed(NAME, message, hint)];
  }
}
