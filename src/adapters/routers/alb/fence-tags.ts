/**
 * The fence in tags of a listener or rule. A value has 256 characters at most, of letters, digits, spaces and + - = . _ : / @
 * (the API reference's pattern), so that it is no JSON: `cutover:fence-2` has words such as `epoch=3 step=2 before=100/0`, and
 * `cutover:run-2` the run, its other characters as `+` and two hexadecimal digits.
 *
 * Tags are written unconditionally. Neighbouring steps have tags of their own, the highest counts: so a writer that comes late
 * finds the one who overtook it, rather than hides it. Pure.
 */
import { createHash } from 'node:crypto';
import { CutoverError } from '../../../errors.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Fence } from '../../types.ts';

export type Tags = Readonly<Record<string, string>>;

/** Written before the weights are: what is about to be done, and what stood until then. */
export interface Intent {
  fence: Fence;
  /** What stood when the epoch was claimed. */
  before: Weights;
  /** The shares that were asked for; the numbers that stand for them are in `seen`. */
  to: Weights;
  /** Epoch seconds. */
  at: number;
  /** Fingerprints of the places as they were found, and as this write leaves them. */
  from: readonly string[];
  seen: readonly string[];
  /** The revision that the write is based on. */
  was: string;
}

/** A step's tags are used again by the one that is so many after it. */
const SLOTS = 4;
const VALUE_LENGTH = 255;
const MAX_PARTS = 4;
const DIGEST_DIGITS = 8;

export function tagsOf(intent: Intent): Record<string, string> {
  const { fence, before, to, at, from, seen, was } = intent;
  const run = escaped(fence.run);
  const parts = run.match(new RegExp(`.{1,${VALUE_LENGTH}}`, 'g')) ?? [];
  const words = {
    epoch: fence.epoch,
    step: fence.step,
    before: pair(before),
    to: pair(to),
    at,
    from: from.join('.'),
    seen: seen.join('.'),
    was: was.endsWith(`+${from.join('.')}`) ? `${was.split('+')[0]}+` : was,
    run: digestOf(run),
    parts: parts.length,
  };
  const value = Object.entries(words).map(([key, word]) => `${key}=${word}`);
  const slot = slotOf(fence);
  const runs = parts.map((part, index) => [runTag(slot, index), part]);
  return { [fenceTag(fence)]: value.join(' '), ...Object.fromEntries(runs) };
}

/** The tag that holds a fence of this step. */
export function fenceTag(fence: Fence): string {
  return `cutover:fence-${slotOf(fence)}`;
}

/** The highest. Null: nothing was claimed. Throws CUTOVER_ROUTER_OBJECT when the tags are not what `tagsOf` made. */
export function intentIn(tags: Tags, place: string): Intent | null {
  const slots = Array.from({ length: SLOTS }, (_, slot) => slotIn(tags, slot, place));
  const found = slots.filter((one) => one !== null);
  const [highest = null] = found.sort((a, b) => b.fence.epoch - a.fence.epoch || b.fence.step - a.fence.step);
  return highest;
}

function slotIn(tags: Tags, slot: number, place: string): Intent | null {
  const value = tags[`cutover:fence-${slot}`];
  if (value === undefined) return null;
  const words = new Map(value.split(' ').map((word): [string, string] => cut(word)));
  const text = (key: string) => words.get(key) ?? '';
  const number = (key: string) => (/^\d+$/.test(text(key)) ? Number(text(key)) : Number.NaN);
  const parts = Array.from(
    { length: Math.min(number('parts') || 0, MAX_PARTS) },
    (_, index) => tags[runTag(slot, index)],
  );
  const run = parts.join('');
  const from = text('from').split('.');
  const was = text('was').endsWith('+') ? `${text('was')}${text('from')}` : text('was');
  const intent = {
    fence: { run: unescaped(run), epoch: number('epoch'), step: number('step') },
    before: weightsIn(text('before')),
    to: weightsIn(text('to')),
    at: number('at'),
    from,
    seen: text('seen').split('.'),
    was,
  };
  const numbers = [intent.fence.epoch, intent.fence.step, intent.at, ...Object.values(intent.before)];
  const isWhole = [...numbers, ...Object.values(intent.to)].every(Number.isFinite) && was !== '';
  if (isWhole && digestOf(run) === text('run')) return intent;
  const told = `the tags cutover:fence-${slot} and cutover:run-${slot} of ${place} are not what Cutover wrote: ${value}`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

function slotOf({ step }: Fence): number {
  return step % SLOTS;
}

function runTag(slot: number, part: number): string {
  return part === 0 ? `cutover:run-${slot}` : `cutover:run-${slot}.${part + 1}`;
}

function pair({ blue, green }: Weights): string {
  return `${blue}/${green}`;
}

function weightsIn(text: string): Weights {
  const [, blue, green] = /^([\d.]+)\/([\d.]+)$/.exec(text) ?? [];
  return { blue: Number(blue ?? Number.NaN), green: Number(green ?? Number.NaN) };
}

function cut(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function escaped(text: string): string {
  return text.replace(/[^\w.:/@-]/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '+$&'));
}

function unescaped(text: string): string {
  return text.replace(/(?:\+[\da-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('+', ''), 'hex').toString());
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
}
