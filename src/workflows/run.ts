/**
 * The state of one deployment, held in workflow memory and rebuilt by replay. Handlers set fields, the story acts.
 * Times are epoch milliseconds; the status query turns them into ISO strings.
 */
import { type CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { Target } from '../activities/watch-types.ts';
import type { Fence } from '../adapters/types.ts';
import type { Colour, Exposure, Plan, Weights } from '../plan/types.ts';
import {
  type Baselines,
  type DeploymentInput,
  type DeployPhase,
  type Evidence,
  type HookStatus,
  type MessageRecord,
  type Outcome,
  type ParityDifference,
  PHASES,
  type PhaseName,
  type PhaseStatus,
  type Receipt,
  type StartRequest,
} from './api.ts';

export interface PhaseRecord {
  name: PhaseName;
  state: PhaseStatus['state'];
  startedAtMs: number | null;
  endsAtMs: number | null;
  endedAtMs: number | null;
  share: number | null;
  /** What the phase exposed the candidate to beside its share; absent: nothing. */
  exposed?: Exposure;
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
  digest: string;
}

export interface PauseRecord {
  sinceMs: number;
  by: string;
  reason: string | null;
  /** What is left of the open window; null: none was open. */
  remainingMs: number | null;
}

export interface CircuitRecord {
  trips: number;
  /** Until when the candidate's share stays stopped; null: it has its share. */
  openUntilMs: number | null;
  /** The pause is over, and the share is being given back. */
  restoring: boolean;
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
  /** It is stuck because data makes it unsafe: only force, or a release, ends that. */
  unsafe: boolean;
  note: string | null;
}

export interface Run {
  readonly plan: Plan;
  readonly target: Target;
  readonly startedBy: string;
  /** Of the `start` that this run answers; null: it was started without one. */
  readonly startRequestId: string | null;
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
  /** What reaches the candidate beside its share, as last confirmed; null: nothing does. */
  exposed: Exposure | null;
  phases: Record<PhaseName, PhaseRecord>;
  baselines: Baselines;
  approval: ApprovalRecord | null;
  interruption: Interruption | null;
  rollback: RollbackRecord | null;
  /** The scope of the guard, while it runs. */
  guard: CancellationScope | null;
  /** Since when the candidate has had a proven share without a break; null: it has none. */
  servingSinceMs: number | null;
  /** The phase whose window is being watched to its end; null: none is open. */
  window: PhaseName | null;
  pause: PauseRecord | null;
  parity: ParityDifference[] | null;
  hooks: HookStatus[];
  /** A hook that failed, or scheduled work, is held until it succeeds, or a person promotes past it. */
  heldHook: 'held' | 'promoted' | null;
  circuit: CircuitRecord | null;
  /** When all traffic had moved to the candidate; null: not yet. */
  fullAtMs: number | null;
  lease: { endsAtMs: number; oldHealthy: boolean | null; size: number } | null;
  /** The next deployment of the service, which takes over from the lease. */
  successor: StartRequest | null;
  /** Set by `release`: ends the lease, or the keeping of a failed candidate. */
  released: boolean;
  /** From here on the old colour is being removed, and rollback is refused. */
  cleanUpBegun: boolean;
  closed: boolean;
  attention: string[];
  messages: MessageRecord[];
  /** Message and request id → the answer given, for the same request that comes again. */
  answered: Record<string, Receipt>;
}

/** What a run carries into its lease, when that is a run of its own: all of it but what a guard needs, which has ended. An older version's has nothing `exposed`. */
export type CarriedRun = Omit<Run, 'guard' | 'servingSinceMs' | 'exposed'> & Partial<Pick<Run, 'exposed'>>;

/** A run that an older version's client started carries a plan without these. */
const ADDED_LATER: Pick<Plan, 'checks' | 'circuit_break' | 'hooks' | 'notifiers' | 'rollback_safe_until'> = {
  checks: {},
  circuit_break: null,
  hooks: { before_switch: [], after_switch: [], on_rollback: [], before_cleanup: [] },
  notifiers: [],
  rollback_safe_until: null,
};

export function newRun(input: DeploymentInput): Run {
  const plan: Plan = { ...ADDED_LATER, ...input.plan };
  const phases = Object.fromEntries(PHASES.map((name) => [name, newPhase(name)])) as Record<PhaseName, PhaseRecord>;
  return {
    plan,
    target: targetOf(plan),
    startedBy: input.started_by,
    startRequestId: input.request_id ?? null,
    startedAtMs: workflowInfo().runStartTime.getTime(),
    phase: 'claim',
    outcome: null,
    reason: null,
    claimed: null,
    step: 0,
    appliedStep: 0,
    weights: null,
    revision: null,
    exposed: null,
    phases,
    baselines: {},
    approval: null,
    interruption: null,
    rollback: null,
    guard: null,
    servingSinceMs: null,
    window: null,
    pause: null,
    parity: null,
    hooks: [],
    heldHook: null,
    circuit: null,
    fullAtMs: null,
    lease: null,
    successor: null,
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
  const { service, environment, target, platform, router, metrics, notifiers } = plan;
  return { service, environment, target, platform, router, metrics, notifiers };
}

/** The fence and colours of a run that has claimed its router. Asking earlier is a defect. */
export function claimedOf(run: Run): Claimed {
  if (run.claimed === null) throw new Error('the router is not claimed yet');
  return run.claimed;
}

/** What the router holds as last confirmed. Asking before it is claimed is a defect. */
export function routedOf({ weights, revision }: Run): { weights: Weights; revision: string } {
  if (weights === null || revision === null) throw new Error('the router is not claimed yet');
  return { weights, revision };
}

/** How the deployment ended. Asking earlier is a defect. */
export function endingOf({ outcome, reason }: Run): { outcome: Outcome; reason: string } {
  if (outcome === null || reason === null) throw new Error('the deployment has not ended yet');
  return { outcome, reason };
}

/** The candidate's share of the traffic as last confirmed, percent. */
export function candidateShare(run: Run): number {
  return run.claimed === null || run.weights === null ? 0 : run.weights[run.claimed.candidate];
}

export function weightsFor(candidate: Colour, share: number): Weights {
  // As routers read it back: 100 - 64.1 is a little more than 35.9.
  const rest = Number((100 - share).toFixed(2));
  return candidate === 'blue' ? { blue: share, green: rest } : { blue: rest, green: share };
}
