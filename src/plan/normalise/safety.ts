/** The circuit break and the point of no safe return, with their defaults. */
import type { WrittenPlan } from '../schema/plan.ts';
import { type CircuitBreakPlan, type RollbackSafety, SAFE_PHASES } from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds, percentage } from './values.ts';

export function normaliseCircuitBreak(written: NonNullable<WrittenPlan['circuit_break']>): CircuitBreakPlan {
  return {
    error_rate: percentage(written.error_rate, DEFAULTS.circuit_error_rate),
    pause_ms: milliseconds(written.pause, DEFAULTS.circuit_pause_ms),
    attempts: written.attempts ?? DEFAULTS.circuit_attempts,
  };
}

/** The schema takes the name of a phase, or a duration. */
export function normaliseSafety(written: string): RollbackSafety {
  const phase = SAFE_PHASES.find((known) => known === written);
  return phase === undefined
    ? { kind: 'after_switch', duration_ms: milliseconds(written, 0) }
    : { kind: 'phase', phase };
}
