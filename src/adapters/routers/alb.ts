/** Target groups of Elastic Load Balancing: the weights of a listener's default action, or of a rule's. */
import { CutoverError } from '../../errors.ts';
import { formatDuration } from '../../plan/duration.ts';
import type { Weights } from '../../plan/types.ts';
import { otherColour, sameWeights } from '../../plan/weights.ts';
import { forgetRecent, recent } from '../aws/recent.ts';
import type { RouterState, TrafficRouter, WriteResult } from '../types.ts';
import { numbersIn, stickySecondsOf, withNumbers } from './alb/actions.ts';
import { createAlbApi } from './alb/api.ts';
import { convergenceOf } from './alb/convergence.ts';
import { numbersOf } from './alb/numbers.ts';
import { type AlbOptions, regionOf } from './alb/options.ts';
import { standingOf } from './alb/state.ts';
import { type WriteOffer, writeFenced } from './alb/write.ts';

/**
 * The API has no conditional write: see `alb/write.ts` for how writes are kept in order, and for what remains.
 * Converged when the weights are read back, and every colour with traffic has the healthy targets that its share needs.
 */
export function createAlbRouter(options: AlbOptions): TrafficRouter {
  const { listeners, rules, testListener, groups } = options;
  const names = { listeners, rules };
  const arns = [...listeners, ...rules];
  if (arns.length === 0) throw new CutoverError('CUTOVER_PLAN_VALUE', 'the router needs a `listener` or a `rule`');
  const api = createAlbApi(regionOf(options), options.balancer);
  const key = `alb ${arns.join(' ')}`;

  async function write(offer: WriteOffer, signal: AbortSignal): Promise<WriteResult> {
    try {
      return await writeFenced({ api, names, groups }, offer, signal);
    } finally {
      forgetRecent(key);
    }
  }

  /** Not fenced, nor part of a revision: no production request is meant to meet it. Written again by every attempt of a claim. */
  async function leadTest({ weights, before }: RouterState, signal: AbortSignal): Promise<void> {
    if (testListener === null) return;
    const { blue } = before ?? weights;
    const standby = otherColour(blue === 100 ? 'blue' : 'green');
    const [place] = await api.readListeners([testListener], 'write', signal);
    if (place === undefined) return;
    const found = numbersIn(place, groups);
    const wanted: Weights = { blue: standby === 'blue' ? 100 : 0, green: standby === 'green' ? 100 : 0 };
    if (found[standby] !== null && found[standby] > 0 && (found[otherColour(standby)] ?? 0) === 0) return;
    await api.putActions(place, withNumbers(place, groups, numbersOf(wanted)), signal);
  }

  return {
    countsInFlight: false,
    read(signal, maxAgeMs = 0) {
      const lane = maxAgeMs === 0 ? 'write' : 'read';
      const look = async (limit: AbortSignal) => standingOf(await api.read(names, lane, limit), groups).state;
      return recent(`${key} state`, maxAgeMs, signal, look);
    },
    async claim(expectedRevision, fence, signal) {
      refuseStickier(options, (await api.read(names, 'write', signal)).places.map(stickySecondsOf));
      const result = await write({ weights: null, fence, expectedRevision, force: false }, signal);
      if (result.kind === 'written' || result.kind === 'already') await leadTest(result.state, signal);
      return result;
    },
    async shift({ weights, expected_revision: expectedRevision, fence, force = false }, signal) {
      refusePartial(options, weights);
      return write({ weights, fence, expectedRevision, force }, signal);
    },
    convergence: (weights, signal) => convergenceOf({ api, names, groups, key }, weights, signal),
  };
}

/** A shift could not be proven before the last client is let go, which the plan's deadline has to allow for. */
function refuseStickier({ stickyForMs, listeners, rules }: AlbOptions, seconds: readonly number[]): void {
  const longest = Math.max(...seconds);
  if (longest * 1_000 <= stickyForMs) return;
  const arn = [...listeners, ...rules][seconds.indexOf(longest)];
  const sticky = formatDuration(longest * 1_000);
  throw new CutoverError(
    'CUTOVER_ROUTER_OBJECT',
    `${arn} keeps clients on their target group for ${sticky} (TargetGroupStickinessConfig), whatever the weights say, also in a rollback: turn it off, or write \`sticky_for: ${sticky}\``,
  );
}

function refusePartial({ balancer }: AlbOptions, weights: Weights): void {
  if (
    balancer === 'application' ||
    sameWeights(weights, { blue: weights.blue > 0 ? 100 : 0, green: weights.green > 0 ? 100 : 0 })
  )
    return;
  const asked = `blue ${weights.blue} %, green ${weights.green} %`;
  throw new CutoverError('CUTOVER_PLAN_ROUTER', `\`nlb\` gives a colour all traffic or none, not ${asked}`);
}
