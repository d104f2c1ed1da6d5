/** What a simulated deployment's activities and its driver share. */
import type { NotifyEvent } from '../adapters/types.ts';
import type { Plan } from '../plan/types.ts';
import type { DeploymentStatus } from '../workflows/api.ts';
import { type Course, createCourse, notePhases } from './course.ts';
import type { Scripted } from './metrics.ts';
import { ACTIVE, createModel, type Model } from './model.ts';
import type { Scenario } from './scenario-schema.ts';

export interface Stage {
  plan: Plan;
  course: Course;
  scripted: Scripted;
  model: Model;
  /** What the notifiers would have been told. */
  told: NotifyEvent[];
  /** Aborted when the simulation is given up. */
  signal: AbortSignal;
  /** The simulated clock, epoch milliseconds. */
  now(): Promise<number>;
  /** Asks the workflow where it is. `nextEndMs`: the end of the phase under way, when it has one that is to come. */
  refresh(): Promise<{ status: DeploymentStatus; nextEndMs: number | null }>;
  /** Changes whenever something happened that a look ahead rests on. */
  version(): string;
}

export interface StageOptions {
  plan: Plan;
  scenario: Scenario;
  startedAtMs: number;
  now: () => Promise<number>;
  status: () => Promise<DeploymentStatus>;
  signal: AbortSignal;
}

export function createStage({ plan, scenario, startedAtMs, now, status, signal }: StageOptions): Stage {
  const course = createCourse(startedAtMs, { blue: 100, green: 0 });
  return {
    plan,
    course,
    scripted: { scenario, course, active: ACTIVE, queries: plan.metrics.queries },
    model: createModel(course, now),
    told: [],
    signal,
    now,
    async refresh() {
      const seen = await status();
      notePhases(course, seen);
      const nowMs = await now();
      const ends = seen.phases.flatMap(({ state, ends_at }) =>
        state === 'running' && ends_at !== null ? [Date.parse(ends_at)] : [],
      );
      return { status: seen, nextEndMs: ends.find((endMs) => endMs > nowMs) ?? null };
    },
    version: () => `${course.shifts.length} ${Object.keys(course.phases).length}`,
  };
}
