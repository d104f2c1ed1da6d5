/**
 * Every activity's signature: the workflow proxies these, `create…Activities` implement them. Types only.
 * Mutations run on the task queue `cutover`, each under 5 s; everything else on `cutover-watch`.
 */
import type {
  ColourState,
  Exposed,
  Fence,
  NotifyEvent,
  RouterState,
  ScheduledWorkReport,
  WriteResult,
} from '../adapters/types.ts';
import type { Colour, HookPlan, HookPoint, Plan, SmokePlan, Weights } from '../plan/types.ts';
import type { Baselines, ParityDifference } from '../workflows/api.ts';
import type { Target, WatchInput, WatchResult } from './watch-types.ts';

/** What a deployment begins from. */
export interface Found {
  state: RouterState;
  active: Colour;
  active_state: ColourState;
  standby_state: ColourState;
  parity: Parity;
}

export interface ClaimInput {
  target: Target;
  /** Of the router as it was found. */
  expected_revision: string;
  /** The next epoch, at step 0. */
  fence: Fence;
}

export interface Parity {
  /** Null: the colours could not be compared, or there is nothing to compare. */
  differences: ParityDifference[] | null;
  note: string;
}

export interface ShiftInput {
  target: Target;
  weights: Weights;
  /** What reaches the candidate beside its share from then on; absent: nothing. */
  expose?: Exposed;
  expected_revision: string;
  fence: Fence;
  /** Instances that carry 100 %: the active colour's real size, measured at the claim. */
  full_size: number;
  /** The colour that a rollback goes back to: the active one. */
  old_colour: Colour;
  /** What the other colour must run for a forward shift; absent: whatever it runs. */
  version?: string;
  /**
   * `forward`: refused when a colour's ready capacity does not cover its share, or it runs another version by then.
   * `rollback`: refused only when the old colour is *known* not to cover it. `force`: never refused.
   */
  mode: 'forward' | 'rollback' | 'force';
}
export type ShiftOutcome =
  | {
      /** `already`: an earlier attempt had made this very write. */
      kind: 'written' | 'already';
      state: RouterState;
      capacity: 'ready' | 'unknown' | 'forced';
      /** Proven at once by a read after the write; false: not yet, wait with `awaitConverged`. */
      converged: boolean;
      note: string | null;
    }
  | { kind: 'superseded'; state: RouterState }
  | { kind: 'conflict'; state: RouterState }
  | { kind: 'short'; colour: Colour; colour_state: ColourState; other_state: ColourState | null; note: string };

export interface ColourInput {
  target: Target;
  colour: Colour;
}

/** `urgent`: a rollback rests on it, and waits for no bound of requests. */
export interface Urgency {
  urgent?: true;
}

/** What was asked for; `note`: why it is more than the caller wanted. */
export interface Scaled {
  size: number;
  note: string | null;
}

/** Of the run that moves no traffic any more: its claim is released with the colour. Absent: it goes on, or is an earlier version's. */
export interface FreedColourInput extends ColourInput {
  fence?: Fence;
}

export interface MutationActivities {
  /**
   * Validates the normalised plan again (raw JSON can be started from the Web UI), reads both colours, finds the
   * active one, and compares the colours. CUTOVER_PLAN_INVALID; CUTOVER_ROUTER_SPLIT when neither has all traffic;
   * CUTOVER_PARITY when they differ, or cannot be compared, and the plan requires parity.
   */
  findActive(input: { plan: Plan }): Promise<Found>;
  claimEpoch(input: ClaimInput): Promise<WriteResult>;
  /** Both in one, as runs have scheduled it that an earlier version started. `run`: workflow ID and first run ID. */
  claimRouter(input: { plan: Plan; run: string }): Promise<Found & { fence: Fence }>;
  shiftTraffic(input: ShiftInput): Promise<ShiftOutcome>;
  /** Refused (CUTOVER_COLOUR_HAS_TRAFFIC) while the colour has traffic; the same holds for scale-down and remove. */
  deployVersion(input: ColourInput & { version: string; size: number }): Promise<void>;
  /**
   * `kept_of`: the colour is shrunk from so many instances, and kept for a rollback; the platform may want more of them than
   * `size`, and the answer says so. Absent: to `size`.
   */
  scaleColour(input: FreedColourInput & Urgency & { size: number; kept_of?: number }): Promise<Scaled>;
  removeColour(input: FreedColourInput): Promise<void>;
}

