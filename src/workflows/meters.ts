/**
 * What a run tells its worker's metrics. Sinks cost nothing in history and are silent while a run is replayed; a
 * workflow task that is tried again tells the same twice, which the worker counts once.
 */
import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { DeployPhase, Outcome, PhaseName } from './api.ts';
import { AUTOMATIC } from './interruption.ts';
import type { PhaseRecord, RollbackRecord } from './run.ts';

export interface MeterSinks extends Sinks {
  meters: {
    started(): void;
    phaseEnded(name: PhaseName, durationMs: number, state: 'passed' | 'failed'): void;
    /** `automatic`: no person asked for it. */
    rollbackRestored(durationMs: number, fromPhase: DeployPhase, automatic: boolean): void;
    ended(outcome: Outcome): void;
  };
}

const { meters } = proxySinks<MeterSinks>();

export function started(): void {
  meters.started();
}

type EndedPhase = Pick<PhaseRecord, 'name' | 'state' | 'startedAtMs' | 'endedAtMs' | 'share'>;
type Restored = Pick<RollbackRecord, 'requestedAtMs' | 'restoredAtMs' | 'fromPhase' | 'interruption'>;

/** A phase that somebody interrupted did not end by itself, and is not told of. */
export function phaseEnded({ name, state, startedAtMs, endedAtMs, share }: EndedPhase): void {
  if ((state !== 'passed' && state !== 'failed') || startedAtMs === null || endedAtMs === null) return;
  // Every step of a switch ends like a window; the switch itself has passed with all traffic moved.
  if (name === 'switch' && state === 'passed' && share !== 100) return;
  meters.phaseEnded(name, endedAtMs - startedAtMs, state);
}

export function rollbackRestored({ requestedAtMs, restoredAtMs, fromPhase, interruption }: Restored): void {
  if (restoredAtMs === null) return;
  meters.rollbackRestored(restoredAtMs - requestedAtMs, fromPhase, interruption.by === AUTOMATIC);
}

export function ended(outcome: Outcome): void {
  meters.ended(outcome);
}
