/** The short writes. Each reads what its safety rests on in the same attempt, right before the write. */
import { cancellationSignal } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import { CutoverError } from '../errors.ts';
import { formatShare } from '../plan/exposure.ts';
import type { Colour } from '../plan/types.ts';
import { withFailures } from './failure.ts';
import { claimRouter, findActive } from './find-active.ts';
import { shiftTraffic } from './shift-traffic.ts';
import type { ColourInput, FreedColourInput, MutationActivities } from './types.ts';

export interface ActivityDependencies {
  adapters: Adapters;
}

export function createMutationActivities({ adapters }: ActivityDependencies): MutationActivities {
  return withFailures<MutationActivities>({
    findActive: ({ plan }) => findActive(adapters, plan, cancellationSignal()),
    claimEpoch: ({ target, expected_revision, fence }) =>
      adapters.router(target).claim(expected_revision, fence, cancellationSignal()),
    claimRouter: (input) => claimRouter(adapters, input, cancellationSignal()),
    shiftTraffic: (input) => shiftTraffic(adapters, input, cancellationSignal()),
    async deployVersion(input) {
      const signal = cancellationSignal();
      const state = await adapters.platform(input.target).inspect(input.colour, signal);
      const same = state.version === input.version && state.desired <= input.size;
      if (!same) await refuseUnderTraffic(adapters, input, `deploy ${input.version} to`, signal);
      await adapters.platform(input.target).deploy(input.colour, input.version, input.size, signal);
    },
    async scaleColour(input) {
      const signal = cancellationSignal();
      const platform = adapters.platform(input.target, input.urgent);
      const [state, least] = await Promise.all([
        platform.inspect(input.colour, signal),
        input.kept_of === undefined ? null : platform.leastKept?.(input.colour, input.kept_of, signal),
      ]);
      const size = Math.max(input.size, least?.size ?? 0);
      if (size < state.desired) await refuseUnderTraffic(adapters, input, `scale down`, signal);
      await platform.scale(input.colour, size, signal);
      await releaseClaim(adapters, input, signal);
      return { size, note: size > input.size ? (least?.reason ?? null) : null };
    },
    async removeColour(input) {
      const signal = cancellationSignal();
      await refuseUnderTraffic(adapters, input, 'remove', signal);
      await adapters.platform(input.target).remove(input.colour, signal);
      await releaseClaim(adapters, input, signal);
    },
  });
}

async function releaseClaim(adapters: Adapters, { target, fence }: FreedColourInput, signal: AbortSignal) {
  if (fence !== undefined) await adapters.router(target).release?.(fence, signal);
}

/** Invariant: a colour that has traffic is never scaled down, changed or removed. */
async function refuseUnderTraffic(
  adapters: Adapters,
  input: ColourInput & { colour: Colour },
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const { weights, exposed } = await adapters.router(input.target).read(signal);
  const its = exposed?.colour === input.colour ? exposed : null;
  if (weights[input.colour] === 0 && its === null) return;
  throw new CutoverError(
    'CUTOVER_COLOUR_HAS_TRAFFIC',
    `will not ${what} ${input.colour}: it has ${formatShare(weights[input.colour], its)} of the traffic`,
  );
}
