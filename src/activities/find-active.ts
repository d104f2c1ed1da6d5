/** Claiming the router: the first write of a deployment, and what stood before it. */
import type { Adapters } from '../adapters/registry.ts';
import type { Fence, RouterState } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import { checkNormalisedPlan } from '../plan/normalised.ts';
import type { Colour } from '../plan/types.ts';
import { formatWeights, otherColour } from '../plan/weights.ts';
import { compareColours, withDoubts } from './parity.ts';
import type { ClaimInput, ClaimResult } from './types.ts';

/**
 * Finds the active colour, compares the colours, and takes the next epoch by a conditional write. A second attempt finds
 * its own claim and keeps it. Errors: CUTOVER_PLAN_INVALID; CUTOVER_ROUTER_SPLIT unless one colour has all traffic;
 * CUTOVER_PARITY; a claim that lost a race is retried.
 */
export async function claimRouter(adapters: Adapters, input: ClaimInput, signal: AbortSignal): Promise<ClaimResult> {
  const problems = checkNormalisedPlan(input.plan);
  if (problems.length > 0) {
    throw new CutoverError('CUTOVER_PLAN_INVALID', `the plan is not valid: ${problems.join('; ')}`, {
      details: { problems },
    });
  }
  const router = adapters.router(input.plan);
  const platform = adapters.platform(input.plan);
  const found = await router.read(signal);
  const active = activeColour(found);
  const [active_state, standby_state, parity] = await Promise.all([
    platform.inspect(active, signal),
    platform.inspect(otherColour(active), signal),
    withDoubts(
      compareColours(platform, active, input.plan.require_parity, signal),
      platform,
      { drain_ms: input.plan.switch.drain_ms },
      signal,
    ),
  ]);
  const mine = found.fence !== null && found.fence.run === input.run && found.fence.step === 0;
  const fence: Fence =
    mine && found.fence !== null ? found.fence : { run: input.run, epoch: (found.fence?.epoch ?? 0) + 1, step: 0 };
  const result = await router.claim(found.revision, fence, signal);
  if (result.kind === 'written' || result.kind === 'already') {
    return { state: result.state, fence, active, active_state, standby_state, parity };
  }
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
