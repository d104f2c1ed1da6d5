/**
 * The state of one deployment, held in workflow memory and rebuilt by replay. Handlers set fields, the story acts.
 * Times are epoch milliseconds; the status query turns them into ISO strings.
 */
import { type CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { Target } from '../activities/watch-types.ts';
import type { Fence } from '../adapters/types.ts';
import type { Colour, Plan, Weights } from '../plan/types.ts';
import {
  type Baselines,
  type DeploymentInput,
  type DeployPhase,
  type Evidence,
  type MessageRecord,
  type Outcome,
  PHASES,
  type PhaseName,
  type PhaseStatus,
  type Receipt,
} from './api.ts';

export interface PhaseRecord {
  name: PhaseName;
  state: PhaseStatus['state'];
  startedAtMs: number | null;
  endsAtMs: number | null;
  endedAtMs: number | null;
  share: number | null;
  evidence: Evidence | null;
  note: string | null;
}

/** Known once the router is claimed. */
export interface Claimed {
  fence: Fence;
  active: Colour;
  candidate: Colour;
  /** Instances that carry 100 %: the active colour's size when the deployment started. */
  fullSize: number;
  previousVersion: string | null;
}

export interface ApprovalRecord {
  state: 'pending' | 'approved' | 'rejected' | 'timed_out';
  approvedBy: string[];
  expiresAtMs: number;
}

/** What ended the forward story early. */
export interface Interruption {
  /**
   * `rollback`: a person asked. `reject`: an approver refused. `cancel`: the run was cancelled. `breach`: a trigger
   * or a criterion. `no_data`: nothing could be judged. `failure`: a step could not be done. `drift`: a foreign write.
   * `superseded`: another run owns the router.
   */
  kind: 'rollback' | 'reject' | 'cancel' | 'breach' | 'no_data' | 'failure' | 'drift' | 'superseded';
  by: string;
  reason: string;
  force: boolean;
  /** When it reached the workflow, epoch ms. */
  atMs: number;
}

export interface RollbackRecord {
  requestedAtMs: number;
  interruption: Interruption;
  fromPhase: DeployPhase;
  restoredAtMs: number | null;
  state: 'writing' | 'repairing' | 'restored' | 'stuck';
  force: boolean;
  note: string | null;
}

export interface Run {
  readonly plan: Plan;
  readonly target: Target;
  readonly startedBy: string;
  readonly startedAtMs: number;
  phase: DeployPhase;
  outcome: Outcome | null;
  reason: string | null;
  claimed: Claimed | null;
  /** The last step handed out within the fence's epoch; every traffic write takes the next one. */
  step: number;
  /** The step whose write `weights` and `revision` come from: a late answer to an older step changes nothing. */
  appliedStep: number;
  weights: Weights | null;
  revision: string | null;
  phases: Record<PhaseName, PhaseRecord>;
  baselines: Baselines;
  approval: ApprovalRecord | null;
  interruption: Interruption | null;
  rollback: RollbackRecord | null;
  /** The scope of the guard, while it runs. */
  guard: CancellationScope | null;
  lease: { endsAtMs: number; oldHealthy: boolean | null } | null;
  /** Set by `release`: ends the lease, or the keeping of a failed candidate. */
  released: boolean;
  /** From here on the old colour is being removed, and rollback is refused. */
  cleanUpBegun: boolean;
  closed: boolean;
  attention: string[];
  messages: MessageRecord[];
  /** Request id → the answer given, for the same request that comes again. */
  answered: Record<string, Receipt>;
}

export function newRun(input: DeploymentInput): Run {
  const { plan } = input;
  const phases = Object.fromEntries(PHASES.map((name) => [name, newPhase(name)])) as Record<PhaseName, PhaseRecord>;
  return {
    plan,
    target: targetOf(plan),
    startedBy: input.started_by,
    startedAtMs: workflowInfo().runStartTime.getTime(),
    phase: 'claim',
    outcome: null,
    reason: null,
    claimed: null,
    step: 0,
    appliedStep: 0,
    weights: null,
    revision: null,
    phases,
    baselines: {},
    approval: null,
    interruption: null,
    rollback: null,
    guard: null,
    lease: null,
    released: false,
    cleanUpBegun: false,
    closed: false,
    attention: [],
    messages: [],
    answered: {},
  };
}

function newPhase(name: PhaseName): PhaseRecord {
  return {
    name,
    state: 'pending',
    startedAtMs: null,
    endsAtMs: null,
    endedAtMs: null,
    share: null,
    evidence: null,
    note: null,
  };
}

function targetOf(plan: Plan): Target {
  const { service, environment, target, platform, router, metrics } = plan;
  return { service, environment, target, platform, router, metrics };
}

/** The fence and colours of a run that has claimed its router. Asking earlier is a defect. */
export function claimedOf(run: Run): Claimed {
  if (run.claimed === null) throw new Error('the router is not claimed yet');
  return run.claimed;
}

/** The candidate's share of the traffic as last confirmed, percent. */
export function candidateShare(run: Run): number {
  return run.claimed === null || run.weights === null ? 0 : run.weights[run.claimed.candidate];
}

export function weightsFor(candidate: Colour, share: number): Weights {
  return candidate === 'blue' ? { blue: share, green: 100 - share } : { blue: 100 - share, green: share };
}
