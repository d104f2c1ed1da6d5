/** The zod schema of a normalised plan: strict, and bounded in every size. */
import { z } from 'zod';
import type { Plan } from '../types.ts';
import { environmentVariables, httpUrl, label, MAX_LIST, queries, targetName, versionText } from './base.ts';
import { criteria, milliseconds, name, share } from './normalised-base.ts';
import {
  normalisedChecks,
  normalisedCircuitBreak,
  normalisedHooks,
  normalisedNotifiers,
  normalisedRollbackSafety,
} from './normalised-calls.ts';
import { checkSettings } from './normalised-metrics.ts';
import { normalisedSmoke } from './normalised-smoke.ts';
import { routedHeaderName, routedHeaderValue } from './requests.ts';

const size = z.number('a percentage').min(1, 'a percentage from 1').max(1_000, 'a percentage up to 1000');

const exposure = z
  .strictObject({
    header: z.strictObject({ name: routedHeaderName, value: routedHeaderValue }).nullable(),
    mirror_percent: share.gt(0, 'a percentage above 0').nullable(),
  })
  .refine(({ header, mirror_percent }) => header !== null || mirror_percent !== null, 'a header, a mirror, or both');
const phase = z.strictObject({
  duration_ms: milliseconds,
  traffic_percentage: share,
  expose: exposure.exactOptional(),
  success_criteria: criteria,
  rollback_triggers: criteria,
});
const adapterName = name.refine((kind) => kind !== 'local', 'the local adapter, with all of its keys');
const otherAdapter = z.looseObject({ kind: adapterName });
const localPlatform = z.strictObject({
  kind: z.literal('local'),
  url: httpUrl.nullable(),
  command: z.array(name).max(MAX_LIST),
  cwd: name.nullable(),
  env: environmentVariables,
});
const localRouter = z.strictObject({ kind: z.literal('local'), url: httpUrl.nullable() });

const metrics = z
  .strictObject({
    kind: name,
    config: z.record(z.string(), z.unknown()),
    queries,
    resolution_ms: milliseconds,
    window_ms: milliseconds,
    consecutive: z.int().min(1).max(1_000),
    min_observations: z.int().min(1).max(1_000_000),
    on_no_data: z.enum(['hold', 'rollback', 'ignore']),
    no_data_limit_ms: milliseconds,
    settle_ms: milliseconds,
    coverage_percent: share,
    max_gap_ms: milliseconds,
  })
  .superRefine(checkSettings);

export const normalisedPlanSchema: z.ZodType<Plan> = z.strictObject({
  plan_version: z.literal(1, 'plan_version 1, the only one that this worker knows'),
  service: label,
  environment: label,
  target: targetName.nullable(),
  version: versionText,
  platform: z.union([localPlatform, otherAdapter]),
  router: z.union([localRouter, otherAdapter]),
  metrics,
  capacity: z.strictObject({ validation_percent: size, switch_percent: size }),
  require_parity: z.boolean(),
  checks: normalisedChecks,
  circuit_break: normalisedCircuitBreak.nullable(),
  hooks: normalisedHooks,
  notifiers: normalisedNotifiers,
  rollback_safe_until: normalisedRollbackSafety.nullable(),
  phases: z.strictObject({
    warmup: phase.nullable(),
    health_check: phase.nullable(),
    performance_validation: phase.nullable(),
    decision_window: phase.omit({ expose: true }),
  }),
  smoke: normalisedSmoke.nullable(),
  approval: z
    .strictObject({
      required: z.int().min(1).max(MAX_LIST),
      approvers: z.array(name).max(MAX_LIST),
      timeout_ms: milliseconds,
      on_timeout: z.enum(['rollback', 'continue']),
      starter_may_approve: z.boolean(),
    })
    .nullable(),
  switch: z.strictObject({
    strategy: z.enum(['instant', 'gradual', 'validation']),
    steps: z
      .array(
        z.strictObject({
          share,
          duration_ms: milliseconds,
          success_criteria: criteria,
          smoke: z.boolean('true or false').exactOptional(),
        }),
      )
      .min(1)
      .max(MAX_LIST),
    deadline_ms: milliseconds,
    drain_ms: milliseconds,
  }),
  observation: z.strictObject({ duration_ms: milliseconds, rollback_triggers: criteria }),
  lease: z.strictObject({ duration_ms: milliseconds, shrink_to_percent: share.nullable() }),
  keep_failed_ms: milliseconds,
  provision_timeout_ms: milliseconds,
});
