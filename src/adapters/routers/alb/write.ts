/**
 * Writes to an API that refuses none: the tags first, with what is about to be done (fence, weights, and what they are based on),
 * then the weights, then all of it read back. Every half of it that is met is known for what it is, and finished or overtaken.
 *
 * What remains is a writer that freezes between its last look and its write: the API takes a write that is late. The router then
 * has other weights than its fence says, which is drift to everybody who reads it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../../errors.ts';
import { decideWrite } from '../../../local/fence.ts';
import type { Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import type { Fence, RouterState, WriteResult } from '../../types.ts';
import { fingerprintOf, type Groups, numbersIn, withNumbers } from './actions.ts';
import type { AlbApi, PlaceNames } from './api.ts';
import { fenceTag, type Intent, tagsOf } from './fence-tags.ts';
import { askHealth, refuseUnhealthy } from './guard.ts';
import { numbersOf } from './numbers.ts';
import { type Reading, revisionOf, type Standing, standingOf } from './state.ts';

export interface WriteOffer {
  /** Null: a claim. */
  weights: Weights | null;
  fence: Fence;
  expectedRevision: string;
  force: boolean;
}

export interface Written {
  api: AlbApi;
  names: PlaceNames;
  groups: Groups;
}

interface Look extends Standing {
  reading: Reading;
}

/** What this attempt has sent so far. */
type Done = 'nothing' | 'intent' | 'weights';

/** No weights are written on a look that is older. */
const FRESH_MS = 2_000;
/** How long reads may lag behind this write before it is left to the next attempt. */
const LAG_MS = 1_500;
const PAUSE_MS = 100;
/** As often it begins anew when another writer comes in between. */
const ROUNDS = 6;
/** A revision that is not the expected one may be an old answer: it is believed when it is still there after this time. */
const DOUBT_MS = 200;

export async function writeFenced(router: Written, offer: WriteOffer, signal: AbortSignal): Promise<WriteResult> {
  let done: Done = 'nothing';
  let doubted: string | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [look, health] = await Promise.all([lookAt(router, signal), askHealth(router, offer, signal)]);
    const { state } = look;
    const decision = decideWrite(state, { ...offer, newRevision: revisionOf(offer.fence) });
    if (decision.kind === 'conflict' && doubted !== state.revision) {
      doubted = state.revision;
      await sleep(DOUBT_MS, undefined, { signal });
      continue;
    }
    if (decision.kind === 'already' && !look.inDoubt) return resultOf(state, done);
    if (decision.kind !== 'write' && decision.kind !== 'already') return { kind: decision.kind, state };
    const before = decision.kind === 'write' ? decision.next.before : state.before;
    refuseUnhealthy(state, offer, before, health);
    const intent = intentOf(router, look, offer, before ?? state.weights);
    done = done === 'nothing' ? 'intent' : done;
    const told = await putIntent(router, look, intent, signal);
    if (told === null || !isFresh(told.reading)) continue;
    done = 'weights';
    const after = await putWeights(router, told, intent, signal);
    if (after !== null) return { kind: 'written', state: after };
  }
  throw new CutoverError('CUTOVER_AWS_CONFLICT', `others write to ${firstOf(router)} at the same time`);
}

/** Its fence is there. When somebody else has written since, an attempt that had only told of its write has done nothing. */
function resultOf(state: RouterState, done: Done): WriteResult {
  if (done === 'nothing') return { kind: 'already', state };
  if (done === 'weights' || state.revision === state.fenced_revision) return { kind: 'written', state };
  return { kind: 'conflict', state };
}

async function lookAt({ api, names, groups }: Written, signal: AbortSignal): Promise<Look> {
  const reading = await api.read(names, 'write', signal);
  return { reading, ...standingOf(reading, groups) };
}

function intentOf({ groups }: Written, look: Look, offer: WriteOffer, before: Weights): Intent {
  const { state, fingerprints, reading } = look;
  const to = offer.weights ?? state.weights;
  const seen = reading.places.map((place) => {
    const found = numbersIn(place, groups);
    // A claim changes no number, but sees to it that the standby colour's targets are checked: with the weight 0.
    const isWhole = found.blue !== null && found.green !== null;
    const numbers = offer.weights === null && isWhole ? found : numbersOf(to);
    return fingerprintOf(place, numbers);
  });
  const at = Math.floor(Date.now() / 1_000);
  return { fence: offer.fence, before, to, at, from: fingerprints, seen, was: state.revision };
}

/** The last look before the weights, which shows the intent; null: a higher one is there, or other weights than it is based on. */
async function putIntent(router: Written, look: Look, intent: Intent, signal: AbortSignal): Promise<Look | null> {
  const tags = tagsOf(intent);
  const tag = fenceTag(intent.fence);
  const old = look.reading.tags[tag];
  await router.api.putTags(firstOf(router), tags, signal);
  const told = await readUntil(router, signal, (seen) => isIts(seen, intent) || seen.reading.tags[tag] !== old);
  const isBased = told.fingerprints.every((one, index) => one === intent.from[index]);
  return isIts(told, intent) && isBased ? told : null;
}

/** The state that is read back; null: it is something else than was written. */
async function putWeights(
  router: Written,
  look: Look,
  intent: Intent,
  signal: AbortSignal,
): Promise<RouterState | null> {
  const { api, groups } = router;
  const changed = look.reading.places.filter((_, index) => intent.from[index] !== intent.seen[index]);
  if (changed.length === 0) return look.state;
  const numbers = numbersOf(intent.to);
  const writes = changed.map((place) => api.putActions(place, withNumbers(place, groups, numbers), signal));
  // None is still under way when the attempt ends.
  const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return readBack(router, intent, signal);
}

async function readBack(router: Written, intent: Intent, signal: AbortSignal): Promise<RouterState | null> {
  const seen = await readUntil(router, signal, (look) => !look.inDoubt || !isIts(look, intent));
  const { state } = seen;
  const isThere = isIts(seen, intent) && state.revision === revisionOf(intent.fence);
  return isThere && sameWeights(state.weights, intent.to) ? state : null;
}

/** Whether this very intent is the highest that is there. */
function isIts({ reading, stored }: Look, intent: Intent): boolean {
  const tag = fenceTag(intent.fence);
  return (
    reading.tags[tag] === tagsOf(intent)[tag] &&
    stored?.fence.epoch === intent.fence.epoch &&
    stored.fence.step === intent.fence.step
  );
}

async function readUntil(router: Written, signal: AbortSignal, isThere: (look: Look) => boolean): Promise<Look> {
  const endsAtMs = performance.now() + LAG_MS;
  for (;;) {
    const look = await lookAt(router, signal);
    if (isThere(look)) return look;
    if (performance.now() >= endsAtMs) {
      throw new CutoverError('CUTOVER_AWS_CONFLICT', `what was written to ${firstOf(router)} is not read back yet`);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** By both clocks: one of them may have stood still while the machine slept. */
function isFresh({ asked }: Reading): boolean {
  return Math.max(performance.now() - asked.monotonicMs, Date.now() - asked.epochMs) < FRESH_MS;
}

function firstOf({ names: { listeners, rules } }: Written): string {
  return listeners[0] ?? rules[0] ?? '';
}
