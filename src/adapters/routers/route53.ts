/**
 * Route 53: weighted record sets per colour, with the fence in a TXT record beside them. One batch deletes exactly what was
 * read and creates what is to be, so that the API refuses it when anybody has written in between.
 *
 * A batch is one zone's. Of several zones each holds the fence; the first one's counts, and is written first: a writer that
 * comes late is stopped there before it has changed anything, a batch for another zone is refused once a later writer was
 * there, and zones that were not reached still say the lower fence, from which the same attempt, repeated, goes on.
 */
import { CutoverError } from '../../errors.ts';
import { decideWrite } from '../../local/fence.ts';
import type { Colour, Weights } from '../../plan/types.ts';
import { formatWeights, sameWeights } from '../../plan/weights.ts';
import { forgetRecent, recent } from '../aws/recent.ts';
import type { Fence, TrafficRouter, WriteResult } from '../types.ts';
import { refuseUnhealthy } from './route53/health.ts';
import { type NameServerOptions, noteChange, waitingFor } from './route53/propagation.ts';
import type { RecordPlan } from './route53/record-sets.ts';
import { isBehind, isHigher, isSame, revisionOf, stateOf } from './route53/router-state.ts';
import { createRoute53Api, type Lane } from './route53/zone-api.ts';
import {
  afterWrite,
  batchOf,
  isForeign,
  readZone,
  type ZonePlan,
  type ZoneState,
  type ZoneWrite,
  zonesOf,
} from './route53/zone-state.ts';

export interface Route53Options extends NameServerOptions {
  region: string | null;
  /** The first one's zone holds the fence that counts. */
  records: readonly RecordPlan[];
  /** Set identifiers of each colour's records. */
  identifiers: Record<Colour, readonly string[]>;
  /** What a claim lowers longer times to live to; also what an alias's target is taken to have. */
  ttlMs: number;
}

interface Offer {
  weights: Weights | null;
  fence: Fence;
  expectedRevision: string;
  force: boolean;
}

/** Refusals in a row after which somebody else writes all the time, or the API never takes what it was read to hold. */
const ATTEMPTS = 4;
/** How old what `convergence` stands on may be; older while much of a time to live is left. */
const LOOK_MS = 2_000;
const LONG_LOOK_MS = 30_000;

export function createRoute53Router(options: Route53Options): TrafficRouter {
  const { identifiers, records } = options;
  const api = createRoute53Api(options.region);
  const plans = zonesOf(records);
  const ttlSeconds = Math.round(options.ttlMs / 1_000);
  const key = `route53 ${JSON.stringify([records, identifiers])}`;
  /** What this router has read or written last, for `convergence`: never from before it was made. */
  let latest: { atMs: number; zones: ZoneState[] } | null = null;

  const readOne = (plan: ZonePlan, lane: Lane, signal: AbortSignal) => readZone(api, plan, identifiers, lane, signal);
  const readAll = (lane: Lane, signal: AbortSignal) => Promise.all(plans.map((plan) => readOne(plan, lane, signal)));

  /** False: refused, since the zone is not as it was read. */
  async function put(from: ZoneState, to: ZoneState, fence: Fence, signal: AbortSignal): Promise<boolean> {
    forgetRecent(key);
    const changeId = await api.change(to.plan.zone, batchOf(from, to), `cutover ${revisionOf(fence)}`, signal);
    forgetRecent(key);
    if (changeId === null) return false;
    noteChange(to, changeId);
    return true;
  }

  function writeOf({ weights, fence }: Offer, before: Weights): ZoneWrite {
    return { fence, before, weights, ttl: weights === null ? ttlSeconds : null, nowMs: Date.now() };
  }

  async function write(offer: Offer, signal: AbortSignal): Promise<WriteResult> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await readAll('write', signal);
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
      if (brought === 'superseded') return { kind: brought, state: stateOf(await readAll('write', signal)) };
      zones[index] = brought.zone;
      if (brought.isForeign) return { kind: 'conflict', state: stateOf(zones) };
    }
    latest = { atMs: performance.now(), zones };
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

  async function look(signal: AbortSignal): Promise<ZoneState[]> {
    const nowMs = performance.now();
    if (latest !== null && nowMs - latest.atMs < lookEveryMs(latest.zones)) return latest.zones;
    const zones = await readAll('read', signal);
    latest = { atMs: nowMs, zones };
    return zones;
  }

  return {
    countsInFlight: false,
    async read(signal, maxAgeMs = 0) {
      signal.throwIfAborted();
      return stateOf(await recent(key, maxAgeMs, () => readAll('read', signal)));
    },
    claim: (expectedRevision, fence, signal) => write({ weights: null, fence, expectedRevision, force: false }, signal),
    shift: ({ weights, expected_revision: expectedRevision, fence, force = false }, signal) =>
      write({ weights, fence, expectedRevision, force }, signal),
    async convergence(weights, signal) {
      const zones = await look(signal);
      const state = stateOf(zones);
      if (!sameWeights(state.weights, weights)) {
        const detail = `the records give ${formatWeights(state.weights)}`;
        return { converged: false, in_flight: null, detail, state };
      }
      const told = await Promise.all(zones.map((zone) => waitingFor(api, zone, options, signal)));
      const waiting = told.filter((why) => why !== null);
      const detail = waiting.length === 0 ? 'every new request follows' : waiting.join('; ');
      return { converged: waiting.length === 0, in_flight: null, detail, state };
    },
    async release(fence, signal) {
      await Promise.all(plans.map((plan) => release(plan, fence, signal)));
    },
  };
}

/** While a long wait lasts, little is missed: a tenth of what is left of it. */
function lookEveryMs(zones: readonly ZoneState[]): number {
  const endsAtMs = Math.max(...zones.map(({ stored }) => stored?.staleUntilMs ?? 0));
  return Math.min(LONG_LOOK_MS, Math.max(LOOK_MS, (endsAtMs - Date.now()) / 10));
}

function tooOften(name: string): CutoverError {
  const told = `the records beside ${name} were changed by somebody else at each of ${ATTEMPTS} attempts to write them`;
  return new CutoverError('CUTOVER_AWS_CONFLICT', told);
}
