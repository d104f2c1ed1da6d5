/** A deployment as the server has recorded it: memo, search attributes, execution state. No worker is needed. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { DeploymentResult, DeploymentStatus, DeployPhase, Outcome } from '../workflows/api.ts';
import { parseWorkflowId } from './deployment-id.ts';
import type { ExecutionState } from './live-status.ts';
import { readAttributes } from './search-attributes.ts';

export interface DeploymentSummary {
  workflow_id: string;
  run_id: string;
  service: string;
  environment: string;
  target: string | null;
  /** Null: the run was started without a memo (from the Web UI). */
  version: string | null;
  started_by: string | null;
  started_at: string;
  closed_at: string | null;
  phase: DeployPhase;
  outcome: Outcome | null;
  execution: ExecutionState;
}

const STATES: Record<WorkflowExecutionInfo['status']['name'], ExecutionState> = {
  UNSPECIFIED: 'unknown',
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  CONTINUED_AS_NEW: 'continued_as_new',
  TIMED_OUT: 'timed_out',
  PAUSED: 'running',
  UNKNOWN: 'unknown',
};

export function summaryOf(info: Omit<WorkflowExecutionInfo, 'raw'>): DeploymentSummary {
  const named = parseWorkflowId(info.workflowId);
  const attributes = readAttributes(info.typedSearchAttributes);
  const execution = STATES[info.status.name];
  const recorded = attributes.phase ?? 'claim';
  return {
    workflow_id: info.workflowId,
    run_id: info.runId,
    service: attributes.service ?? named?.service ?? info.workflowId,
    environment: attributes.environment ?? named?.environment ?? '',
    target: named?.target ?? null,
    version: memoText(info.memo, 'version'),
    started_by: memoText(info.memo, 'started_by'),
    started_at: info.startTime.toISOString(),
    closed_at: info.closeTime?.toISOString() ?? null,
    phase: execution === 'running' || execution === 'continued_as_new' ? recorded : 'closed',
    outcome: attributes.outcome,
    execution,
  };
}

/** The status as far as it is known without the workflow's answer; `result` once the run has completed. */
export function statusFromSummary(summary: DeploymentSummary, result: DeploymentResult | null): DeploymentStatus {
  return {
    status_version: 1,
    workflow_id: summary.workflow_id,
    run_id: summary.run_id,
    service: summary.service,
    environment: summary.environment,
    target: summary.target,
    version: summary.version ?? result?.version ?? 'unknown',
    previous_version: null,
    started_at: summary.started_at,
    started_by: summary.started_by ?? 'unknown',
    phase: summary.phase,
    outcome: result?.outcome ?? summary.outcome,
    reason: result?.reason ?? null,
    colours: null,
    weights: result?.weights ?? null,
    phases: [],
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
  };
}

function memoText(memo: Record<string, unknown> | undefined, key: string): string | null {
  const value = memo?.[key];
  return typeof value === 'string' ? value : null;
}
