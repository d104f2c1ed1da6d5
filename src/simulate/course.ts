/** How a simulated deployment has gone so far: when its phases began, and which shares stood when. */
import type { Exposed } from '../adapters/types.ts';
import type { Weights } from '../plan/types.ts';
import type { DeploymentStatus, PhaseName } from '../workflows/api.ts';
import type { Moment } from './scenario-schema.ts';

export interface Shift {
  at_ms: number;
  weights: Weights;
  /** What reaches the candidate beside its share; absent: nothing. */
  exposed?: Exposed | undefined;
}

export interface Course {
  /** Epoch milliseconds of the simulated clock. */
  started_at_ms: number;
  /** Begins of the phases that have begun. */
  phases: Partial<Record<PhaseName, number>>;
  /** In order; the first one stood at the start. */
  shifts: Shift[];
}

export function createCourse(startedAtMs: number, weights: Weights): Course {
  return { started_at_ms: startedAtMs, phases: {}, shifts: [{ at_ms: startedAtMs, weights }] };
}

/** The deployment starts now, and not when the stage for it was set. */
export function startCourse(course: Course, atMs: number): void {
  course.started_at_ms = atMs;
  course.shifts = course.shifts.map((shift) => ({ ...shift, at_ms: atMs }));
}

export function notePhases(course: Course, status: Pick<DeploymentStatus, 'phases'>): void {
  for (const { name, started_at } of status.phases) {
    if (started_at !== null) course.phases[name] = Date.parse(started_at);
  }
}

/** Null: its phase has not begun, and may never. */
export function instantOf(course: Course, { phase, offset_ms }: Moment): number | null {
  const fromMs = phase === null ? course.started_at_ms : course.phases[phase];
  return fromMs === undefined ? null : fromMs + offset_ms;
}

/** The points that have an instant by now, in its order; of two at once the one written later holds. */
export function placed<T extends { at: Moment }>(course: Course, points: readonly T[]): { at_ms: number; point: T }[] {
  return points
    .flatMap((point) => {
      const atMs = instantOf(course, point.at);
      return atMs === null ? [] : [{ at_ms: atMs, point }];
    })
    .sort((one, other) => one.at_ms - other.at_ms);
}
