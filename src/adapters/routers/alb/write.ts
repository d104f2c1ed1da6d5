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
import type { Colour, Weights } from '../../../plan/types.ts';
import { sameWeights } from '../../../plan/weights.ts';
import type { Fence, RouterState, WriteResult } from '../../types.ts';
import { fingerprintOf, type Groups, numbersIn, withNumbers } from './actions.ts';
import type { AlbApi, PlaceNames } from './api.ts';
import { FENCE_TAG, type Intent, tagsOf } from './fence-tags.ts';
import { numbersOf } from './numbers.ts';
import { type Reading, revisionOf, type Standing, standingOf } from './state.ts';
import { describeHealth, type GroupHealth, healthOf } from './targets.ts';

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
type Health = GroupHealth | CutoverError;

/** No weights are written on a look that is older. */
const FRESH_MS = 2_000;
/** How long reads may lag behind this write before it is left to the next attempt. */
const LAG_MS = 1_500;
const PAUSE_MS = 100;
/** As often it begins anew when another writer comes in between. */
const ROUNDS = 6;
/** A revision that is not the expected one may be an old answer: it is believed when it is still there after this time. */
const DOUBT_MS = 200;
const COLOURS = ['blue', 'green'] as const;

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

/** Of the colours that would have traffic. What keeps it from being known is kept, for those who may go without. */
async function askHealth(
  { api, groups }: Written,
  { weights, force }: WriteOffer,
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
function refuseUnhealthy(
  state: RouterState,
  { weights }: WriteOffer,
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

/** The last look before the weights, which shows the intent; null: another writer's is there, or other weights than it is based on. */
async function putIntent(router: Written, look: Look, intent: Intent, signal: AbortSignal): Promise<Look | null> {
  const tags = tagsOf(intent);
  const old = look.reading.tags[FENCE_TAG];
  await router.api.putTags(firstOf(router), tags, signal);
  const own = tags[FENCE_TAG];
  const told = await readUntil(
    router,
    signal,
    ({ reading: { tags: its } }) => its[FENCE_TAG] === own || its[FENCE_TAG] !== old,
  );
  if (told.reading.tags[FENCE_TAG] !== own) return null;
  return told.fingerprints.every((one, index) => one === intent.from[index]) ? told : null;
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
  await Promise.all(
    changed.map((place) => api.putActions(place, withNumbers(place, groups, numbersOf(intent.to)), signal)),
  );
  return readBack(router, intent, signal);
}

async function readBack(router: Written, intent: Intent, signal: AbortSignal): Promise<RouterState | null> {
  const own = tagsOf(intent)[FENCE_TAG];
  const { state, reading } = await readUntil(
    router,
    signal,
    (look) => !look.inDoubt || look.reading.tags[FENCE_TAG] !== own,
  );
  const isThere = reading.tags[FENCE_TAG] === own && state.revision === revisionOf(intent.fence);
  return isThere && sameWeights(state.weights, intent.to) ? state : null;
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
