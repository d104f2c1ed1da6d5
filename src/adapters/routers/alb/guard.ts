/** No traffic to targets that would not answer: looked at beside the look that a write is made on. */
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import type { RouterState } from '../../types.ts';
import { describeHealth, type GroupHealth, healthOf } from './targets.ts';
import type { WriteOffer, Written } from './write.ts';

type Health = GroupHealth | CutoverError;

const COLOURS = ['blue', 'green'] as const;

/** Of the colours that would have traffic. What keeps it from being known is kept, for those who may go without. */
export async function askHealth(
  { api, groups }: Pick<Written, 'api' | 'groups'>,
  { weights, force }: Pick<WriteOffer, 'weights' | 'force'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Colour, Health>> {
  const asked = COLOURS.filter((colour) => !force && weights !== null && weights[colour] > 0);
  const answers = asked.map(async (colour): Promise<[Colour, Health]> => {
    try {
      return [colour, await healthOf(api, groups[colour], 'write', signal)];
    } catch (error) {
      if (error instanceof CutoverError) return [colour, error];
      throw error;
    }
  });
  return new Map(await Promise.all(answers));
}

/** A colour without a healthy target gets no more than it has. Where its health is unknown, only the way back is open. */
export function refuseUnhealthy(
  state: RouterState,
  { weights }: Pick<WriteOffer, 'weights'>,
  before: Weights | null,
  health: ReadonlyMap<Colour, Health>,
): void {
  for (const [colour, found] of health) {
    if (weights === null || weights[colour] <= state.weights[colour]) continue;
    if (found instanceof CutoverError) {
      if (before?.[colour] === 100) continue;
      throw found;
    }
    if (found.healthy.length > 0) continue;
    const told = `the target group of ${colour} has ${describeHealth(found)}: it gets no traffic`;
    throw new CutoverError('CUTOVER_CAPACITY_SHORT', told);
  }
}
