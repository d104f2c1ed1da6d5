import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type LoadedPlan, loadPlan, type PlanFile } from '../../../src/plan/load.ts';
import { PlanError, type Problem } from '../../../src/plan/problems.ts';

/** A plan but for `service` and `version`, with work that only one colour may run. */
export const ACTIVE_ONLY = [
  'platform: {kubernetes: {active_only: "app=checkout,cutover.dev/active-only=true"}}',
  'router: {service_selector: {service: checkout}}',
  'metrics: {prometheus: {url: "http://p:9090"}}',
].join('\n');
/** What every plan needs, so that a test writes only what it is about. */
/** For routers that `scrape` knows nothing of. */
export const PROMETHEUS = 'metrics: {prometheus: {url: "http://p:9090"}}';
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

/** Title, text, `code line:column key`, a part of the message, a part of the hint. */
export type BadPlan = [title: string, text: string, error: string, message: string, hint: string];

/** The text, with what every plan needs, has that one located error. */
export function expectOneError(text: string, error: string, message: string, hint: string): void {
  const problems = errorsOf(
    [{ name: 'plan.yaml', text }],
    text.includes('platform:') ? REQUIRED.slice(0, 2) : REQUIRED,
  );
  expect(
    problems.map(({ code, line, column, key }) => `${code.replace('CUTOVER_PLAN_', '')} ${line}:${column} ${key}`),
  ).toEqual([error]);
  expect(problems).toEqual([
    expect.objectContaining({
      file: 'plan.yaml',
      severity: 'error',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  ]);
  expect(problems[0]?.hint).not.toBe('');
}
