/** Everything that this process counts for Prometheus, and the ways in which the rest of it is told. */
import type { InjectedSinks } from '@temporalio/worker';
import { Registry } from 'prom-client';
import type { WatchObserver } from '../../activities/watch-observer.ts';
import type { AdapterMeter } from '../../adapters/measured.ts';
import type { MeterSinks } from '../../workflows/meters.ts';
import { createAdapterMeter } from './adapters.ts';
import { createRunMeters } from './runs.ts';
import { createWatchObserver } from './watchers.ts';

export interface Meters {
  registry: Registry;
  /** What workflow code calls. */
  sinks: InjectedSinks<MeterSinks>;
  /** What watchers call. */
  observer: WatchObserver;
  /** What measured adapters call. */
  adapters: AdapterMeter;
}

export function createMeters(): Meters {
  const registry = new Registry();
  return {
    registry,
    sinks: createRunMeters(registry),
    observer: createWatchObserver(registry),
    adapters: createAdapterMeter(registry),
  };
}

/** For a worker that nobody measures: the SDK logs an error for each call of a sink that it does not know. */
export const SILENT_SINKS: InjectedSinks<MeterSinks> = {
  meters: {
    started: { fn: () => undefined },
    phaseEnded: { fn: () => undefined },
    rollbackRestored: { fn: () => undefined },
    ended: { fn: () => undefined },
  },
};
