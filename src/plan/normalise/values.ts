/** Texts of a plan that the schema has accepted, as numbers; criteria, parsed. */
import { parseCriterion } from '../criteria.ts';
import { parseDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import type { Criterion } from '../types.ts';

/** Milliseconds. Beyond the safe integers it is infinite, which the rules on bounds then refuse. */
export function milliseconds(text: string | undefined, defaultMs: number): number {
  return text === undefined ? defaultMs : (parseDuration(text) ?? Number.POSITIVE_INFINITY);
}

/** `20%` and 20 alike. */
export function percentage(value: string | number | undefined, defaultPercent: number): number {
  if (value === undefined) return defaultPercent;
  return typeof value === 'number' ? value : Number.parseFloat(value);
}

/** What does not parse is left out and told in `findings`. */
export function readCriteria(
  texts: readonly string[],
  path: readonly (string | number)[],
  findings: Finding[],
): Criterion[] {
  return texts.flatMap((text, index) => {
    const criterion = parseCriterion(text);
    if (criterion.kind !== 'problem') return [criterion];
    const { message, hint, offset } = criterion;
    findings.push({
      code: 'CUTOVER_PLAN_CRITERION',
      path: [...path, index],
      message: `\`${text}\` is no criterion. ${message}`,
      hint,
      offset: offset + text.length - text.trimStart().length,
    });
    return [];
  });
}
