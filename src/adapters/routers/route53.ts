/**
 * Route 53: weighted record sets per colour, with the fence in a TXT record beside them. One batch deletes exactly what was
 * read and creates what is to be, so that the API refuses it when anybody has written in between.
 *
 * A batch is one zone's. Of several zones each holds the fence; the first one's counts, and is written first: a writer that
 * comes late is stopped there before it has changed anything, a batch for another zone is refused once a later writer was
 * there, and zones that were not reached still say the lower fence, from which the same attempt, repeated, goes on.
 */
import type { Colour } from '../../plan/types.ts';
import { formatWeights, sameWeights } from '../../plan/weights.ts';
import { forgetRecent, recent } from '../aws/recent.ts';
import type { TrafficRouter } from '../types.ts';
import { type NameServerOptions, waitingFor } from './route53/propagation.ts';
import type { RecordPlan } from './route53/record-sets.ts';
import { stateOf } from './route53/router-state.ts';
import { createZoneWriter } from './route53/writer.ts';
import { createRoute53Api, type Lane } from './route53/zone-api.ts';
import { readZone, type ZonePlan, type ZoneState, zonesOf } from './route53/zone-state.ts';

export interface Route53Options extends NameServerOptions {
  region: string | null;
  /** The first one's zone holds the fence that counts. */
  records: readonly RecordPlan[];
  /** Set identifiers of each colour's records. */
  identifiers: Record<Colour, readonly string[]>;
  /** What a claim lowers longer times to live to; also what an alias's target is taken to have. */
  ttlMs: number;
}

/** How old what `convergence` stands on may be; older while much of a time to live is left. */
const LOOK_MS = 2_000;
const LONG_LOOK_MS = 30_000;
/** Only an answer that is still on its way is another's. */
const JOINED_MS = 1;

export function createRoute53Router(options: Route53Options): TrafficRouter {
  const { identifiers, records } = options;
  const api = createRoute53Api(options.region);
  const plans = zonesOf(records);
  const key = `route53 ${JSON.stringify([records, identifiers])}`;
  /** What this router has read or written last, for `convergence`: never from before it was made. */
  let latest: { atMs: number; zones: ZoneState[] } | null = null;

  const readOne = (plan: ZonePlan, lane: Lane, signal: AbortSignal) => readZone(api, plan, identifiers, lane, signal);
  const readAll = (signal: AbortSignal) => Promise.all(plans.map((plan) => readOne(plan, 'read', signal)));

  const writer = createZoneWriter({
    api,
    plans,
    ttlSeconds: Math.round(options.ttlMs / 1_000),
    readOne,
    forget: () => forgetRecent(key),
    done(zones) {
      latest = { atMs: performance.now(), zones };
    },
  });

  async function look(signal: AbortSignal): Promise<ZoneState[]> {
    const nowMs = performance.now();
    if (latest !== null && nowMs - latest.atMs < lookEveryMs(latest.zones)) return latest.zones;
    const zones = await recent(`${key} look`, JOINED_MS, signal, readAll);
    latest = { atMs: nowMs, zones };
    return zones;
  }

  return {
    countsInFlight: false,
    async read(signal, maxAgeMs = 0) {
      return stateOf(await recent(key, maxAgeMs, signal, readAll));
    },
    claim: (expectedRevision, fence, signal) =>
      writer.write({ weights: null, fence, expectedRevision, force: false }, signal),
    shift: ({ weights, expected_revision: expectedRevision, fence, force = false }, signal) =>
      writer.write({ weights, fence, expectedRevision, force }, signal),
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
    release: (fence, signal) => writer.release(fence, signal),
  };
}

/** While a long wait lasts, little is missed: a tenth of what is left of it. */
function lookEveryMs(zones: readonly ZoneState[]): number {
  const endsAtMs = Math.max(...zones.map(({ stored }) => stored?.staleUntilMs ?? 0));
  return Math.min(LONG_LOOK_MS, Math.max(LOOK_MS, (endsAtMs - Date.now()) / 10));
}
