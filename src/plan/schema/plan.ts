/** The plan as written. A file may be a part of a plan, so nothing is required here; `load.ts` sees to what is missing. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { durationText, label, targetName, versionText } from './base.ts';
import { checksSchema } from './checks.ts';
import { hooksSchema, notifiersSchema } from './hooks.ts';
import { metricsSchema } from './metrics.ts';
import { blueGreenSwitchSchema } from './phases.ts';
import { platformSchema } from './platforms.ts';
import { routerSchema } from './routers.ts';
import { circuitBreakSchema, rollbackSafeUntilSchema } from './safety.ts';
import { smokeSchema } from './smoke.ts';
import { approvalSchema, capacitySchema, leaseSchema, observationSchema, switchSchema } from './switch.ts';

export const planSchema = z
  .strictObject({
    service: label.meta({
      description: 'What is deployed. Part of the workflow ID.',
      otherwise: 'required',
      examples: ['checkout'],
    }),
    environment: label.meta({
      description: 'Where it belongs. Part of the workflow ID.',
      default: DEFAULTS.environment,
    }),
    target: targetName.meta({
      description: 'One region, cluster or account of the environment, deployed on its own. Part of the workflow ID.',
      otherwise: 'none',
      examples: ['eu-west-1'],
    }),
    version: versionText.meta({
      number_too: true,
      description: 'The new version, as the platform knows it.',
      otherwise: 'required',
      examples: ['2.4.1'],
    }),
    platform: platformSchema,
    router: routerSchema,
    metrics: metricsSchema,
    capacity: capacitySchema.meta({ description: 'Size of the candidate, before and from the switch.' }),
    require_parity: z.boolean('true or false').meta({
      description: 'Stop before anything is changed when the two colours differ in more than the version.',
      default: false,
    }),
    blue_green_switch: blueGreenSwitchSchema.meta({ description: 'What the candidate has to prove, phase by phase.' }),
    checks: checksSchema,
    circuit_break: circuitBreakSchema.meta({
      description:
        'An error burst before the switch takes the traffic off the candidate at once, for another try later.',
      otherwise: 'off',
    }),
    smoke: smokeSchema.meta({
      description:
        "Requests sent to the candidate's instances at the start of the health check, and in a switch by `validation`.",
      otherwise: 'none',
    }),
    approval: approvalSchema.meta({
      description: 'Who must approve before the switch.',
      otherwise: 'nobody is asked',
    }),
    switch: switchSchema.meta({ description: 'How all traffic reaches the candidate.' }),
    hooks: hooksSchema.meta({ description: 'What is run around the switch, the rollback and the clean-up.' }),
    observation: observationSchema.meta({ description: 'The time watched after the decision window.' }),
    lease: leaseSchema.meta({ description: 'The time in which the old colour is kept.' }),
    rollback_safe_until: rollbackSafeUntilSchema.meta({
      description: "From when data makes a rollback unsafe: a phase's begin, or a time after all traffic has moved.",
      otherwise: 'a rollback is safe up to the clean-up',
      examples: ['observation', '2h'],
    }),
    notifiers: notifiersSchema,
    keep_failed: durationText.meta({
      description: 'How long a candidate is kept after a rollback, to be looked at; `0s`: not at all.',
      default: formatDuration(DEFAULTS.keep_failed_ms),
    }),
    provision: z
      .strictObject({
        timeout: durationText.meta({
          description: 'How long it may take until every instance is ready.',
          default: formatDuration(DEFAULTS.provision_timeout_ms),
        }),
      })
      .partial()
      .meta({ description: 'Getting the candidate up.' }),
  })
  .partial();

/** A valid plan as written, apart from the rules that span several keys. */
export type WrittenPlan = z.infer<typeof planSchema>;
