/** Whether new requests follow the weights: what a router of target groups can know of it without counting requests. */
import { CutoverError } from '../../../errors.ts';
import { formatDuration } from '../../../plan/duration.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import { formatWeights, otherColour, sameWeights } from '../../../plan/weights.ts';
import { recent } from '../../aws/recent.ts';
import type { Convergence, RouterState } from '../../types.ts';
import { type Groups, stickySecondsOf } from './actions.ts';
import { type AlbApi, loadBalancerOf, type PlaceNames } from './api.ts';
import { type Standing, standingOf } from './state.ts';
import { describeHealth, type GroupHealth, healthOf, zonesOf } from './targets.ts';

export interface Watched {
  api: AlbApi;
  names: PlaceNames;
  groups: Groups;
  /** Before the keys of what is remembered of this router. */
  key: string;
}

/** However often it is asked, at most one round of calls in this time. */
const ROUND_MS = 1_000;
/** Zones of a load balancer and attributes of a target group change seldom. */
const SETTINGS_AGE_MS = 30_000;
const CROSS_ZONE = 'load_balancing.cross_zone.enabled';

type Round = { answer: Convergence } | { error: CutoverError };

/** Errors: those of a read; CUTOVER_AWS_CONFLICT while the weights that the fence tells of are not read back. */
export async function convergenceOf(router: Watched, weights: Weights, signal: AbortSignal): Promise<Convergence> {
  const key = `${router.key} convergence to ${formatWeights(weights)}`;
  const round = await recent(key, ROUND_MS, signal, (limit) => roundOf(router, weights, limit));
  if ('error' in round) throw round.error;
  return round.answer;
}

/** An answer that was an error is one, too, so that a busy API is not asked the more often for it. */
async function roundOf(router: Watched, weights: Weights, signal: AbortSignal): Promise<Round> {
  try {
    return { answer: await look(router, weights, signal) };
  } catch (error) {
    if (error instanceof CutoverError) return { error: asTold(error) };
    throw error;
  }
}

async function look(router: Watched, weights: Weights, signal: AbortSignal): Promise<Convergence> {
  const { api, names, groups } = router;
  const reading = await api.read(names, 'read', signal);
  const standing = standingOf(reading, groups);
  const { state, inDoubt } = standing;
  if (inDoubt) {
    const told = `the listener still gives ${formatWeights(state.weights)}, not what its fence tells of`;
    throw new CutoverError('CUTOVER_AWS_CONFLICT', told);
  }
  if (!sameWeights(state.weights, weights)) {
    return answer(state, `the load balancer gives ${formatWeights(state.weights)}`);
  }
  const stuck = stickyFor(standing, Math.max(...reading.places.map(stickySecondsOf)));
  const targets = await waitingForTargets(router, state, weights, signal);
  const waiting = [...targets, ...(stuck === null ? [] : [stuck])];
  return answer(state, waiting.length === 0 ? null : waiting.join('; '));
}

function answer(state: RouterState, waiting: string | null): Convergence {
  return { converged: waiting === null, in_flight: null, detail: waiting ?? 'every new request follows', state };
}

/** A cookie holds its client on a target group whose weight has become 0, and takes precedence over the weights. */
function stickyFor({ stored }: Standing, seconds: number): string | null {
  if (stored === null || stored.fence.step === 0 || seconds === 0) return null;
  if (stored.from.every((one, index) => one === stored.seen[index])) return null;
  const leftMs = (stored.at + seconds) * 1_000 - Date.now();
  if (leftMs <= 0) return null;
  const left = formatDuration(Math.ceil(leftMs / 1_000) * 1_000);
  return `target group stickiness may hold clients where they were for another ${left}`;
}

async function waitingForTargets(
  router: Watched,
  state: RouterState,
  weights: Weights,
  signal: AbortSignal,
): Promise<string[]> {
  const { api, groups } = router;
  try {
    const [blue, green] = await Promise.all([
      healthOf(api, groups.blue, 'read', signal),
      healthOf(api, groups.green, 'read', signal),
    ]);
    const health = { blue, green };
    const serving = (['blue', 'green'] as const).filter((colour) => weights[colour] > 0);
    const waiting = await Promise.all(
      serving.map((colour) => missingOf(router, colour, weights[colour], health, state.before, signal)),
    );
    return waiting.flat();
  } catch (error) {
    if (!(error instanceof CutoverError) || error.fault === 'user') throw error;
    return [asTold(error).message];
  }
}

/**
 * The colour that was active served before: one healthy target will do, so that nothing holds up a rollback. The candidate needs
 * as many as carry its share of what the active colour has, and at 100 % one in every zone in which that has any.
 */
async function missingOf(
  router: Watched,
  colour: Colour,
  share: number,
  health: Record<Colour, GroupHealth>,
  before: Weights | null,
  signal: AbortSignal,
): Promise<string[]> {
  const own = health[colour];
  const wasActive = before !== null && before[colour] === 100;
  const other = health[otherColour(colour)].healthy;
  const needed = wasActive ? 1 : Math.max(1, Math.ceil((other.length * share) / 100));
  if (own.healthy.length < needed) {
    return [`the target group of ${colour} has ${describeHealth(own)}; it needs ${needed} healthy`];
  }
  if (wasActive || !(await needsZones(router, colour, share, signal))) return [];
  const lacking = await lackingZones(router, own.healthy, other, signal);
  return lacking.length === 0 ? [] : [`${colour} has no healthy target in ${lacking.join(', ')}`];
}

/** Nodes without a target in their own zone use those of other zones, unless that is turned off. */
async function needsZones({ api, groups, key }: Watched, colour: Colour, share: number, signal: AbortSignal) {
  if (share === 100) return true;
  const attributes = await recent(`${key} attributes of ${colour}`, SETTINGS_AGE_MS, signal, (limit) =>
    api.groupAttributes(groups[colour], limit),
  );
  return attributes.some(({ Key: its, Value: value }) => its === CROSS_ZONE && value === 'false');
}

async function lackingZones(
  { api, names, key }: Watched,
  own: GroupHealth['healthy'],
  other: GroupHealth['healthy'],
  signal: AbortSignal,
): Promise<string[]> {
  const balancers = [...new Set([...names.listeners, ...names.rules].map(loadBalancerOf))];
  const [enabled, itsOwn, others] = await Promise.all([
    recent(`${key} zones`, SETTINGS_AGE_MS, signal, (limit) => api.enabledZones(balancers, limit)),
    zonesOf(api, key, own, signal),
    zonesOf(api, key, other, signal),
  ]);
  if (itsOwn === 'all') return [];
  return enabled.filter((zone) => !itsOwn.has(zone) && (others === 'all' || others.has(zone)));
}

/** What people read while it lasts. */
function asTold(error: CutoverError): CutoverError {
  if (error.code !== 'CUTOVER_AWS_THROTTLED') return error;
  return new CutoverError(error.code, `throttled, retrying: ${error.message}`, { details: error.details });
}
