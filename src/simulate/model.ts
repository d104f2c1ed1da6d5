/** A model of two colours and their router, behind the adapters' interfaces: the real mutations run on it. */

import type { Adapters } from '../adapters/registry.ts';
import type { ColourState, Platform, RouterState, TrafficRouter, WriteResult } from '../adapters/types.ts';
import { decideWrite, type WriteOffer } from '../local/fence.ts';
import { sameExposure } from '../plan/exposure.ts';
import type { Colour } from '../plan/types.ts';
import { sameWeights } from '../plan/weights.ts';
import type { Course } from './course.ts';

/** Instances of the active colour: any number that `capacity` divides well. */
const SIZE = 4;
export const ACTIVE: Colour = 'blue';

export interface Model {
  adapters: Adapters;
  router: TrafficRouter;
  platform: Platform;
}

/** All traffic on blue; every instance that is asked for is ready at once. Shifts are noted in the course. */
export function createModel(course: Course, now: () => Promise<number>): Model {
  const platform = modelPlatform();
  const router = modelRouter(course, now);
  const metrics = () => {
    throw new Error('a simulated metric is sampled by its watcher alone');
  };
  return {
    platform,
    router,
    adapters: { platform: () => platform, router: () => router, metrics, notifiers: () => [] },
  };
}

function modelPlatform(): Platform {
  const colours: Record<Colour, { version: string | null; size: number }> = {
    blue: { version: 'before', size: SIZE },
    green: { version: null, size: 0 },
  };
  return {
    async inspect(colour): Promise<ColourState> {
      const { version, size } = colours[colour];
      return { colour, version, desired: size, ready: size, instances: [] };
    },
    compare: async () => null,
    async deploy(colour, version, size) {
      colours[colour] = { version, size };
    },
    async scale(colour, size) {
      colours[colour].size = size;
    },
    async remove(colour) {
      colours[colour].size = 0;
    },
  };
}

function modelRouter(course: Course, now: () => Promise<number>): TrafficRouter {
  let state: RouterState = {
    weights: { blue: 100, green: 0 },
    revision: '1',
    fence: null,
    fenced_revision: null,
    before: null,
  };
  async function write(offer: Omit<WriteOffer, 'newRevision'>): Promise<WriteResult> {
    const atMs = await now();
    const decision = decideWrite(state, { ...offer, newRevision: String(Number(state.revision) + 1) });
    if (decision.kind !== 'write') return { kind: decision.kind, state };
    const { weights, exposed } = decision.next;
    if (!sameWeights(weights, state.weights) || !sameExposure(exposed ?? null, state.exposed ?? null)) {
      course.shifts.push({ at_ms: atMs, weights, exposed });
    }
    state = decision.next;
    return { kind: 'written', state };
  }
  return {
    read: async () => state,
    claim: (expectedRevision, fence) => write({ weights: null, fence, expectedRevision }),
    shift: ({ weights, expose, fence, expected_revision }) =>
      write({ weights, exposed: expose, fence, expectedRevision: expected_revision }),
    async convergence(weights) {
      const converged = sameWeights(state.weights, weights);
      return { converged, in_flight: { blue: 0, green: 0 }, detail: 'a model', state };
    },
  };
}
