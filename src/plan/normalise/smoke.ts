/** The smoke suite with its defaults. */

import type { WrittenPlan } from '../schema/plan.ts';
import type { SmokePlan, SmokeStep } from '../types.ts';
import { methodAndPlace } from './calls.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds } from './values.ts';

type Written = NonNullable<WrittenPlan['smoke']>;
type WrittenStep = NonNullable<Written['flows']>[number]['steps'][number];
type WrittenHeader = NonNullable<Written['security_headers']>[string];

const SECOND_MS = 1_000;

export function normaliseSmoke(written: Written): SmokePlan {
  const { health, database, dependencies, security_headers: headers = {}, max_response_time: bound } = written;
  const maxResponseMs = bound === undefined ? null : milliseconds(bound, 0);
  const longestMs = Math.max(maxResponseMs ?? 0, database?.max_response_ms ?? 0);
  const timeoutMs = milliseconds(written.timeout, Math.max(DEFAULTS.smoke_timeout_ms, longestMs + SECOND_MS));
  return {
    health: {
      path: health?.path ?? DEFAULTS.health_path,
      required_fields: health?.required_fields ?? [],
      expect: health?.expect ?? {},
    },
    endpoints: (written.endpoints ?? []).map(({ path, method, status }) => ({
      path,
      method: method ?? 'GET',
      status: status ?? 200,
    })),
    database:
      database === undefined ? null : { path: database.path, max_response_ms: database.max_response_ms ?? null },
    dependencies: dependencies ?? null,
    flows: (written.flows ?? []).map(({ name, steps }) => ({
      name,
      steps: steps.map((step) => flowStep(step, timeoutMs)),
    })),
    security_headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, allowed(value)])),
    max_response_time_ms: maxResponseMs,
    timeout_ms: timeoutMs,
  };
}

function flowStep(step: WrittenStep, timeoutMs: number): SmokeStep {
  const { method, place } = methodAndPlace(step, 'GET');
  return {
    method,
    path: place,
    headers: step.headers ?? {},
    json: step.json ?? null,
    status: step.status ?? null,
    timeout_ms: milliseconds(step.timeout, timeoutMs),
    capture: step.capture ?? {},
  };
}

function allowed(value: WrittenHeader): string[] | null {
  if (value === true) return null;
  return (Array.isArray(value) ? value : [value]).map(String);
}
