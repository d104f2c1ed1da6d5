/** Work that only one colour may run follows the traffic: it is moved by whoever owns the router, to where all traffic is. */
import type { Adapters } from '../adapters/registry.ts';
import type { Fence, ScheduledWorkOrder, TrafficRouter } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { Colour } from '../plan/types.ts';
import { formatWeights } from '../plan/weights.ts';
import { bounded } from './clock.ts';
import type { Polling } from './polling.ts';
import type { ScheduledWorkInput, ScheduledWorkResult } from './types.ts';

/** One pass; the next attempt goes on where it ended. */
const LIMIT_MS = 30_000;

export async function moveScheduledWork(
  adapters: Adapters,
  { signal, heartbeat }: Pick<Polling, 'signal' | 'heartbeat'>,
  { target, active, fence }: ScheduledWorkInput,
): Promise<ScheduledWorkResult> {
  const { moveScheduledWork: pass } = adapters.platform(target);
  if (pass === undefined) {
    throw new CutoverError('CUTOVER_PLAN_VALUE', `${target.platform.kind} has no work that only one colour may run`);
  }
  const order = orderFor(adapters.router(target), { active, fence }, () => heartbeat(`moving work to ${active}`));
  heartbeat(`looking for work to move to ${active}`);
  try {
    return { kind: 'moved', ...(await bounded(LIMIT_MS, signal, (limit) => pass(order, limit))) };
  } catch (error) {
    if (!(error instanceof CutoverError) || error.code !== 'CUTOVER_FENCE_SUPERSEDED') throw error;
    return { kind: 'superseded', note: error.message };
  }
}

/** `asked` is told of every object that is about to be written. */
export function orderFor(
  router: Pick<TrafficRouter, 'read'>,
  { active, fence }: { active: Colour; fence: Fence },
  asked = () => {},
): ScheduledWorkOrder {
  return {
    active,
    fence,
    async permit(signal) {
      asked();
      const { fence: stored, weights } = await router.read(signal);
      if (stored === null || stored.run !== fence.run || stored.epoch !== fence.epoch) {
        throw superseded('another deployment has claimed the router');
      }
      if (stored.step > fence.step) throw superseded(`the router was written at step ${stored.step} since`);
      if (weights[active] !== 100) throw superseded(`the router holds ${formatWeights(weights)}`);
    },
  };
}

function superseded(why: string): CutoverError {
  return new CutoverError('CUTOVER_FENCE_SUPERSEDED', `scheduled work is left where it is: ${why}`);
}
