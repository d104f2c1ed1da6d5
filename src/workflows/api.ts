/**
 * What the outside sees of a deployment: its messages, its status, its result, its names. Pure types and constants;
 * the client and the docs are written against this file alone. Everything is JSON with snake_case keys.
 */
import type { Colour, Exposure, HookPoint, Plan, Weights } from '../plan/types.ts';

export const WORKFLOW_TYPE = 'deployment';
/** Workflow tasks and short mutations. */
export const TASK_QUEUE = 'cutover';
/** Watchers, waits, checks, notifications. */
export const WATCH_TASK_QUEUE = 'cutover-watch';

/** `cutover/<environment>/<service>` or `…@<target>`: one deployment of a service at a time. */
export function deploymentWorkflowId(plan: Pick<Plan, 'environment' | 'service' | 'target'>): string {
  const base = `cutover/${plan.environment}/${plan.service}`;
  return plan.target === null ? base : `${base}@${plan.target}`;
}

/** The type of the run that a deployment continues as in its lease, where worker versioning is in use. */
export const LEASE_WORKFLOW_TYPE = 'deployment_lease';

export interface DeploymentInput {
  plan: Plan;
  started_by: string;
  /** Of the `start` that it answers: the same id starts once. */
  request_id?: string;
}

/**
 * The update `start`: sent to a service that has an open run. Accepted in its lease, which then ends: the same workflow
 * continues as new with this plan, so that the lock is never free in between.
 */
export const START_UPDATE = 'start';
export type StartRequest = DeploymentInput;
export interface StartReceipt {
  /** True: the answering run is in its lease, which ends now. False: the answering run is the one that was asked for. */
  taken_over: boolean;
  /** Of the answering run. */
  run_id: string;
  version: string;
}

// ---- phases and outcomes ------------------------------------------------------------------------------------------

/** In the order of the story. */
export const PHASES = [
  'parity',
  'provision',
  'warmup',
  'health_check',
  'performance_validation',
  'approval',
  'switch',
  'decision_window',
  'observation',
  'lease',
  'clean_up',
] as const;
export type PhaseName = (typeof PHASES)[number];

/** The search attribute DeployPhase: a phase, or what comes after a phase failed, or the end. */
export type DeployPhase = 'claim' | PhaseName | 'rolling_back' | 'stuck' | 'keep_failed' | 'closed';

/**
 * - `succeeded`: all traffic on the candidate, observation passed. `rolled_back`: all traffic on the old colour again.
 * - `rejected`: refused before any change, or by an approver. `inconclusive`: put back because there was no data.
 * - `stuck`: traffic could not be put where it should be; a person was called.
 */
export type Outcome = 'succeeded' | 'rolled_back' | 'rejected' | 'inconclusive' | 'stuck';

export interface DeploymentResult {
  outcome: Outcome;
  reason: string;
  version: string;
  weights: Weights | null;
}

export const SEARCH_ATTRIBUTES = ['DeployService', 'DeployEnvironment', 'DeployPhase', 'DeployOutcome'] as const;

// ---- messages: each both a signal and an update of the same name ----------------------------------------------------

export const MESSAGES = [
  'approve',
  'reject',
  'rollback',
  'pause',
  'resume',
  'extend_observation',
  'promote',
  'release',
] as const;
export type MessageName = (typeof MESSAGES)[number];

/** All optional, so that every message also works with no payload at all. */
export interface Message {
  by?: string;
  reason?: string;
  /** The same id of the same message is acted on once, whether it came as signal or update. */
  request_id?: string;
}
export interface ApproveMessage extends Message {
  /** `sha256:…` of what was approved, or its first characters (8 at least); absent: what is pending on receipt. */
  digest?: string;
}
export interface RollbackMessage extends Message {
  /** Go even though the old colour is known not to be ready, or data makes it unsafe. */
  force?: boolean;
}
export interface ExtendObservationMessage extends Message {
  /** `30m` lengthens, `-30m` shortens the observation. */
  duration?: string;
}
export type AnyMessage = ApproveMessage & RollbackMessage & ExtendObservationMessage;

/**
 * What a request id identifies. It counts for its message alone: two steps of one CI job may send an `approve` and a
 * `rollback` under one id, and a rollback that is held may be forced under its own. It is the ID of the update, too, since
 * the server answers one that it knows with what it answered then, whatever is asked for.
 */
export function requestOf(name: MessageName, { force, request_id }: AnyMessage): string {
  // What comes before the first space is never a part of the id.
  return `${force === true ? 'forced-' : ''}${name} ${request_id ?? ''}`;
}

