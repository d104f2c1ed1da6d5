/**
 * Names in an expression of CloudWatch's metric math: those that begin with a small letter, as the API has it; functions
 * and keywords do not. Pure.
 */

/** Texts of `SEARCH` in quotes, names, or anything else that is one word. */
const WORDS = /'[^']*'|"[^"]*"|[A-Za-z0-9_$.]+/g;
const NAME = /^[a-z][A-Za-z0-9_]*$/;

/** SQL of Metrics Insights, which names no series of the plan. */
export function isInsights(expression: string): boolean {
  return /^\s*SELECT\s/i.test(expression);
}

/** Each once. */
export function namesIn(expression: string): string[] {
  if (isInsights(expression)) return [];
  return [...new Set((expression.match(WORDS) ?? []).filter((word) => NAME.test(word)))];
}

export function renamed(expression: string, nameOf: (name: string) => string): string {
  if (isInsights(expression)) return expression;
  return expression.replace(WORDS, (word) => (NAME.test(word) ? nameOf(word) : word));
}

/** The whole expression is one name. */
export function isName(expression: string): boolean {
  return NAME.test(expression.trim());
}
