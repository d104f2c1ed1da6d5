import type { RouterAnswer, RouterView } from '../../local/api.ts';
import { LocalClient } from '../../local/client.ts';
import { formatWeights, sameWeights } from '../../plan/weights.ts';
import type { RouterState, TrafficRouter, WriteResult } from '../types.ts';

export interface LocalRouterOptions {
  /** Admin URL of the local program. */
  url: string;
  service: string;
}

/**
 * The weighted HTTP router of the local program. Its writes are atomic and conditional, and new requests follow before
 * a write is answered. CUTOVER_SERVICE_UNKNOWN, or CUTOVER_ROUTER_UNREACHABLE when the program does not answer.
 */
export function createLocalRouter({ url, service }: LocalRouterOptions): TrafficRouter {
  const client = new LocalClient({ url, unreachable: 'CUTOVER_ROUTER_UNREACHABLE' });
  return {
    read: async (signal) => toState(await client.router(service, signal)),
    claim: async (expectedRevision, fence, signal) =>
      toResult(await client.claim(service, fence, expectedRevision, signal)),
    async shift({ weights, expose, expected_revision, fence }, signal) {
      const request = { weights, fence, ...(expose === undefined ? {} : { exposed: expose }) };
      return toResult(await client.shift(service, request, expected_revision, signal));
    },
    async convergence(weights, signal) {
      const view = await client.router(service, signal);
      const converged = sameWeights(view.weights, weights);
      const detail = converged ? 'every new request follows' : `the router holds ${formatWeights(view.weights)}`;
      return { converged, in_flight: view.in_flight, detail, state: toState(view) };
    },
  };
}

function toState({ in_flight: _, ...state }: RouterView): RouterState {
  return state;
}

function toResult({ kind, state }: RouterAnswer): WriteResult {
  return { kind, state: toState(state) };
}
