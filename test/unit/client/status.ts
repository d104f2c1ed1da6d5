/** Statuses for tests of what is shown. */

import type { Live, LiveStatus } from '../../../src/client/live-status.ts';
import type {
  CriterionReading,
  DeploymentStatus,
  Evidence,
  PhaseName,
  PhaseStatus,
} from '../../../src/workflows/api.ts';
import { PHASES } from '../../../src/workflows/api.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');

export function at(offsetMs: number): string {
  return new Date(NOW_MS + offsetMs).toISOString();
}

export function phase(name: PhaseName, changes: Partial<PhaseStatus> = {}): PhaseStatus {
  return {
    name,
    state: 'pending',
    started_at: null,
    ends_at: null,
    ended_at: null,
    share: null,
    evidence: null,
    note: null,
    ...changes,
  };
}

export function reading(changes: Partial<CriterionReading> = {}): CriterionReading {
  return {
    source: 'p99_latency < baseline + 10ms',
    kind: 'success',
    state: 'ok',
    value: 21.37,
    limit: 28,
    baseline: { value: 18, source: 'concurrent' },
    observations: 1204,
    consecutive: 0,
    note: null,
    ...changes,
  };
}

export function evidence(...criteria: CriterionReading[]): Evidence {
  return { at: at(-500), criteria, coverage: { judged: 59, expected: 60, percent: 98.33, longest_gap_ms: 2_000 } };
}

export function liveStatus(changes: Partial<DeploymentStatus> = {}, live: Partial<Live> = {}): LiveStatus {
  return {
    status_version: 1,
    workflow_id: 'cutover/production/checkout',
    run_id: 'run-1',
    service: 'checkout',
    environment: 'production',
    target: null,
    version: '2.4.1',
    previous_version: '2.4.0',
    started_at: at(-600_000),
    started_by: 'dana',
    phase: 'performance_validation',
    outcome: null,
    reason: null,
    colours: { active: 'blue', candidate: 'green' },
    weights: { blue: 90, green: 10 },
    phases: PHASES.map((name) => phase(name)),
    baselines: {},
    approval: null,
    paused: null,
    parity: null,
    hooks: [],
    circuit: null,
    rollback: null,
    rollback_needs_force: null,
    lease: null,
    attention: [],
    messages: [],
    ...changes,
    live: {
      answered: true,
      note: null,
      execution: 'running',
      closed_at: null,
      history_events: 40,
      evidence: null,
      activities: [],
      url: 'http://127.0.0.1:8233/namespaces/default/workflows/cutover%2Fproduction%2Fcheckout/run-1/history',
      ...live,
    },
  };
}
