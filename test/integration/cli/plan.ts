/** A plan whose every window is over within seconds. */
export const QUICK_PLAN = `
service: SERVICE
environment: production
version: "2.0.0"
platform: local
blue_green_switch:
  validation_phases:
    warmup: {duration: 1s, traffic_percentage: 0, success_criteria: [cache_preloaded]}
    health_check: {duration: 2s, traffic_percentage: 1, success_criteria: ["http_success_rate > 99.5"]}
    performance_validation: {duration: 2s, traffic_percentage: 10, success_criteria: ["p99_latency < baseline + 10ms"]}
    full_switch: {duration: 2s, traffic_percentage: 100, rollback_triggers: ["error_rate > 1"]}
metrics: {window: 1s}
approval: {approvers: [ana@example.com], timeout: 10m}
switch: {strategy: instant}
observation: {duration: 1m}
lease: {duration: 10m}
keep_failed: 10m
`;

export function quickPlan(service: string): string {
  return QUICK_PLAN.replace('SERVICE', service);
}
