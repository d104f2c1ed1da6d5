/** The plan as written. A file may be a part of a plan, so nothing is required here; `load.ts` sees to what is missing. */
import { z } from 'zod';
import { durationText, label, targetName, versionText } from './base.ts';
import { metricsSchema } from './metrics.ts';
import {
  approvalSchema,
  blueGreenSwitchSchema,
  capacitySchema,
  leaseSchema,
  observationSchema,
  switchSchema,
} from './phases.ts';
import { platformSchema } from './platforms.ts';
import { routerSchema } from './routers.ts';
import { smokeSchema } from './smoke.ts';

export const planSchema = z
  .strictObject({
    service: label.describe('What is deployed.'),
    environment: label.describe('Where it belongs. Default: production.'),
    target: targetName.describe('One region, cluster or account of the environment.'),
    version: versionText.describe('The new version.').meta({ number_too: true }),
    platform: platformSchema,
    router: routerSchema,
    metrics: metricsSchema,
    capacity: capacitySchema.describe('Size of the standby colour.'),
    require_parity: z.boolean('true or false').describe('Stop when the colours differ. Default: false.'),
    blue_green_switch: blueGreenSwitchSchema,
    smoke: smokeSchema.describe('Requests sent to every instance of the candidate in the health check.'),
    approval: approvalSchema.describe('Who must approve before the switch. Default: nobody.'),
    switch: switchSchema.describe('How all traffic reaches the candidate.'),
    observation: observationSchema.describe('The time watched after the decision window.'),
    lease: leaseSchema.describe('The time in which the old colour is kept.'),
    keep_failed: durationText.describe('How long a candidate is kept after a rollback. Default: 15m.'),
    provision: z
      .strictObject({ timeout: durationText.describe('Time until every instance is ready. Default: 10m.') })
      .partial(),
  })
  .partial();

/** A valid plan as written, apart from the rules that span several keys. */
export type WrittenPlan = z.infer<typeof planSchema>;
