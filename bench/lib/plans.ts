/** The plans that are measured: as a person would write them, with every wait that is not measured left out. */
import { join } from 'node:path';
import { CutoverClient, type ValidatedPlan } from '../../src/client/cutover-client.ts';
import { packageRoot } from '../../src/package-root.ts';

export const SERVICE = 'bench';
export const ACTIVE_VERSION = '1.0.0';
export const REPLICAS = 2;
export const APP_COMMAND = [process.execPath, join(packageRoot(), 'examples', 'app', 'server.mjs')];

export interface PlanOptions {
  version: string;
  /** What is wrong with the version, see examples/app/server.mjs. */
  fault?: Record<string, number>;
  resolution?: string;
  window?: string;
}

/**
 * Provisions two instances, switches at once, and watches for errors in a decision window much longer than any figure
 * takes; after a rollback the candidate goes at once.
 */
export function instantPlan({ version, fault, resolution = '1s', window = '2s' }: PlanOptions): ValidatedPlan {
  return planFrom({
    service: SERVICE,
    environment: 'bench',
    version,
    platform: {
      local: { command: APP_COMMAND, env: fault === undefined ? {} : { FAULTS: JSON.stringify({ [version]: fault }) } },
    },
    metrics: { scrape: {}, resolution, window },
    blue_green_switch: {
      validation_phases: { full_switch: { duration: '1h', rollback_triggers: ['error_rate > 5'] } },
    },
    switch: { strategy: 'instant', drain: '5s' },
    lease: { duration: '0s' },
    keep_failed: '0s',
  });
}

export function planFrom(plan: Record<string, unknown>): ValidatedPlan {
  return CutoverClient.validate([{ name: 'bench', text: JSON.stringify(plan) }]);
}
