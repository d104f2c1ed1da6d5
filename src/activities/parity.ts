/** Both colours compared with each other, and with what the plan expects of them, before anything is written. */
import type { Platform, PlatformExpectations } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { Colour } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';
import type { ParityDifference } from '../workflows/api.ts';
import { bounded, messageOf } from './clock.ts';
import { retryable } from './failure.ts';
import type { Parity } from './types.ts';

/** The claim as a whole takes less than 5 s. */
const TIMEOUT_MS = 2_000;
const MAX_NAMED = 3;
const MAX_DETAILED = 20;

/**
 * What differs, or why that is not known. When the plan requires parity, CUTOVER_PARITY: for good when the colours
 * differ, worth another attempt when they could not be read.
 */
export async function compareColours(
  platform: Platform,
  active: Colour,
  isRequired: boolean,
  signal: AbortSignal,
): Promise<Parity> {
  const read = await bounded(TIMEOUT_MS, signal, (limit) => platform.compare(active, limit)).catch((error: unknown) => {
    signal.throwIfAborted();
    return { error };
  });
  if (read === null) return { differences: null, note: `nothing to compare: ${active} was never deployed` };
  if ('error' in read) return unread(read.error, isRequired);
  if (read.length > 0 && isRequired) throw differing(read, active);
  return { differences: read, note: read.length === 0 ? 'no differences' : `${count(read)} found` };
}

/** In the note that people read of the parity: what the platform doubts. A doubt that cannot be read is none. */
export async function withDoubts(
  parity: Promise<Parity>,
  platform: Platform,
  expected: PlatformExpectations,
  signal: AbortSignal,
): Promise<Parity> {
  const read = bounded(TIMEOUT_MS, signal, async (limit) => (await platform.doubts?.(expected, limit)) ?? []);
  const [found, doubts] = await Promise.all([parity, read.catch(() => [])]);
  signal.throwIfAborted();
  return { ...found, note: [found.note, ...doubts.map((doubt) => `in doubt: ${doubt}`)].join('; ') };
}

function unread(error: unknown, isRequired: boolean): Parity {
  const note = `could not be compared: ${messageOf(error)}`;
  if (!isRequired) return { differences: null, note };
  const failure = new CutoverError('CUTOVER_PARITY', `the plan requires parity, and the colours ${note}`, {
    cause: error,
  });
  throw error instanceof CutoverError && error.fault === 'user' ? failure : retryable(failure);
}

function differing(differences: ParityDifference[], active: Colour): CutoverError {
  const side = (value: string | null) => value ?? 'not set';
  const named = differences
    .slice(0, MAX_NAMED)
    .map((one) => `${one.path} is ${side(one.active)} on ${active}, ${side(one.standby)} on ${otherColour(active)}`);
  const more = differences.length > MAX_NAMED ? [`and ${differences.length - MAX_NAMED} more`] : [];
  const message = `the plan requires parity, and there are ${count(differences)}: ${[...named, ...more].join('; ')}`;
  return new CutoverError('CUTOVER_PARITY', message, { details: { differences: differences.slice(0, MAX_DETAILED) } });
}

function count(differences: ParityDifference[]): string {
  return `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`;
}
