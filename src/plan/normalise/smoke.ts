/** The smoke suite with its defaults. */

import type { WrittenPlan } from '../schema/plan.ts';
import { UNBUILT_SMOKE_PARTS } from '../schema/smoke.ts';
import type { SmokePlan } from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds } from './values.ts';

const SECOND_MS = 1_000;

export function normaliseSmoke(written: NonNullable<WrittenPlan['smoke']>): SmokePlan {
  const bound = written.max_response_time;
  const maxResponseMs = bound === undefined ? null : milliseconds(bound, 0);
  const defaultTimeoutMs = Math.max(DEFAULTS.smoke_timeout_ms, (maxResponseMs ?? 0) + SECOND_MS);
  return {
    health: {
      path: written.health?.path ?? DEFAULTS.health_path,
      required_fields: written.health?.required_fields ?? [],
      expect: written.health?.expect ?? {},
    },
    endpoints: (written.endpoints ?? []).map(({ path, method, status }) => ({
      path,
      method: method ?? 'GET',
      status: status ?? 200,
    })),
    max_response_time_ms: maxResponseMs,
    timeout_ms: milliseconds(written.timeout, defaultTimeoutMs),
    unbuilt: UNBUILT_SMOKE_PARTS.filter((part) => written[part] !== undefined),
  };
}
