/** The traffic write, with the capacity read that it rests on. */
import { activityInfo } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import type { TrafficRouter } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { Weights } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';
import { inspectOrNull, readCapacity } from './capacity.ts';
import type { ShiftInput, ShiftOutcome } from './types.ts';

const CONVERGENCE_LOOK_MS = 200;

export async function shiftTraffic(adapters: Adapters, input: ShiftInput, signal: AbortSignal): Promise<ShiftOutcome> {
  const deadlineMs = Date.now() + activityInfo().startToCloseTimeoutMs;
  const urgent = input.mode !== 'forward';
  const platform = adapters.platform(input.target, urgent);
  const capacity = await readCapacity(platform, input, signal);
  if (capacity.kind === 'short') {
    return {
      kind: 'short',
      colour: capacity.state.colour,
      colour_state: capacity.state,
      other_state: await inspectOrNull(platform, otherColour(capacity.state.colour), signal),
      note: capacity.note,
    };
  }
  refuseWhenLate(deadlineMs);
  const { weights, expose, expected_revision, fence } = input;
  const router = adapters.router(input.target, urgent);
  const force = input.mode === 'force';
  const wanted = { weights, ...(expose === undefined ? {} : { expose }) };
  const result = await router.shift({ ...wanted, expected_revision, fence, force }, signal);
  if (result.kind === 'superseded' || result.kind === 'conflict') return { kind: result.kind, state: result.state };
  // Done by an earlier attempt, but somebody has written since: what stands now is not what this run wrote.
  if (result.state.revision !== result.state.fenced_revision) return { kind: 'conflict', state: result.state };
  const converged = await isConverged(router, weights, signal);
  return { kind: result.kind, state: result.state, capacity: capacity.kind, converged, note: capacity.note };
}

/** One look: many routers have converged when their write answers. Whatever keeps this from being known is a no. */
async function isConverged(router: TrafficRouter, weights: Weights, signal: AbortSignal): Promise<boolean> {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(CONVERGENCE_LOOK_MS)]);
    return (await router.convergence(weights, soon)).converged;
  } catch {
    return false;
  }
}

/**
 * A process that was frozen between the read and the write may wake when its attempt is long given up. The fence
 * stops its write in the router; this stops it one call earlier, also for routers without conditional writes.
 */
function refuseWhenLate(deadlineMs: number): void {
  if (Date.now() < deadlineMs) return;
  throw new CutoverError('CUTOVER_FENCE_SUPERSEDED', 'this attempt is past its deadline; it does not write any more');
}
