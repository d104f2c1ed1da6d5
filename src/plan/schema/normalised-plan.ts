/** The zod schema of a normalised plan: strict, and bounded in every size. */
import { z } from 'zod';
import { MAX_CRITERION_LENGTH, parseCriterion } from '../criteria.ts';
import type { Criterion, Plan } from '../types.ts';
import { environmentVariables, httpUrl, label, MAX_LIST, MAX_TEXT, queries, targetName, versionText } from './base.ts';
import { normalisedSmoke } from './normalised-smoke.ts';

const milliseconds = z.int('whole milliseconds').min(0, 'milliseconds from 0');
const share = z.number('a percentage').min(0, 'a percentage from 0').max(100, 'a percentage up to 100');
const size = z.number('a percentage').min(1, 'a percentage from 1').max(1_000, 'a percentage up to 1000');
const name = z.string('a text').min(1, 'a text that is not empty').max(MAX_TEXT, `at most ${MAX_TEXT} characters`);
const amount = z.number('a number');
const source = z.string('a text').min(1).max(MAX_CRITERION_LENGTH);

const expression = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), value: amount }),
  z.strictObject({
    kind: z.literal('baseline'),
    adjust: z.enum(['none', 'add', 'subtract', 'multiply', 'add_percent']),
    value: amount,
  }),
]);
const criterion = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('metric'),
      source,
      metric: name,
      op: z.enum(['<', '<=', '>', '>=']),
      expr: expression,
    }),
    z.strictObject({ kind: z.literal('check'), source, check: name }),
  ])
  .refine(saysWhatItShows, 'a criterion that means what its `source` says');
const criteria = z.array(criterion, 'a list of criteria').max(MAX_LIST, `at most ${MAX_LIST} criteria`);

const phase = z.strictObject({
  duration_ms: milliseconds,
  traffic_percentage: share,
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

const metrics = z.strictObject({
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
});

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
  phases: z.strictObject({
    warmup: phase.nullable(),
    health_check: phase.nullable(),
    performance_validation: phase.nullable(),
    decision_window: phase,
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
      .array(z.strictObject({ share, duration_ms: milliseconds, success_criteria: criteria }))
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

/** People approve what `source` shows; what is judged must be the same. */
function saysWhatItShows(criterion: Criterion): boolean {
  const shown = parseCriterion(criterion.source);
  if (shown.kind === 'check') return criterion.kind === 'check' && shown.check === criterion.check;
  if (shown.kind === 'problem' || criterion.kind === 'check') return false;
  const { metric, op, expr } = shown;
  return metric === criterion.metric && op === criterion.op && sameExpression(expr, criterion.expr);
}

function sameExpression(
  one: (Criterion & { kind: 'metric' })['expr'],
  other: (Criterion & { kind: 'metric' })['expr'],
): boolean {
  if (one.value !== other.value) return false;
  if (one.kind === 'constant' || other.kind === 'constant') return one.kind === other.kind;
  return one.adjust === other.adjust;
}
