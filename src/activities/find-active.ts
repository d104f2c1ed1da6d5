/** What a deployment begins from: the active colour, and how the two compare. */
import type { Adapters } from '../adapters/registry.ts';
import type { Fence, RouterState } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import { checkNormalisedPlan } from '../plan/normalised.ts';
import type { Colour, Plan } from '../plan/types.ts';
import { formatWeights, otherColour } from '../plan/weights.ts';
import { compareColours, withDoubts } from './parity.ts';
import type { Found } from './types.ts';

/** Reads what the deployment begins from, and changes nothing. Errors: see `MutationActivities.findActive`. */
export async function findActive(adapters: Adapters, plan: Plan, signal: AbortSignal): Promise<Found> {
  const problems = checkNormalisedPlan(plan);
  if (problems.length > 0) {
    throw new CutoverError('CUTOVER_PLAN_INVALID', `the plan is not valid: ${problems.join('; ')}`, {
      details: { problems },
    });
  }
  const platform = adapters.platform(plan);
  const state = await adapters.router(plan).read(signal);
  const active = activeColour(state);
  const [active_state, standby_state, parity] = await Promise.all([
    platform.inspect(active, signal),
    platform.inspect(otherColour(active), signal),
    withDoubts(
      compareColours(platform, active, plan.require_parity, signal),
      platform,
      { drain_ms: plan.switch.drain_ms },
      signal,
    ),
  ]);
  return { state, active, active_state, standby_state, parity };
}

/**
 * The earlier version's claim, whose expected revision is its own fresh read: an attempt that wakes late claims whatever
 * stands then. A claim that lost a race is retried.
 */
export async function claimRouter(
  adapters: Adapters,
  { plan, run }: { plan: Plan; run: string },
  signal: AbortSignal,
): Promise<Found & { fence: Fence }> {
  const found = await findActive(adapters, plan, signal);
  const stored = found.state.fence;
  const fence = stored?.run === run && stored.step === 0 ? stored : { run, epoch: (stored?.epoch ?? 0) + 1, step: 0 };
  const { kind, state } = await adapters.router(plan).claim(found.state.revision, fence, signal);
  if (kind === 'written' || kind === 'already') return { ...found, state, fence };
  throw new CutoverError('CUTOVER_FENCE_SUPERSEDED', 'somebody wrote to the router while it was being claimed');
}

function activeColour(state: RouterState): Colour {
  if (state.weights.blue === 100) return 'blue';
  if (state.weights.green === 100) return 'green';
  throw new CutoverError(
    'CUTOVER_ROUTER_SPLIT',
    `the router splits traffic ${formatWeights(state.weights)}: neither colour is active`,
  );
}
