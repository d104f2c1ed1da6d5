/** Work that only the active colour may run: whether a plan names any, and how people are told of it. */
import type { Plan } from './types.ts';

/** Whether the plan names work that only the active colour may run. */
export function movesScheduledWork({ platform }: Pick<Plan, 'platform'>): boolean {
  return platform.kind === 'kubernetes' && 'active_only' in platform && platform.active_only !== undefined;
}

const NAMED = 5;

/** `CronJob report-blue, Deployment mailer-blue and 12 more`. */
export function namesOfWork(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What a pass did, each a sentence's part; empty: all was as it should be. */
export function workFacts(report: { suspended: string[]; resumed: string[]; left: string[] }): string[] {
  const { suspended, resumed, left } = report;
  return [
    ...(suspended.length === 0 ? [] : [`suspended ${namesOfWork(suspended)}`]),
    ...(resumed.length === 0 ? [] : [`resumed ${namesOfWork(resumed)}`]),
    ...(left.length === 0 ? [] : [`left suspended, as before: ${namesOfWork(left)}`]),
  ];
}