export interface SmokeInput extends ColourInput {
  smoke: SmokePlan;
  version: string;
}
/** One line per check of the suite; `ok` false: the smoke suite failed. */
export interface SmokeResult {
  ok: boolean;
  checks: { name: string; ok: boolean; note: string | null; took_ms: number }[];
}

/** What a hook is told, beside its idempotency key: as JSON in an HTTP hook's body, as CUTOVER_… in a script's environment. */
export interface HookEvent {
  point: HookPoint;
  deployment: string;
  run_id: string;
  service: string;
  environment: string;
  target: string | null;
  version: string;
  previous_version: string | null;
  active: Colour;
  candidate: Colour;
  weights: Weights;
  /** Why the deployment goes back (`on_rollback`); null elsewhere. */
  reason: string | null;
}
export interface HookInput {
  target: Target;
  hook: HookPlan;
  event: HookEvent;
  /** The same for every attempt. */
  idempotency_key: string;
}

export interface KeptInput extends ColourInput {
  size: number;
  serving?: { colour: Colour; version: string };
}

export interface ScheduledWorkInput {
  target: Target;
  /** The colour that has all traffic. */
  active: Colour;
  /** Of the last traffic write. */
  fence: Fence;
}
/** `superseded`: the router has another owner, a later write, or other weights by now; the rest is left as it is. */
export type ScheduledWorkResult = ({ kind: 'moved' } & ScheduledWorkReport) | { kind: 'superseded'; note: string };

export interface WatchActivities {
  watchWindow(input: WatchInput): Promise<WatchResult>;
  /** The active colour's values over one window, for `baseline`. Metrics without data are left out. */
  measureBaseline(
    input: ColourInput & { metrics: string[]; window_ms: number; min_observations: number },
  ): Promise<Baselines>;
  runSmoke(input: SmokeInput): Promise<SmokeResult>;
  /** Throws CUTOVER_HOOK_FAILED (worth another attempt) or CUTOVER_SCRIPT_REFUSED (not); the answer is a line for people. */
  runHook(input: HookInput): Promise<{ note: string }>;
  /** Suspends what only one colour may run on the other colour, then resumes it on the active one. */
  moveScheduledWork(input: ScheduledWorkInput): Promise<ScheduledWorkResult>;
  /** Waits, heartbeating, until `size` instances of `version` are ready. Details: what is waited for. */
  /** At `deadline_ms`, epoch milliseconds, it answers with what there is; absent: never. */
  awaitReady(
    input: ColourInput & Urgency & { version: string | null; size: number; deadline_ms?: number },
  ): Promise<ColourState>;
  /** Waits until new requests follow `weights` everywhere; returns early when the router holds other weights. */
  awaitConverged(input: Urgency & { target: Target; weights: Weights }): Promise<RouterState>;
  /** Waits until no request is in flight on the colour, or until `deadline_ms` (absolute); tells how many were left. */
  awaitDrained(input: ColourInput & { deadline_ms: number }): Promise<{ left: number | null }>;
  /** Proof that the colour gets no traffic: weight 0 confirmed, nothing in flight, no request counted meanwhile. */
  proveNoTraffic(input: ColourInput): Promise<{ proof: string }>;
  /**
   * Watches the kept colour's readiness; returns its state when it is not ready any more. `serving`: what has the traffic
   * meanwhile; its own state is returned when it runs another version.
   */
  watchKept(input: KeptInput): Promise<ColourState>;
  /** Without a target, the worker's own log is told. */
  notify(event: NotifyEvent, target?: Target): Promise<void>;
}
