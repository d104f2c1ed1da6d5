/** Writes to the zones of a router, each conditional on exactly what was read of its zone. */
import { CutoverError } from '../../../errors.ts';
import { decideWrite } from '../../../local/fence.ts';
import type { Weights } from '../../../plan/types.ts';
import type { Fence, WriteResult } from '../../types.ts';
import { refuseUnhealthy } from './health.ts';
import { noteChange } from './propagation.ts';
import { isBehind, isHigher, isSame, revisionOf, stateOf } from './router-state.ts';
import type { Lane, Route53Api } from './zone-api.ts';
import { afterWrite, batchOf, isForeign, type ZonePlan, type ZoneState, type ZoneWrite } from './zone-state.ts';

export interface WriterOptions {
  api: Route53Api;
  plans: readonly ZonePlan[];
  /** See `Route53Options.ttlMs`. */
  ttlSeconds: number;
  readOne(plan: ZonePlan, lane: Lane, signal: AbortSignal): Promise<ZoneState>;
  /** Before and after each change: what was read earlier is not believed any more. */
  forget(): void;
  /** What the zones hold once all of them hold the fence. */
  done(zones: ZoneState[]): void;
}

export interface Offer {
  weights: Weights | null;
  fence: Fence;
  expectedRevision: string;
  force: boolean;
}

/** Refusals in a row after which somebody else writes all the time, or the API never takes what it was read to hold. */
const ATTEMPTS = 4;
export function createZoneWriter({ api, plans, ttlSeconds, readOne, forget, done }: WriterOptions) {
  const readAll = (signal: AbortSignal) => Promise.all(plans.map((plan) => readOne(plan, 'write', signal)));

  /** False: refused, since the zone is not as it was read. */
  async function put(from: ZoneState, to: ZoneState, fence: Fence, signal: AbortSignal): Promise<boolean> {
    forget();
    const changeId = await api.change(to.plan.zone, batchOf(from, to), `cutover ${revisionOf(fence)}`, signal);
    forget();
    if (changeId === null) return false;
    noteChange(to, changeId);
    return true;
  }

  function writeOf({ weights, fence }: Offer, before: Weights): ZoneWrite {
    return { fence, before, weights, ttl: weights === null ? ttlSeconds : null, nowMs: Date.now() };
  }

  async function write(offer: Offer, signal: AbortSignal): Promise<WriteResult> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await readAll(signal);
      const state = stateOf(found);
      const decision = decideWrite(state, { ...offer, newRevision: revisionOf(offer.fence) });
      if (decision.kind === 'already') return bringAll(found, offer, 'already', signal);
      // What is read is older than what the writer has seen: a list that lags.
      if (decision.kind === 'conflict' && isBehind(state, offer) && attempt + 1 < ATTEMPTS) continue;
      if (decision.kind !== 'write') return { kind: decision.kind, state };
      const change = writeOf(offer, decision.next.before ?? state.weights);
      const wanted = found.map((zone) => afterWrite(zone, change, ttlSeconds));
      if (offer.weights !== null && !offer.force) await refuseUnhealthy(api, found, wanted, signal);
      const [from] = found as [ZoneState];
      const [to] = wanted as [ZoneState];
      if (await put(from, to, offer.fence, signal)) {
        return bringAll([to, ...found.slice(1)], offer, 'written', signal);
      }
    }
    throw tooOften(plans[0]?.fenceName ?? '');
  }

  /** Once the first zone holds the fence: the others, one after the other. */
  async function bringAll(
    found: readonly ZoneState[],
    offer: Offer,
    kind: 'written' | 'already',
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const zones = [...found];
    for (const [index, zone] of found.entries()) {
      if (index === 0) continue;
      const brought = await bring(zone, found[0] as ZoneState, offer, kind, signal);
      if (brought === 'superseded') return { kind: brought, state: stateOf(await readAll(signal)) };
      zones[index] = brought.zone;
      if (brought.isForeign) return { kind: 'conflict', state: stateOf(zones) };
    }
    done(zones);
    return { kind, state: stateOf(zones) };
  }

  /** A foreign change to the zone that the writer did not expect is left as it is. */
  async function bring(
    decided: ZoneState,
    first: ZoneState,
    offer: Offer,
    kind: 'written' | 'already',
    signal: AbortSignal,
  ): Promise<'superseded' | { zone: ZoneState; isForeign: boolean }> {
    let zone = decided;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const stored = zone.stored?.fence ?? null;
      if (stored !== null && isSame(stored, offer.fence)) return { zone, isForeign: false };
      const isKnown = kind === 'written' && zone.fingerprint === decided.fingerprint;
      const isTouched = zone.stored === null ? zone.fingerprint !== decided.fingerprint : isForeign(zone);
      if (isTouched && !isKnown) return { zone, isForeign: true };
      if (stored !== null && isHigher(stored, offer.fence)) {
        // A later writer has been at the first zone before; if not, the fence there was taken away by hand.
        const { stored: atFirst } = await readOne(first.plan, 'write', signal);
        if (atFirst === null || !isSame(atFirst.fence, offer.fence)) return 'superseded';
      }
      const next = afterWrite(zone, writeOf(offer, first.stored?.before ?? { blue: 0, green: 0 }), ttlSeconds);
      if (await put(zone, next, offer.fence, signal)) return { zone: next, isForeign: false };
      zone = await readOne(zone.plan, 'write', signal);
    }
    throw tooOften(decided.plan.fenceName);
  }

  async function release(plan: ZonePlan, fence: Fence, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const zone = await readOne(plan, 'write', signal);
      const { stored } = zone;
      if (stored === null || stored.fence.run !== fence.run || stored.fence.epoch !== fence.epoch) return;
      if (Object.keys(stored.ttls).length === 0) return;
      const { before } = stored;
      const change: ZoneWrite = { fence: stored.fence, before, weights: null, ttl: 'restore', nowMs: Date.now() };
      if (await put(zone, afterWrite(zone, change, ttlSeconds), stored.fence, signal)) return;
    }
    throw tooOften(plan.fenceName);
  }

  return {
    write,
    async release(fence: Fence, signal: AbortSignal): Promise<void> {
      await Promise.all(plans.map((plan) => release(plan, fence, signal)));
    },
  };
}

function tooOften(name: string): CutoverError {
  const told = `the records beside ${name} were changed by somebody else at each of ${ATTEMPTS} attempts to write them`;
  return new CutoverError('CUTOVER_AWS_CONFLICT', told);
}
