/** The normalised plan of a random choice: short windows, every feature. */
import type { HookPlan, HookPoint, Plan, RollbackSafety, SmokePlan, SwitchStep } from '../../../src/plan/types.ts';
import { criterion, testHook, testPlan } from '../plans.ts';
import type { PlanChoice } from './scenario.ts';

export const APPROVER = 'ana@example.com';

const SMOKE: SmokePlan = {
  health: { path: '/health', required_fields: [], expect: {} },
  endpoints: [],
  database: null,
  dependencies: null,
  flows: [],
  security_headers: {},
  max_response_time_ms: null,
  timeout_ms: 1_000,
};

export function planOf(choice: PlanChoice, version = '2.0.0'): Plan {
  const base = testPlan({ version });
  const criteria = choice.baseline ? [criterion('p99_latency < baseline + 10ms')] : [];
  const phase = (share: number | null) =>
    share === null
      ? null
      : {
          duration_ms: choice.windowMs,
          traffic_percentage: share,
          success_criteria: criteria,
          rollback_triggers: [criterion('error_rate > 1')],
        };
  return {
    ...base,
    ...(choice.activeOnly === true && { platform: { kind: 'kubernetes', active_only: 'only=active' } }),
    metrics: { ...base.metrics, on_no_data: choice.onNoData, no_data_limit_ms: 5_000 },
    capacity: { validation_percent: choice.validationPercent, switch_percent: 100 },
    require_parity: choice.requireParity,
    circuit_break: choice.circuitBreak ? { error_rate: 20, pause_ms: 7_000, attempts: 2 } : null,
    hooks: hooksOf(choice),
    rollback_safe_until: safetyOf(choice),
    phases: {
      warmup: choice.warmup ? phase(0) : null,
      health_check: phase(choice.healthShare),
      performance_validation: phase(choice.performanceShare),
      decision_window: { ...base.phases.decision_window, duration_ms: choice.windowMs },
    },
    smoke: choice.smoke || choice.strategy === 'validation' ? SMOKE : null,
    approval:
      choice.approval === 'none' || base.approval === null
        ? null
        : { ...base.approval, timeout_ms: 90_000, on_timeout: choice.approval },
    switch: { ...base.switch, strategy: choice.strategy, steps: stepsOf(choice), deadline_ms: 20_000, drain_ms: 5_000 },
    observation: { ...base.observation, duration_ms: choice.observationMs },
    lease: { duration_ms: choice.leaseMs, shrink_to_percent: choice.shrinkToPercent },
    keep_failed_ms: 8_000,
    provision_timeout_ms: 60_000,
  };
}

function stepsOf({ strategy, windowMs, baseline }: PlanChoice): SwitchStep[] {
  const criteria = baseline ? [criterion('p99_latency < baseline * 2')] : [];
  const step = (share: number) => ({ share, duration_ms: windowMs, success_criteria: criteria });
  const full = { share: 100, duration_ms: 0, success_criteria: [] };
  switch (strategy) {
    case 'instant':
      return [full];
    case 'gradual':
      return [step(25), step(60), full];
    case 'validation':
      return [{ ...step(1), smoke: true }, full];
  }
}

function hooksOf({ hooks }: PlanChoice): Record<HookPoint, HookPlan[]> {
  const all: Record<HookPoint, HookPlan[]> = {
    before_switch: [],
    after_switch: [],
    on_rollback: [],
    before_cleanup: [],
  };
  for (const { point, onFailure } of hooks) {
    // Another name for each: a key that two hooks shared would be one call.
    const name = `${point}-${all[point].length}`;
    all[point].push(testHook({ name, on_failure: allowed(point, onFailure) }));
  }
  return all;
}

/** A rollback waits for nothing, and clean-up has no way back. */
function allowed(point: HookPoint, onFailure: HookPlan['on_failure']): HookPlan['on_failure'] {
  if (point === 'on_rollback') return 'continue';
  return point === 'before_cleanup' && onFailure === 'rollback' ? 'hold' : onFailure;
}

/** A phase that the plan leaves out bounds nothing. */
function safetyOf({ safeUntil, observationMs, leaseMs }: PlanChoice): RollbackSafety | null {
  if (safeUntil === null) return null;
  if (typeof safeUntil === 'number') return { kind: 'after_switch', duration_ms: safeUntil };
  const isLeftOut = (safeUntil === 'observation' && observationMs === 0) || (safeUntil === 'lease' && leaseMs === 0);
  return isLeftOut ? null : { kind: 'phase', phase: safeUntil };
}
