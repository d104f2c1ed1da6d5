/** Doubts about a plan's own checks, its secrets, and what keeps a rollback possible. */
import { formatDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import { nearestName } from '../nearest.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import { SECRET_PREFIX, valuesIn } from '../smoke-values.ts';
import { type CloudFrontCall, HOOK_POINTS, type HttpCall, type Plan, type ScriptCall } from '../types.ts';
import { placedCriteria } from './criteria.ts';
import { validationShares } from './shares.ts';

type Path = (string | number)[];

export function doubtsOfCalls(plan: Plan, written: WrittenPlan): Finding[] {
  return [
    ...unusedChecks(plan),
    ...unusedTimeouts(written),
    ...idleCircuit(plan),
    ...lateSafety(plan),
    ...emptyLease(plan),
    ...emptyValidation(plan),
    ...unusualSecrets(plan),
  ];
}

function unusedChecks(plan: Plan): Finding[] {
  const named = placedCriteria(plan).flatMap(({ criterion }) => (criterion.kind === 'check' ? [criterion.check] : []));
  return Object.keys(plan.checks)
    .filter((name) => !named.includes(name))
    .map((name) => {
      const unknown = named.filter((other) => !Object.hasOwn(plan.checks, other));
      const nearest = nearestName(name, unknown);
      const hint =
        nearest === null ? 'Name it in `success_criteria`, or leave it out.' : `Did you mean \`${nearest}\`?`;
      return doubt(['checks', name], `No criterion names the check \`${name}\`.`, hint);
    });
}

function unusedTimeouts({ checks = {} }: WrittenPlan): Finding[] {
  return Object.entries(checks)
    .filter(([, { metric, timeout }]) => metric !== undefined && timeout !== undefined)
    .map(([name]) =>
      doubt(['checks', name, 'timeout'], 'A metric is judged at every tick, without a time limit.', 'Leave it out.'),
    );
}

function idleCircuit(plan: Plan): Finding[] {
  if (plan.circuit_break === null || validationShares(plan).some(({ share }) => share > 0)) return [];
  const message = 'The candidate has no traffic before the switch, so there is nothing to break.';
  return [doubt(['circuit_break'], message, 'Give a phase a share, or leave it out.')];
}

function lateSafety({ rollback_safe_until: safety, phases, observation, lease }: Plan): Finding[] {
  if (safety?.kind !== 'after_switch') return [];
  const leftMs = phases.decision_window.duration_ms + observation.duration_ms + lease.duration_ms;
  if (safety.duration_ms <= leftMs) return [];
  const message = `The clean-up begins ${formatDuration(leftMs)} after all traffic has moved, sooner than ${formatDuration(safety.duration_ms)}.`;
  return [doubt(['rollback_safe_until'], message, 'Lengthen the lease, or leave it out.')];
}

function emptyLease({ lease }: Plan): Finding[] {
  if (lease.shrink_to_percent !== 0 || lease.duration_ms === 0) return [];
  const message = 'No instance is kept: a rollback in the lease first waits until the old colour is up again.';
  return [doubt(['lease', 'shrink_to'], message, 'Keep some instances, such as 10%.')];
}

function emptyValidation({ switch: { strategy, steps } }: Plan): Finding[] {
  const [step] = steps;
  if (strategy !== 'validation' || step === undefined) return [];
  if (step.success_criteria.length > 0 || step.smoke === true) return [];
  const message =
    'The strategy `validation` checks what the phases and the smoke suite ask for, and the plan has neither.';
  return [doubt(['switch', 'strategy'], message, 'Give a phase `success_criteria`, or add `smoke`.')];
}

/** A worker gives away only what is meant for it. */
function unusualSecrets(plan: Plan): Finding[] {
  const places = [...smokeRequests(plan), ...calls(plan), ...notifierSecrets(plan)];
  return places.flatMap(({ value, at }) =>
    valuesIn(value, at).flatMap((found) => {
      if (found.kind === 'text' || found.name.startsWith(SECRET_PREFIX)) return [];
      const message = `Workers give \`${found.name}\` to a plan only when CUTOVER_SMOKE_ENV lists it.`;
      return [
        doubt([...found.path, 'env'], message, `Begin the name with ${SECRET_PREFIX}, or list it at every worker.`),
      ];
    }),
  );
}

interface Place {
  value: unknown;
  at: Path;
}

function smokeRequests({ smoke }: Plan): Place[] {
  return (smoke?.flows ?? []).flatMap(({ steps }, flow) =>
    steps.flatMap(({ headers, json }, index) => {
      const at = ['smoke', 'flows', flow, 'steps', index];
      return [
        { value: headers, at: [...at, 'headers'] },
        { value: json, at: [...at, 'json'] },
      ];
    }),
  );
}

function calls({ checks, hooks }: Plan): Place[] {
  const ofChecks = Object.entries(checks).flatMap(([name, { call }]) =>
    call.kind === 'metric' ? [] : callPlaces(call, ['checks', name]),
  );
  const ofHooks = HOOK_POINTS.flatMap((point) =>
    hooks[point].flatMap(({ call }, index) => callPlaces(call, ['hooks', point, index])),
  );
  return [...ofChecks, ...ofHooks];
}

/** A map with one key, `env`, would itself look like a secret: each value is looked at by itself. */
function callPlaces(call: HttpCall | ScriptCall | CloudFrontCall, at: Path): Place[] {
  if (call.kind === 'cloudfront') return [];
  const base = [...at, call.kind];
  const each = (values: Record<string, unknown>, key: string) =>
    Object.entries(values).map(([name, value]) => ({ value, at: [...base, key, name] }));
  if (call.kind === 'script') return each(call.env, 'env');
  return [...each(call.headers, 'headers'), { value: call.json, at: [...base, 'json'] }];
}

function notifierSecrets({ notifiers }: Plan): Place[] {
  return notifiers.map(({ secret }, index) => ({ value: secret, at: ['notifiers', index, 'webhook', 'secret'] }));
}

function doubt(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_DOUBTFUL', path, message, hint };
}
