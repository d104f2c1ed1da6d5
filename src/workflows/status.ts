/** The public shape of a run: the `status` query. */
import { workflowInfo } from '@temporalio/workflow';
import { type DeploymentStatus, PHASES, type PhaseStatus, type RollbackStatus } from './api.ts';
import { unsafeRollback } from './rollback-safety.ts';
import type { PhaseRecord, RollbackRecord, Run } from './run.ts';

export function statusOf(run: Run): DeploymentStatus {
  const { workflowId, runId } = workflowInfo();
  const { plan, claimed } = run;
  return {
    status_version: 1,
    workflow_id: workflowId,
    run_id: runId,
    service: plan.service,
    environment: plan.environment,
    target: plan.target,
    version: plan.version,
    previous_version: claimed?.previousVersion ?? null,
    started_at: iso(run.startedAtMs),
    started_by: run.startedBy,
    phase: run.phase,
    outcome: run.outcome,
    reason: run.reason,
    colours: claimed === null ? null : { active: claimed.active, candidate: claimed.candidate },
    weights: run.weights,
    phases: PHASES.map((name) => phaseStatus(run.phases[name])),
    baselines: run.baselines,
    approval: approvalStatus(run),
    paused: pauseStatus(run),
    parity: run.parity,
    hooks: run.hooks,
    circuit: run.circuit === null ? null : { trips: run.circuit.trips, open_until: isoOrNull(run.circuit.openUntilMs) },
    rollback: run.rollback === null ? null : rollbackStatus(run.rollback),
    rollback_needs_force: run.closed || run.rollback?.state === 'restored' ? null : unsafeRollback(run),
    lease: leaseStatus(run),
    attention: run.attention,
    messages: run.messages,
  };
}

function phaseStatus(record: PhaseRecord): PhaseStatus {
  return {
    name: record.name,
    state: record.state,
    started_at: isoOrNull(record.startedAtMs),
    ends_at: isoOrNull(record.endsAtMs),
    ended_at: isoOrNull(record.endedAtMs),
    share: record.share,
    ...(record.exposed === undefined ? {} : { exposed: record.exposed }),
    evidence: record.evidence,
    note: record.note,
  };
}

function approvalStatus(run: Run): DeploymentStatus['approval'] {
  if (run.approval === null || run.plan.approval === null) return null;
  return {
    state: run.approval.state,
    required: run.plan.approval.required,
    approvers: run.plan.approval.approvers,
    approved_by: run.approval.approvedBy,
    expires_at: iso(run.approval.expiresAtMs),
    digest: run.approval.digest,
  };
}

function pauseStatus({ pause }: Run): DeploymentStatus['paused'] {
  if (pause === null) return null;
  return { since: iso(pause.sinceMs), by: pause.by, reason: pause.reason, remaining_ms: pause.remainingMs };
}

function leaseStatus({ lease, claimed }: Run): DeploymentStatus['lease'] {
  if (lease === null || claimed === null) return null;
  const { endsAtMs, oldHealthy, size } = lease;
  return { ends_at: iso(endsAtMs), old_colour: claimed.active, old_healthy: oldHealthy, old_size: size };
}

function rollbackStatus(record: RollbackRecord): RollbackStatus {
  const { interruption } = record;
  return {
    requested_at: iso(record.requestedAtMs),
    by: interruption.by,
    reason: interruption.reason,
    automatic: interruption.kind !== 'rollback' && interruption.kind !== 'reject' && interruption.kind !== 'cancel',
    from_phase: record.fromPhase,
    restored_after_ms: record.restoredAtMs === null ? null : record.restoredAtMs - record.requestedAtMs,
    state: record.state,
    note: record.note,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
