/** The switch, who approves it, the sizes it needs, and what comes after it, as written. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { count, criteria, durationText, MAX_LIST, percent, sizePercent, text } from './base.ts';

const stepShare = percent.meta({ description: "The candidate's share, percent; above the step before." });
const step = z.union(
  [
    stepShare,
    z.strictObject({
      share: stepShare,
      duration: durationText.optional().meta({
        description: 'How long the step is watched; not for the last one.',
        otherwise: '`switch.step_duration`',
      }),
      success_criteria: criteria.optional().meta({
        description: 'Judged over the step at its end, beside the triggers of full_switch.',
        default: [],
      }),
    }),
  ],
  'a share such as 25, or {share: 25, duration: 5m, success_criteria: […]}',
);

export const switchSchema = z
  .strictObject({
    strategy: z.enum(['instant', 'gradual', 'validation'], 'instant, gradual or validation').meta({
      description:
        '`instant`: one shift to 100 %. `gradual`: the `steps`. `validation`: 1 %, full validation, then 100 %.',
      default: 'instant',
    }),
    steps: z
      .array(step, 'a list of shares, such as [25, 50, 100]')
      .min(1, 'at least one share')
      .max(MAX_LIST)
      .meta({
        description: 'The shares of a `gradual` switch, percent: each above the one before, the last 100.',
        default: DEFAULTS.gradual_steps,
        examples: [[5, 25, { share: 50, duration: '10m', success_criteria: ['error_rate < 0.5'] }, 100]],
      }),
    step_duration: durationText.meta({
      description: 'How long each step but the last is watched.',
      default: formatDuration(DEFAULTS.step_duration_ms),
    }),
    deadline: durationText.meta({
      description: 'Per shift: one that is not proven at the router within it is put back.',
      default: formatDuration(DEFAULTS.deadline_ms),
    }),
    drain: durationText.meta({
      description: 'How long requests in flight may take to end; `0s`: they are not waited for.',
      default: formatDuration(DEFAULTS.drain_ms),
    }),
  })
  .partial();

export const approvalSchema = z
  .strictObject({
    required: count('a number of approvals', 1, MAX_LIST).meta({
      description: 'How many of the approvers must approve.',
      default: 1,
    }),
    approvers: z
      .array(text('a name', 200), 'a list of names')
      .min(1, 'at least one name')
      .max(MAX_LIST)
      .meta({
        description: 'Who may approve or reject, by the names that they send their messages under.',
        otherwise: 'required',
        examples: [['ana@example.com', 'ben@example.com']],
      }),
    timeout: durationText.meta({
      description: 'How long the approval is waited for.',
      default: formatDuration(DEFAULTS.approval_timeout_ms),
    }),
    on_timeout: z.enum(['rollback', 'continue'], 'rollback or continue').meta({
      description: 'What happens when it has not come by then.',
      default: 'rollback',
    }),
    starter_may_approve: z.boolean('true or false').meta({
      description: 'Whether the one who started the deployment may approve it.',
      default: false,
    }),
  })
  .partial();

export const observationSchema = z
  .strictObject({
    duration: durationText.meta({
      description: 'How long the candidate is watched at 100 % after the decision window; `0s`: not at all.',
      default: formatDuration(DEFAULTS.observation_ms),
    }),
    rollback_triggers: criteria.meta({
      description: 'Judged every tick of the observation.',
      otherwise: "full_switch's",
    }),
  })
  .partial();

export const leaseSchema = z
  .strictObject({
    duration: durationText.meta({
      description: 'How long the old colour is kept for a rollback without a redeploy; `0s`: not at all.',
      default: formatDuration(DEFAULTS.lease_ms),
    }),
    shrink_to: percent.meta({
      description: 'Size of the kept colour, percent of what it had; a rollback scales it up first.',
      otherwise: 'as it was',
    }),
  })
  .partial();

export const capacitySchema = z
  .strictObject({
    validation: sizePercent.meta({
      description: "Size of the candidate up to the switch, percent of the active colour's; no less than its share.",
      default: `${DEFAULTS.size_percent}%`,
    }),
    switch: z.union([z.literal('match_active'), sizePercent], 'match_active, or a size from 100%').meta({
      description: "Size before the switch: the active colour's real size, or at least 100 % of it.",
      default: 'match_active',
    }),
  })
  .partial();
