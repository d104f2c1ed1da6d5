/** The traffic write, with the capacity read that it rests on. */
import { activityInfo } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import type { ColourState, Platform, TrafficRouter } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { Colour, Weights } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';
import type { ShiftInput, ShiftOutcome } from './types.ts';

/** A rollback does not wait longer than this for the platform: a state that cannot be read is unknown. */
const ROLLBACK_INSPECT_MS = 400;
const CONVERGENCE_LOOK_MS = 200;

type Capacity =
  | { kind: 'ready' | 'unknown' | 'forced'; note: string | null }
  | { kind: 'short'; state: ColourState; note: string };

export async function shiftTraffic(adapters: Adapters, input: ShiftInput, signal: AbortSignal): Promise<ShiftOutcome> {
  const deadlineMs = Date.now() + activityInfo().startToCloseTimeoutMs;
  const platform = adapters.platform(input.target);
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
  const { weights, expected_revision, fence } = input;
  const router = adapters.router(input.target);
  const result = await router.shift({ weights, expected_revision, fence }, signal);
  if (result.kind === 'superseded' || result.kind === 'conflict') return { kind: result.kind, state: result.state };
  // Done by an earlier attempt, but somebody has written since: what stands now is not what this run wrote.
  if (result.state.revision !== result.state.fenced_revision) return { kind: 'conflict', state: result.state };
  const converged = await isConverged(router, weights, signal);
  return { kind: result.kind, state: result.state, capacity: capacity.kind, converged, note: capacity.note };
}

async function readCapacity(platform: Platform, input: ShiftInput, signal: AbortSignal): Promise<Capacity> {
  switch (input.mode) {
    case 'force':
      return { kind: 'forced', note: 'forced: capacity was not looked at' };
    case 'forward':
      // An unreadable state throws here: a forward shift never goes on a guess.
      return judge(await platform.inspect(otherColour(input.old_colour), signal), input);
    case 'rollback': {
      const state = await inspectOrNull(platform, input.old_colour, signal);
      if (state !== null) return judge(state, input);
      return { kind: 'unknown', note: `the state of ${input.old_colour} could not be read` };
    }
  }
}

/** Ready instances ÷ instances that carry 100 % must reach the share. */
function judge(state: ColourState, input: ShiftInput): Capacity {
  const share = input.weights[state.colour];
  if (share === 0 || (state.ready > 0 && state.ready * 100 >= share * input.full_size))
    return { kind: 'ready', note: null };
  const note = `${state.colour} has ${state.ready} of the ${Math.ceil((share * input.full_size) / 100)} ready instances that ${share} % needs`;
  return { kind: 'short', state, note };
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

async function inspectOrNull(platform: Platform, colour: Colour, signal: AbortSignal): Promise<ColourState | null> {
  try {
    return await platform.inspect(colour, AbortSignal.any([signal, AbortSignal.timeout(ROLLBACK_INSPECT_MS)]));
  } catch {
    return null;
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
