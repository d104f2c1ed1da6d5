/** Whether router and candidate still hold what this run gave them, looked at beside the ticks. */
import type { Platform, RouterState, TrafficRouter } from '../adapters/types.ts';
import { sameExposure } from '../plan/exposure.ts';
import type { Colour, Exposure, Weights } from '../plan/types.ts';
import { sameWeights } from '../plan/weights.ts';
import { bounded, type Clock } from './clock.ts';

/** Other traffic, or, where that is as it must be, another version on the candidate. */
export type Drift = { router: RouterState } | { router: null; version: string | null };

export interface DriftWatch {
  /** Begins to read when that is due: at first, every 5 s, and at the tick after something else was read. */
  look(): void;
  /** What is not this run's, once two reads in a row agreed on it; null: nothing is known. Never waits. */
  found(): Drift | null;
  /** The same after a read that is made now, and another one when it is needed. What cannot be read says nothing. */
  confirm(): Promise<Drift | null>;
}

interface Timing {
  clock: Clock;
  /** Bounds one read, and `confirm` as a whole. */
  timeoutMs: number;
  signal: AbortSignal;
}

export interface DriftDependencies extends Timing {
  router: Pick<TrafficRouter, 'read'>;
  /** What the router must hold. */
  weights: Weights;
  /** What it must expose; absent: not compared. */
  exposed?: Exposure | undefined;
}

export interface VersionDriftDependencies extends Timing {
  platform: Pick<Platform, 'inspect'>;
  candidate: Colour;
  /** What the candidate must run. */
  version: string;
}

/**
 * Looked at for hours beside what is judged, and where it can be watched an open watch tells of another one at once: only a watch
 * that has stopped silently is noticed as late as this. (A cluster in which nothing happens gives its watches no sign of life, so
 * that each of them costs a request in this time.) Anything else is believed when it is read as it is now.
 */
const RECENT_MS = 600_000;
export const RECENT_VERSION_MS = 900_000;
const PAUSE_MS = 5_000;
const AGAIN_MS = 200;

/** No other revision counts, only other traffic: this run writes none while it watches. */
export function createDriftWatch({ router, weights, exposed, ...timing }: DriftDependencies): DriftWatch {
  function sameTraffic(state: RouterState, other: { weights: Weights; exposed?: Exposure | undefined }): boolean {
    if (!sameWeights(state.weights, other.weights)) return false;
    return exposed === undefined || sameExposure(state.exposed ?? null, other.exposed ?? null);
  }

  return createLooks(timing, {
    recentMs: RECENT_MS,
    read: async (signal, maxAgeMs) => ({ router: await router.read(signal, maxAgeMs) }),
    isOurs: (seen) => sameTraffic(seen.router, { weights, exposed }),
    isSame: (one, other) => sameTraffic(one.router, other.router),
  });
}

/** Whoever replaces the version while it is judged has judged it for nothing. */
export function createVersionWatch({ platform, candidate, version, ...timing }: VersionDriftDependencies): DriftWatch {
  return createLooks(timing, {
    recentMs: RECENT_VERSION_MS,
    read: async (signal, maxAgeMs) => ({
      router: null,
      version: (await platform.inspect(candidate, signal, maxAgeMs)).version,
    }),
    isOurs: (seen) => seen.version === version,
    isSame: (one, other) => one.version === other.version,
  });
}

/** The first of them that has found something. */
export function anyDrift(watches: readonly DriftWatch[]): DriftWatch {
  const found = () => watches.reduce<Drift | null>((drift, watch) => drift ?? watch.found(), null);
  return {
    look() {
      for (const watch of watches) watch.look();
    },
    found,
    async confirm() {
      await Promise.all(watches.map((watch) => watch.confirm()));
      return found();
    },
  };
}

interface Looking<T> {
  /** How old the first look at something may be. */
  recentMs: number;
  read(signal: AbortSignal, maxAgeMs: number): Promise<T>;
  isOurs(seen: T): boolean;
  isSame(one: T, other: T): boolean;
}

function createLooks<T extends Drift>({ clock, timeoutMs, signal }: Timing, looking: Looking<T>): DriftWatch {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let suspect: T | null = null;
  let confirmed: T | null = null;

  async function read(): Promise<void> {
    readAtMs = clock.now();
    const maxAgeMs = suspect === null ? looking.recentMs : 0;
    const seen = await bounded(timeoutMs, signal, (limit) => looking.read(limit, maxAgeMs)).catch(() => null);
    if (seen === null) return;
    if (looking.isOurs(seen)) {
      suspect = null;
    } else if (suspect !== null && looking.isSame(suspect, seen)) {
      confirmed = seen;
    } else {
      suspect = seen;
    }
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
