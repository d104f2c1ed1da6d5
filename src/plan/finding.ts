/** Something wrong with a plan, by the key as written; where that is in which file is looked up afterwards. */
import type { ErrorCode } from '../errors.ts';

export interface Finding {
  code: ErrorCode;
  /** Keys as written in the plan, `['switch', 'steps', 1]`, whatever the normalised plan calls them. */
  path: readonly (string | number)[];
  message: string;
  hint: string;
  /** Characters into the value's text where it goes wrong. */
  offset?: number;
}

export const PHASE_PATH = ['blue_green_switch', 'validation_phases'] as const;

/** The name that a phase of the normalised plan has in the plan as written. */
export const WRITTEN_PHASES = {
  warmup: 'warmup',
  health_check: 'health_check',
  performance_validation: 'performance_validation',
  decision_window: 'full_switch',
} as const;
export type PlannedPhase = keyof typeof WRITTEN_PHASES;
export const PLANNED_PHASES = Object.keys(WRITTEN_PHASES) as PlannedPhase[];

export function phasePath(phase: PlannedPhase): readonly string[] {
  return [...PHASE_PATH, WRITTEN_PHASES[phase]];
}
