/** The rules that span several keys. The client and the worker hold a plan to the same ones. */
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';
import { checkApproval } from './approval.ts';
import { checkCalls } from './calls.ts';
import { checkCriteria } from './criteria.ts';
import { checkDurations } from './durations.ts';
import { checkExposure } from './exposure.ts';
import { checkMetrics } from './metrics.ts';
import { checkRouter } from './router.ts';
import { checkSafety } from './safety.ts';
import { checkShares } from './shares.ts';
import { checkSmoke } from './smoke.ts';

export function checkRules(plan: Plan): Finding[] {
  const rules = [
    ...[checkDurations, checkShares, checkExposure, checkRouter, checkApproval],
    ...[checkCriteria, checkMetrics, checkSmoke, checkCalls, checkSafety],
  ];
  return rules.flatMap((check) => check(plan));
}
