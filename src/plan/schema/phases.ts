/** The phases, the switch, and what comes after it, as written. */
import { z } from 'zod';
import { count, criteria, durationText, MAX_LIST, percent, sizePercent, text } from './base.ts';

const phase = z
  .strictObject({
    duration: durationText,
    traffic_percentage: percent,
    success_criteria: criteria,
    rollback_triggers: criteria,
  })
  .partial();

export const blueGreenSwitchSchema = z
  .strictObject({
    validation_phases: z
      .strictObject({
        warmup: phase.describe('Default: 3m at 0 %.'),
        health_check: phase.describe('Default: 2m at 1 %.'),
        performance_validation: phase.describe('Default: 5m at 10 %.'),
        full_switch: phase.describe('The decision window at 100 %. Default: 30s.'),
      })
      .partial(),
  })
  .partial()
  .describe('A phase that is left out is not run; full_switch always is.');

const step = z.union(
  [
    percent,
    z.strictObject({ share: percent, duration: durationText.optional(), success_criteria: criteria.optional() }),
  ],
  'a share such as 25, or {share: 25, duration: 5m, success_criteria: […]}',
);

export const switchSchema = z
  .strictObject({
    strategy: z
      .enum(['instant', 'gradual', 'validation'], 'instant, gradual or validation')
      .describe('Default: instant.'),
    steps: z.array(step, 'a list of shares, such as [25, 50, 100]').min(1, 'at least one share').max(MAX_LIST),
    step_duration: durationText.describe('How long each step but the last is watched. Default: 5m.'),
    deadline: durationText.describe('Not proven converged within it, a shift is put back. Default: 30s.'),
    drain: durationText.describe('How long requests in flight may take to end. Default: 30s.'),
  })
  .partial();

export const approvalSchema = z
  .strictObject({
    required: count('a number of approvals', 1, MAX_LIST).describe('Default: 1.'),
    approvers: z.array(text('a name', 200), 'a list of names').min(1, 'at least one name').max(MAX_LIST),
    timeout: durationText.describe('Default: 1h.'),
    on_timeout: z.enum(['rollback', 'continue'], 'rollback or continue').describe('Default: rollback.'),
    starter_may_approve: z.boolean('true or false').describe('Default: false.'),
  })
  .partial();

export const observationSchema = z
  .strictObject({
    duration: durationText.describe('Default: 1h.'),
    rollback_triggers: criteria.describe("Default: the decision window's."),
  })
  .partial();

export const leaseSchema = z
  .strictObject({
    duration: durationText.describe('How long the old colour is kept. Default: 24h.'),
    shrink_to: percent.describe('Size of the kept colour. Default: as it was.'),
  })
  .partial();

export const capacitySchema = z
  .strictObject({
    validation: sizePercent.describe("Size up to the switch, of the active colour's. Default: 100%."),
    switch: z
      .union([z.literal('match_active'), sizePercent], 'match_active, or a size from 100%')
      .describe('Size before the switch. Default: match_active.'),
  })
  .partial();
