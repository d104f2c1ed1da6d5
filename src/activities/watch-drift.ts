/** Whether the router still holds what this run wrote, looked at beside the ticks. */
import type { RouterState, TrafficRouter } from '../adapters/types.ts';
import { sameExposure } from '../plan/exposure.ts';
import type { Exposure, Weights } from '../plan/types.ts';
import { sameWeights } from '../plan/weights.ts';
import { bounded, type Clock } from './clock.ts';

export interface DriftWatch {
  /** Begins to read the router when that is due: at first, every 5 s, and at the tick after other weights were read. */
  look(): void;
  /** The other traffic, once two reads in a row agreed on it; null: none is known. Never waits. */
  found(): RouterState | null;
  /** The same after a read that is made now, and another one when it is needed. A router that cannot be read says nothing. */
  confirm(): Promise<RouterState | null>;
}

export interface DriftDependencies {
  router: Pick<TrafficRouter, 'read'>;
  /** What the router must hold. */
  weights: Weights;
  /** What it must expose; absent: not compared. */
  exposed?: Exposure | undefined;
  clock: Clock;
  /** Bounds one read, and `confirm` as a whole. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Where routers can be watched; other weights are believed when they are read as they are now. */
const RECENT_MS = 90_000;
const PAUSE_MS = 5_000;
const AGAIN_MS = 200;

/** No other revision counts, only other weights: this run writes none while it watches. */
export function createDriftWatch(dependencies: DriftDependencies): DriftWatch {
  const { router, weights, exposed, clock, timeoutMs, signal } = dependencies;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let suspect: RouterState | null = null;
  let confirmed: RouterState | null = null;

  async function read(): Promise<void> {
    readAtMs = clock.now();
    const state = await bounded(timeoutMs, signal, (limit) =>
      router.read(limit, suspect === null ? RECENT_MS : 0),
    ).catch(() => null);
    if (state === null) return;
    if (sameTraffic(state, { weights, exposed })) {
      suspect = null;
    } else if (suspect !== null && sameTraffic(state, suspect)) {
      confirmed = state;
    } else {
      suspect = state;
    }
  }

  function sameTraffic(state: RouterState, other: { weights: Weights; exposed?: Exposure | undefined }): boolean {
    if (!sameWeights(state.weights, other.weights)) return false;
    return exposed === undefined || sameExposure(state.exposed ?? null, other.exposed ?? null);
  }

  async function readAgain(): Promise<void> {
    await running;
    await read();
    if (suspect === null || confirmed !== null) return;
    await clock.sleep(AGAIN_MS, signal);
    await read();
  }

  return {
    look() {
      const elapsedMs = clock.now() - readAtMs;
      const isDue = elapsedMs < 0 || elapsedMs >= (suspect === null ? PAUSE_MS : AGAIN_MS);
      if (running !== null || confirmed !== null || !isDue) return;
      running = read().finally(() => {
        running = null;
      });
    },
    found: () => confirmed,
    async confirm() {
      await bounded(timeoutMs, signal, readAgain).catch(() => signal.throwIfAborted());
      return confirmed;
    },
  };
}
