/** Whether the colours' ready instances carry the shares that a write would give them. */
import type { ColourState, Exposed, Platform } from '../adapters/types.ts';
import type { Colour, Weights } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';
import { bounded } from './clock.ts';

/** A rollback does not wait longer than this for the platform: a state that cannot be read is unknown. */
const ROLLBACK_INSPECT_MS = 400;

export interface CapacityQuestion {
  weights: Weights;
  /** What reaches a colour beside its share; absent: nothing. */
  expose?: Exposed;
  /** Instances that carry 100 %. */
  full_size: number;
  /** The colour that a rollback goes back to. */
  old_colour: Colour;
  /** What the other colour must run for a forward shift; absent: whatever it runs. */
  version?: string;
  /**
   * `forward`: short unless the colour that gains is known to carry its share. `rollback`: short only when the old
   * colour is *known* not to. `force`: never short.
   */
  mode: 'forward' | 'rollback' | 'force';
}

export type Capacity =
  | { kind: 'ready' | 'unknown' | 'forced'; note: string | null }
  | { kind: 'short'; state: ColourState; note: string };

/** Throws what the platform throws in mode `forward` alone: a forward shift never goes on a guess. */
export async function readCapacity(
  platform: Platform,
  question: CapacityQuestion,
  signal: AbortSignal,
): Promise<Capacity> {
  switch (question.mode) {
    case 'force':
      return { kind: 'forced', note: 'forced: capacity was not looked at' };
    case 'forward': {
      const candidate = otherColour(question.old_colour);
      // Whatever it runs, nothing is sent there.
      if (demandOn(candidate, question) === null) return { kind: 'ready', note: null };
      return judgeCandidate(await platform.inspect(candidate, signal), question);
    }
    case 'rollback': {
      const state = await inspectOrNull(platform, question.old_colour, signal);
      if (state !== null) return judgeCapacity(state, question);
      return { kind: 'unknown', note: `the state of ${question.old_colour} could not be read` };
    }
  }
}

/** Instances of a version that somebody else has put there since the validation carry nothing. */
function judgeCandidate(state: ColourState, question: CapacityQuestion): Capacity {
  const { version } = question;
  if (version === undefined || state.version === version) return judgeCapacity(state, question);
  return { kind: 'short', state, note: `${state.colour} runs ${state.version ?? 'no version'}, not ${version}` };
}

/** Ready instances ÷ instances that carry 100 % must reach the share, and that of the copied requests. */
export function judgeCapacity(
  state: ColourState,
  question: Pick<CapacityQuestion, 'weights' | 'expose' | 'full_size'>,
): Capacity {
  const percent = demandOn(state.colour, question);
  if (percent === null) return { kind: 'ready', note: null };
  const needed = Math.max(1, Math.ceil((percent * question.full_size) / 100));
  if (state.ready >= needed) return { kind: 'ready', note: null };
  const what = percent === 0 ? 'a header' : `${percent} %`;
  const note = `${state.colour} has ${state.ready} of the ${needed} ready instances that ${what} needs`;
  return { kind: 'short', state, note };
}

/** Percent of the requests that the colour has to carry, 0 where a header alone leads there; null: none reach it. */
function demandOn(colour: Colour, { weights, expose }: Pick<CapacityQuestion, 'weights' | 'expose'>): number | null {
  if (expose?.colour === colour) return Math.max(weights[colour], expose.mirror_percent ?? 0);
  return weights[colour] === 0 ? null : weights[colour];
}

/** Null: it cannot be read, or not in time (`limitMs`, 400 ms when absent). */
export async function inspectOrNull(
  platform: Platform,
  colour: Colour,
  signal: AbortSignal,
  limitMs = ROLLBACK_INSPECT_MS,
): Promise<ColourState | null> {
  try {
    return await bounded(limitMs, signal, (limit) => platform.inspect(colour, limit));
  } catch {
    return null;
  }
}
