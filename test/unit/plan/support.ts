import { readFileSync } from 'node:fs';
import { type LoadedPlan, loadPlan, type PlanFile } from '../../../src/plan/load.ts';
import { PlanError, type Problem } from '../../../src/plan/problems.ts';

/** What every plan needs, so that a test writes only what it is about. */
export const REQUIRED = ['service=checkout', 'version=2.4.1', 'platform=local'];

export function sharedPlan(name: string): PlanFile {
  return { name, text: readFileSync(new URL(`../../fixtures/plans/${name}`, import.meta.url), 'utf8') };
}

export function load(text: string, sets: string[] = REQUIRED): LoadedPlan {
  return loadPlan([{ name: 'plan.yaml', text }], sets);
}

/** The errors of a plan; empty: it is valid. */
export function errorsOf(files: PlanFile[], sets: string[]): Problem[] {
  try {
    loadPlan(files, sets);
    return [];
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error.problems.filter(({ severity }) => severity === 'error');
  }
}
