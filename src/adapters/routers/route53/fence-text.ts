/** The fence as a TXT record holds it, beside the records that it guards. */
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Fence } from '../../types.ts';

export interface Stored {
  fence: Fence;
  /** What stood when the epoch was claimed. */
  before: Weights;
  /** Fingerprint of the guarded record sets, as that write left them. */
  seen: string;
  /** When it was written. */
  atMs: number;
  /** Until then, counted as if the name servers had followed at once, resolvers may give answers of before. */
  staleUntilMs: number;
  /** Times to live that the claim has lowered, in seconds, by group: what they were. */
  ttls: Record<string, number>;
}

const FORMAT = 'cutover/1';
/** A TXT record is made of strings of at most so many characters. */
const STRING_LENGTH = 255;

/** Plain words without quotes or spaces within, so that nothing on the way need escape them. */
export function textOf({ fence, before, seen, atMs, staleUntilMs, ttls }: Stored): string {
  const words = {
    run: encodeURIComponent(fence.run),
    fence: `${fence.epoch}.${fence.step}`,
    before: `${before.blue}/${before.green}`,
    seen,
    at: String(atMs),
    stale: String(staleUntilMs),
    ttls: Object.entries(ttls)
      .map(([key, seconds]) => `${encodeURIComponent(key)}:${seconds}`)
      .join(','),
  };
  return [FORMAT, ...Object.entries(words).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/** As the value of a TXT record. */
export function quoted(text: string): string {
  const strings = text.match(new RegExp(`.{1,${STRING_LENGTH}}`, 'g')) ?? [];
  return strings.map((one) => `"${one}"`).join(' ');
}

export function unquoted(value: string): string {
  return [...value.matchAll(/"([^"]*)"/g)].map(([, text]) => text).join('');
}

/** Throws CUTOVER_ROUTER_OBJECT for a text that Cutover did not write. */
export function storedIn(text: string, name: string): Stored {
  const [format, ...words] = text.split(' ');
  const found = new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  const fence = /^(\d+)\.(\d+)$/.exec(found.get('fence') ?? '');
  const before = /^([\d.]+)\/([\d.]+)$/.exec(found.get('before') ?? '');
  const times = [found.get('at'), found.get('stale')].map(Number);
  const [atMs = Number.NaN, staleUntilMs = Number.NaN] = times;
  const run = found.get('run');
  const seen = found.get('seen');
  const isWhole = format === FORMAT && fence !== null && before !== null && times.every(Number.isSafeInteger);
  if (!isWhole || run === undefined || seen === undefined) {
    const told = `the TXT record ${name} is not what Cutover wrote: ${text.slice(0, 200)}`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
  }
  return {
    fence: { run: decodeURIComponent(run), epoch: Number(fence[1]), step: Number(fence[2]) },
    before: { blue: Number(before[1]), green: Number(before[2]) },
    seen,
    atMs,
    staleUntilMs,
    ttls: ttlsIn(found.get('ttls') ?? ''),
  };
}

function ttlsIn(text: string): Record<string, number> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', seconds] = pair.split(':');
      return [decodeURIComponent(key), Number(seconds)];
    }),
  );
}