/** The update's answer, and what the CLI prints. */
export interface Receipt {
  accepted: true;
  /** The same request id had been honoured before. */
  duplicate: boolean;
  message: string;
  phase: DeployPhase;
  weights: Weights | null;
}

export interface MessageRecord {
  at: string;
  name: MessageName | 'cancel';
  via: 'signal' | 'update' | 'cancel';
  by: string;
  reason: string | null;
  request_id: string | null;
  accepted: boolean;
  /** Why it was refused, or what it did. */
  note: string;
}

// ---- evidence -------------------------------------------------------------------------------------------------------

export interface CriterionReading {
  /** As written in the plan. */
  source: string;
  kind: 'success' | 'trigger';
  state: 'ok' | 'breached' | 'no_data' | 'pending';
  /** The candidate's value; percent or milliseconds. Null: no data, or a named check. */
  value: number | null;
  /** What it is compared with, after the baseline was put in. */
  limit: number | null;
  baseline: { value: number; source: 'concurrent' | 'frozen' } | null;
  /** Requests (or readings) behind the value. */
  observations: number;
  /** Breaches in a row (triggers). */
  consecutive: number;
  note: string | null;
}

export interface Coverage {
  judged: number;
  expected: number;
  /** judged ÷ expected, percent; 100 when nothing was expected yet. */
  percent: number;
  longest_gap_ms: number;
}

export interface Evidence {
  at: string;
  criteria: CriterionReading[];
  coverage: Coverage;
}

/** Metric → the active colour's value as frozen before the first shift that starves it. */
export interface FrozenBaseline {
  value: number;
  observations: number;
  at: string;
}
export type Baselines = Record<string, FrozenBaseline>;

// ---- the status query -------------------------------------------------------------------------------------------------

export interface PhaseStatus {
  name: PhaseName;
  state: 'pending' | 'running' | 'passed' | 'failed' | 'skipped' | 'interrupted';
  started_at: string | null;
  /** When its window ends; null: it has none, or it has not begun. */
  ends_at: string | null;
  ended_at: string | null;
  /** The candidate's share, percent; null before the phase. */
  share: number | null;
  /** What reaches the candidate beside its share in this phase; absent: nothing does. */
  exposed?: Exposure;
  evidence: Evidence | null;
  note: string | null;
}

export interface RollbackStatus {
  requested_at: string;
  by: string;
  reason: string;
  automatic: boolean;
  /** The phase it came from. */
  from_phase: DeployPhase;
  /** From the request's arrival in the workflow to the router's confirmed write; null while under way. */
  restored_after_ms: number | null;
  state: 'writing' | 'repairing' | 'restored' | 'stuck';
  note: string | null;
}

/** One thing in which the two colours differ apart from the version; null: absent there. Secrets are shown as hashes. */
export interface ParityDifference {
  /** `env.CACHE_SIZE`, `command`. */
  path: string;
  active: string | null;
  standby: string | null;
}

export interface HookStatus {
  point: HookPoint;
  name: string;
  state: 'running' | 'passed' | 'failed' | 'skipped';
  at: string;
  note: string | null;
}

export interface DeploymentStatus {
  status_version: 1;
  workflow_id: string;
  run_id: string;
  service: string;
  environment: string;
  target: string | null;
  version: string;
  previous_version: string | null;
  started_at: string;
  started_by: string;
  phase: DeployPhase;
  outcome: Outcome | null;
  reason: string | null;
  colours: { active: Colour; candidate: Colour } | null;
  weights: Weights | null;
  phases: PhaseStatus[];
  baselines: Baselines;
  approval: {
    state: 'pending' | 'approved' | 'rejected' | 'timed_out';
    required: number;
    approvers: string[];
    approved_by: string[];
    expires_at: string;
    /** `sha256:…` of version, plan and evidence, frozen when it opened: what an approval is bound to. */
    digest: string;
  } | null;
  /** Nothing advances meanwhile, but watching goes on; null: not paused. */
  paused: { since: string; by: string; reason: string | null; remaining_ms: number | null } | null;
  /** What differed between the colours before the deployment; null: not compared. */
  parity: ParityDifference[] | null;
  hooks: HookStatus[];
  /** Error bursts that stopped the candidate's share; null: there were none. */
  circuit: { trips: number; open_until: string | null } | null;
  rollback: RollbackStatus | null;
  /** Why a rollback needs `force`; null: it does not. */
  rollback_needs_force: string | null;
  lease: {
    ends_at: string;
    old_colour: Colour;
    old_healthy: boolean | null;
    /** Instances that the old colour is kept at; a rollback scales it up again first. */
    old_size: number;
  } | null;
  /** What a person should know or do now; empty in a good run. */
  attention: string[];
  messages: MessageRecord[];
}
