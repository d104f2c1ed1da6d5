/** The zod schemas of a normalised plan's calls: its own checks, its hooks, its notifiers, and what goes with them. */
import { z } from 'zod';
import type { CheckPlan, CircuitBreakPlan, NotifierPlan, Plan, RollbackSafety } from '../types.ts';
import { SAFE_PHASES, SMOKE_METHODS } from '../types.ts';
import { checkName, environmentOf, hookName, MAX_LIST, MAX_TEXT } from './base.ts';
import { metricCriterion, milliseconds, name, share, status } from './normalised-base.ts';
import { headers, secret } from './normalised-smoke.ts';
import { callUrl, callUrlOrPath, distribution, invalidatedPaths } from './requests.ts';

const request = {
  kind: z.literal('http'),
  method: z.enum(SMOKE_METHODS),
  headers,
  json: z.json(),
  status: status.nullable(),
};
const script = z.strictObject({
  kind: z.literal('script'),
  command: z.array(name).min(1, 'the program first, then its arguments').max(MAX_LIST),
  env: environmentOf(z.union([z.string().max(MAX_TEXT), secret])),
});
const checkCall = z.discriminatedUnion('kind', [z.strictObject({ ...request, url: callUrlOrPath }), script]);
const cloudfront = z.strictObject({ kind: z.literal('cloudfront'), distribution, paths: invalidatedPaths });
const hookCall = z.discriminatedUnion('kind', [z.strictObject({ ...request, url: callUrl }), script, cloudfront]);

const check: z.ZodType<CheckPlan> = z.union([
  z.strictObject({ call: checkCall, timeout_ms: milliseconds }),
  z.strictObject({
    call: z.strictObject({ kind: z.literal('metric'), criterion: metricCriterion }),
    timeout_ms: milliseconds,
  }),
]);
export const normalisedChecks = z
  .record(checkName, check)
  .refine((all) => Object.keys(all).length <= MAX_LIST, `at most ${MAX_LIST} checks`);

const hook = z.strictObject({
  name: hookName,
  call: hookCall,
  timeout_ms: milliseconds,
  attempts: z.int('a number of attempts').min(1, 'an attempt at least').max(100, 'at most 100 attempts'),
  on_failure: z.enum(['rollback', 'continue', 'hold'], 'rollback, continue or hold'),
});
/** There is no way back once clean-up has begun. */
const cleanUpHook = hook.extend({ on_failure: z.enum(['continue', 'hold'], 'continue or hold') });
/** A rollback waits for nothing. */
const rollbackHook = hook.extend({ on_failure: z.literal('continue', 'continue, since a rollback waits for nothing') });
const hooks = z.array(hook, 'a list of hooks').max(MAX_LIST, `at most ${MAX_LIST} hooks`);
export const normalisedHooks: z.ZodType<Plan['hooks']> = z.strictObject({
  before_switch: hooks,
  after_switch: hooks,
  on_rollback: z.array(rollbackHook, 'a list of hooks').max(MAX_LIST, `at most ${MAX_LIST} hooks`),
  before_cleanup: z.array(cleanUpHook, 'a list of hooks').max(MAX_LIST, `at most ${MAX_LIST} hooks`),
});

const notifier: z.ZodType<NotifierPlan> = z.strictObject({
  kind: z.literal('webhook', 'webhook, the only kind that there is'),
  url: callUrl,
  secret: secret.nullable(),
  events: z.enum(['attention', 'all'], 'attention or all'),
});
export const normalisedNotifiers = z
  .array(notifier, 'a list of notifiers')
  .max(MAX_LIST, `at most ${MAX_LIST} notifiers`);

export const normalisedRollbackSafety: z.ZodType<RollbackSafety> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('phase'),
    phase: z.enum(SAFE_PHASES, SAFE_PHASES.join(', ')),
  }),
  z.strictObject({ kind: z.literal('after_switch'), duration_ms: milliseconds }),
]);

export const normalisedCircuitBreak: z.ZodType<CircuitBreakPlan> = z.strictObject({
  error_rate: share,
  pause_ms: milliseconds,
  attempts: z.int('a number of attempts').min(1, 'an attempt at least').max(100, 'at most 100 attempts'),
});
