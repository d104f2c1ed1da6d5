/** What a figure is: one file in `bench/figures/`, one line in `bench/figures.ts`. */
import type { Context } from './context.ts';

/** A bound on one of a figure's statistics; `below` and `above` exclude the bound, `at_most` includes it. */
export type Goal = { stat: string } & ({ below: number } | { above: number } | { at_most: number });

export interface Measured {
  /** What stands for the figure in the JSON report; its shape is public. */
  report: unknown;
  /** The statistics that are printed, in order. Goals are held against them. */
  stats: Record<string, number>;
  /** Units of those that are not in the figure's own. */
  units?: Record<string, string>;
  /** The floor of a statistic: what the same machine, in the same run, takes without Cutover. */
  floor: Record<string, number>;
  /** What the floor is, in a few words. */
  floor_is: string;
  /** Plain JSON for whoever wants to know more. */
  details: Record<string, unknown>;
}

export interface Figure {
  /** Key in the report, and what `--only` takes. */
  name: string;
  /** One line for people. */
  title: string;
  unit: string;
  goal: Goal[];
  /** Bound of the whole measurement, milliseconds. */
  limitMs: number;
  run(context: Context): Promise<Measured>;
}

export function isMet(goal: Goal, value: number): boolean {
  if ('above' in goal) return value > goal.above;
  return 'below' in goal ? value < goal.below : value <= goal.at_most;
}
