/** The plan as written becomes the plan that enters a workflow. */
import { findDescriptor } from '../adapters.ts';
import type { Finding } from '../finding.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { ApprovalPlan, Criterion, Plan } from '../types.ts';
import { chooseAdapters } from './adapters.ts';
import { normaliseChecks, normaliseHooks, normaliseNotifiers } from './calls.ts';
import { DEFAULTS } from './defaults.ts';
import { normaliseMetrics } from './metrics.ts';
import { normalisePhases } from './phases.ts';
import { normaliseCircuitBreak, normaliseSafety } from './safety.ts';
import { normaliseSmoke } from './smoke.ts';
import { normaliseSwitch } from './switch.ts';
import { milliseconds, percentage, readCriteria } from './values.ts';

/** Fills every default. With findings the plan is not to be used: what is missing is empty in it. */
export function normalise(written: WrittenPlan): { plan: Plan; findings: Finding[] } {
  const findings: Finding[] = [];
  const service = required('service', written.service, 'NAME', findings);
  const version = required('version', written.version, 'VERSION', findings);
  const adapters = chooseAdapters(written, findings);
  const partialTraffic = findDescriptor('router', adapters.router.kind)?.partial_traffic ?? true;
  const phases = normalisePhases(written.blue_green_switch?.validation_phases ?? {}, partialTraffic, findings);
  const smoke = written.smoke === undefined ? null : normaliseSmoke(written.smoke);
  const switchPlan = normaliseSwitch(written.switch ?? {}, { phases, smoke }, findings);
  const plan: Plan = {
    plan_version: 1,
    service,
    environment: written.environment ?? DEFAULTS.environment,
    target: written.target ?? null,
    version,
    platform: adapters.platform,
    router: adapters.router,
    metrics: normaliseMetrics(written.metrics ?? {}, adapters.metrics, [...Object.values(phases), ...switchPlan.steps]),
    capacity: normaliseCapacity(written.capacity),
    require_parity: written.require_parity ?? false,
    checks: normaliseChecks(written.checks ?? {}, findings),
    circuit_break: written.circuit_break === undefined ? null : normaliseCircuitBreak(written.circuit_break),
    hooks: normaliseHooks(written.hooks ?? {}),
    notifiers: normaliseNotifiers(written.notifiers ?? []),
    rollback_safe_until:
      written.rollback_safe_until === undefined ? null : normaliseSafety(written.rollback_safe_until),
    phases,
    smoke,
    approval: written.approval === undefined ? null : normaliseApproval(written.approval),
    switch: switchPlan,
    observation: normaliseObservation(written.observation ?? {}, phases.decision_window.rollback_triggers, findings),
    lease: {
      duration_ms: milliseconds(written.lease?.duration, DEFAULTS.lease_ms),
      shrink_to_percent: written.lease?.shrink_to === undefined ? null : percentage(written.lease.shrink_to, 0),
    },
    keep_failed_ms: milliseconds(written.keep_failed, DEFAULTS.keep_failed_ms),
    provision_timeout_ms: milliseconds(written.provision?.timeout, DEFAULTS.provision_timeout_ms),
  };
  return { plan, findings };
}

function required(
  key: 'service' | 'version',
  value: string | undefined,
  placeholder: string,
  findings: Finding[],
): string {
  if (value !== undefined) return value;
  findings.push({
    code: 'CUTOVER_PLAN_MISSING_KEY',
    path: [key],
    message: `\`${key}\` is missing.`,
    hint: `Add it to a file; \`--set ${key}=${placeholder}\` would do.`,
  });
  return '';
}

function normaliseCapacity(written: WrittenPlan['capacity']): Plan['capacity'] {
  const atSwitch = written?.switch;
  return {
    validation_percent: percentage(written?.validation, DEFAULTS.size_percent),
    switch_percent: percentage(atSwitch === 'match_active' ? undefined : atSwitch, DEFAULTS.size_percent),
  };
}

function normaliseApproval(written: NonNullable<WrittenPlan['approval']>): ApprovalPlan {
  return {
    required: written.required ?? 1,
    approvers: written.approvers ?? [],
    timeout_ms: milliseconds(written.timeout, DEFAULTS.approval_timeout_ms),
    on_timeout: written.on_timeout ?? 'rollback',
    starter_may_approve: written.starter_may_approve ?? false,
  };
}

function normaliseObservation(
  written: NonNullable<WrittenPlan['observation']>,
  decisionTriggers: Criterion[],
  findings: Finding[],
): Plan['observation'] {
  const own = written.rollback_triggers;
  return {
    duration_ms: milliseconds(written.duration, DEFAULTS.observation_ms),
    rollback_triggers:
      own === undefined ? decisionTriggers : readCriteria(own, ['observation', 'rollback_triggers'], findings),
  };
}
