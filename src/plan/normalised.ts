/**
 * The worker's own check of a normalised plan: anybody can start raw JSON from the Web UI. Shape, sizes, and the same
 * rules that the client holds a plan to.
 */
import type { z } from 'zod';
import { printKey } from './problems.ts';
import { findNotBuilt } from './rules/not-built.ts';
import { checkRules } from './rules/rules.ts';
import { normalisedPlanSchema } from './schema/normalised-plan.ts';
import { findUnsafe } from './source/unsafe.ts';

/** A plan rides in every run and every continue-as-new; Temporal's own limit of a payload is 2 MB. */
export const MAX_PLAN_CHARACTERS = 256_000;

/** The problems found, as sentences; empty: this worker can run the plan. Never throws for any JSON value. */
export function checkNormalisedPlan(value: unknown): string[] {
  const unsafe = findUnsafe(value);
  if (unsafe !== null) return [unsafe];
  const characters = JSON.stringify(value)?.length ?? 0;
  if (characters > MAX_PLAN_CHARACTERS) {
    return [`The plan has ${characters} characters of JSON; ${MAX_PLAN_CHARACTERS} are the limit.`];
  }
  const parsed = normalisedPlanSchema.safeParse(value);
  if (!parsed.success) return parsed.error.issues.map(sentence);
  return [...checkRules(parsed.data), ...findNotBuilt(parsed.data)].map(
    ({ path, message, hint }) => `${printKey(path)}: ${message} ${hint}`,
  );
}

function sentence(issue: z.core.$ZodIssue): string {
  const key = printKey(issue.path.filter((part) => typeof part !== 'symbol'));
  const where = key === '' ? 'The plan' : `\`${key}\``;
  if (issue.code === 'unrecognized_keys') return `${where} has keys that no plan has: ${issue.keys.join(', ')}.`;
  if (issue.message.startsWith('Invalid')) return `${where}: ${issue.message.replace(/^Invalid input: /, '')}.`;
  return `${where} must be ${issue.message}.`;
}
