/** What a plan means where it says nothing. docs/plan.md lists the same. */
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export const DEFAULTS = {
  environment: 'production',
  resolution_ms: SECOND_MS,
  window_ms: 10 * SECOND_MS,
  consecutive: 2,
  min_observations: 20,
  on_no_data: 'hold',
  no_data_limit_ms: MINUTE_MS,
  settle_ms: 5 * SECOND_MS,
  coverage_percent: 95,
  max_gap_ms: 10 * SECOND_MS,
  size_percent: 100,
  exporter: 'node',
  /** A Deployment's: its name, the hash of its template, five characters. */
  pods: '$service-$colour-[a-z0-9]+-[a-z0-9]+',
  /** A scrape carries the time at which it began, and can be asked for once it has ended. */
  ingestion_delay_ms: SECOND_MS,
  cloudwatch: {
    period_ms: MINUTE_MS,
    /** CloudWatch's own dashboards show a data point as complete a minute after its period. */
    ingestion_delay_ms: MINUTE_MS,
    statistic: 'Sum',
  },
  warmup: { duration_ms: 3 * MINUTE_MS, traffic_percentage: 0 },
  health_check: { duration_ms: 2 * MINUTE_MS, traffic_percentage: 1 },
  performance_validation: { duration_ms: 5 * MINUTE_MS, traffic_percentage: 10 },
  decision_window: { duration_ms: 30 * SECOND_MS, traffic_percentage: 100 },
  /** Watched for when the plan names no trigger. An explicit empty list watches for nothing. */
  rollback_triggers: ['error_rate > 1'],
  health_path: '/health',
  smoke_timeout_ms: 5 * SECOND_MS,
  approval_timeout_ms: HOUR_MS,
  gradual_steps: [25, 50, 100],
  /** The candidate's share while it is validated once more, percent. */
  validation_share: 1,
  step_duration_ms: 5 * MINUTE_MS,
  deadline_ms: 30 * SECOND_MS,
  drain_ms: 30 * SECOND_MS,
  observation_ms: HOUR_MS,
  lease_ms: 24 * HOUR_MS,
  keep_failed_ms: 15 * MINUTE_MS,
  provision_timeout_ms: 10 * MINUTE_MS,
  check_timeout_ms: 2 * SECOND_MS,
  hook_timeout_ms: 30 * SECOND_MS,
  /** An edge location takes minutes to forget. */
  invalidation_timeout_ms: 10 * MINUTE_MS,
  invalidated_paths: ['/*'],
  hook_attempts: 3,
  hook_on_failure: {
    before_switch: 'rollback',
    after_switch: 'rollback',
    on_rollback: 'continue',
    before_cleanup: 'hold',
  },
  notifier_events: 'attention',
  circuit_error_rate: 5,
  circuit_pause_ms: 30 * SECOND_MS,
  circuit_attempts: 3,
} as const;
