/** Normalised plans for tests, without the YAML in front. */
import { parseCriterion } from '../../src/plan/criteria.ts';
import { loadPlan } from '../../src/plan/load.ts';
import type { Criterion, HookPlan, PhasePlan, Plan } from '../../src/plan/types.ts';

export function criterion(text: string): Criterion {
  const parsed = parseCriterion(text);
  if (parsed.kind === 'problem') throw new Error(`${text}: ${parsed.message}`);
  return parsed;
}

/** A hook that is run by HTTP, as the plan's defaults have it. */
export function testHook(changes: Partial<HookPlan> = {}): HookPlan {
  return {
    name: 'migrate',
    call: { kind: 'http', method: 'POST', url: 'http://127.0.0.1:1/migrate', headers: {}, json: null, status: null },
    timeout_ms: 30_000,
    attempts: 1,
    on_failure: 'rollback',
    ...changes,
  };
}

/** Every phase, one approver, an instant switch, an hour of observation, an hour of lease. */
export function testPlan(changes: Partial<Plan> = {}): Plan {
  const triggers = [criterion('error_rate > 1')];
  const phase = (duration_ms: number, share: number, success: string[]): PhasePlan => ({
    duration_ms,
    traffic_percentage: share,
    success_criteria: success.map(criterion),
    rollback_triggers: triggers,
  });
  return {
    plan_version: 1,
    service: 'checkout',
    environment: 'production',
    target: null,
    version: '2.0.0',
    platform: { kind: 'local', url: null, command: [], cwd: null, env: {} },
    router: { kind: 'local', url: null },
    metrics: {
      kind: 'scrape',
      config: {},
      queries: {},
      resolution_ms: 1_000,
      window_ms: 10_000,
      consecutive: 2,
      min_observations: 20,
      on_no_data: 'hold',
      no_data_limit_ms: 60_000,
      settle_ms: 5_000,
      coverage_percent: 95,
      max_gap_ms: 10_000,
    },
    capacity: { validation_percent: 100, switch_percent: 100 },
    require_parity: false,
    checks: {},
    circuit_break: null,
    hooks: { before_switch: [], after_switch: [], on_rollback: [], before_cleanup: [] },
    notifiers: [],
    rollback_safe_until: null,
    phases: {
      warmup: phase(180_000, 0, ['cache_preloaded']),
      health_check: phase(120_000, 1, ['http_success_rate > 99.5']),
      performance_validation: phase(300_000, 10, ['p99_latency < baseline + 10ms']),
      decision_window: phase(30_000, 100, []),
    },
    smoke: null,
    approval: {
      required: 1,
      approvers: ['ana@example.com', 'ben@example.com'],
      timeout_ms: 3_600_000,
      on_timeout: 'rollback',
      starter_may_approve: false,
    },
    switch: {
      strategy: 'instant',
      steps: [{ share: 100, duration_ms: 0, success_criteria: [] }],
      deadline_ms: 30_000,
      drain_ms: 30_000,
    },
    observation: { duration_ms: 3_600_000, rollback_triggers: triggers },
    lease: { duration_ms: 3_600_000, shrink_to_percent: null },
    keep_failed_ms: 900_000,
    provision_timeout_ms: 600_000,
    ...changes,
  };
}

/** On the real clock: seconds in all, and then a lease that lasts. */
export function shortPlan(changes: Partial<Plan> = {}): Plan {
  const { phases, metrics } = testPlan();
  return testPlan({
    approval: null,
    metrics: { ...metrics, resolution_ms: 250, settle_ms: 250, window_ms: 1_000 },
    phases: {
      warmup: null,
      health_check: null,
      performance_validation: null,
      decision_window: { ...phases.decision_window, duration_ms: 500 },
    },
    observation: { duration_ms: 500, rollback_triggers: phases.decision_window.rollback_triggers },
    ...changes,
  });
}

/** A router that can expose a candidate in every way, and metrics that go with it. */
export function behindGateway(): Pick<Plan, 'router' | 'metrics'> {
  const text = `{service: a, version: b, platform: kubernetes, router: {gateway_api: {route: checkout}},
    metrics: {prometheus: {url: "http://127.0.0.1:9090"}}}`;
  const { router, metrics } = loadPlan([{ name: 'plan.yaml', text }]).plan;
  const { kind, config } = metrics;
  return { router, metrics: { ...testPlan().metrics, kind, config } };
}
