/**
 * The four interfaces that carry every integration. An adapter is built for one service of one plan; it holds no
 * state that a restart would lose. Every method takes an AbortSignal, throws CutoverError, and never retries by itself
 * for longer than its caller's deadline.
 */
import type { Colour, Exposure, Weights } from '../plan/types.ts';
import type { ParityDifference } from '../workflows/api.ts';

export interface InstanceState {
  id: string;
  /** Base URL for checks that go past the router; null where the platform gives none. */
  url: string | null;
  ready: boolean;
  /** Why it is not ready, for people; null when ready. */
  reason: string | null;
}

/** One colour as the platform sees it at this moment. */
export interface ColourState {
  colour: Colour;
  /** Null: nothing was ever deployed to this colour. */
  version: string | null;
  /** Instances asked for. */
  desired: number;
  /** Instances ready to serve *of the version asked for*. */
  ready: number;
  instances: InstanceState[];
}

/** The fewest instances that a colour may be kept at, and who says so, for people. */
export interface LeastSize {
  size: number;
  reason: string;
}

/** What a plan expects of its platform beside what it asks for. */
export interface PlatformExpectations {
  /** How long the last requests of a colour may take once it gets no new ones. */
  drain_ms: number;
}

/** Who lets whose scheduled work run. */
export interface ScheduledWorkOrder {
  /** The colour that has all traffic: its work runs, and no other's. */
  active: Colour;
  /** Of the traffic write that gave it all, or of the claim. */
  fence: Fence;
  /**
   * Called for every object between the read and the write that is conditional on that read. Throws
   * CUTOVER_FENCE_SUPERSEDED when the router has another owner, a later write, or other weights by now.
   */
  permit(signal: AbortSignal): Promise<void>;
}

/** What a pass has changed, for people: `CronJob report-green`. */
export interface ScheduledWorkReport {
  suspended: string[];
  resumed: string[];
  /** Of the active colour, suspended all the same: it was so before Cutover came. */
  left: string[];
}

export interface Platform {
  /**
   * `maxAgeMs` is for those who look again and again: what they get may be as old, where that spares the platform a request.
   * Absent: as it is now, which alone is good enough to write on.
   */
  inspect(colour: Colour, signal: AbortSignal, maxAgeMs?: number): Promise<ColourState>;
  /**
   * In what the standby colour, as it would be deployed now, differs from the active one, apart from the version and the
   * size. Values that may be secret are given as hashes. Null: there is nothing to compare with. Read-only.
   */
  compare(active: Colour, signal: AbortSignal): Promise<ParityDifference[] | null>;
  /**
   * What of either colour, as it is, does not go with the plan, one sentence each, for people; nothing of it stops a deployment.
   * Absent: the platform has nothing to say. Read-only.
   */
  doubts?(plan: PlatformExpectations, signal: AbortSignal): Promise<string[]>;
  /**
   * How far a colour of `fullSize` may be shrunk while it is kept for a rollback; null, or absent: to any size. Read-only.
   */
  leastKept?(colour: Colour, fullSize: number, signal: AbortSignal): Promise<LeastSize | null>;
  /** Asks for `version` at `size` instances. Idempotent; returns when the platform has accepted it, not when ready. */
  deploy(colour: Colour, version: string, size: number, signal: AbortSignal): Promise<void>;
  /** Asks for `size` instances. Idempotent; returns when accepted. */
  scale(colour: Colour, size: number, signal: AbortSignal): Promise<void>;
  /** Frees what the colour holds (scale to 0, drained). Idempotent. */
  remove(colour: Colour, signal: AbortSignal): Promise<void>;
  /**
   * Suspends the work that only one colour may run on the other colour, and then resumes it on the active one. Idempotent,
   * also after it was done in part. Absent: there is no such work.
   */
  moveScheduledWork?(order: ScheduledWorkOrder, signal: AbortSignal): Promise<ScheduledWorkReport>;
}

/** Orders all traffic writes of a service: epochs over deployments, steps within one. */
export interface Fence {
  /** The Temporal workflow ID and first run ID that claimed the epoch. */
  run: string;
  epoch: number;
  step: number;
}

/**
 * Steps above this were written by hand, past Temporal (`cutover rollback --direct`): higher than any step of a
 * workflow, which finds its late writes superseded, and adopts what it then reads as a rollback that was done.
 */
export const DIRECT_STEP = 1_000_000;

/** What reaches one colour, the candidate, beside its share. */
export interface Exposed extends Exposure {
  colour: Colour;
}

export interface RouterState {
  weights: Weights;
  /** What is left of what the last fenced write exposed, `partly` when not all of it; absent: nothing. */
  exposed?: Exposed & { partly?: true };
  /** Opaque; changes with every write by anybody. */
  revision: string;
  fence: Fence | null;
  /** The revision that the last fenced write made; differs from `revision` once somebody wrote without a fence. */
  fenced_revision: string | null;
  /** What stood when the fence's epoch was claimed. */
  before: Weights | null;
}

/**
 * - `written`: this call made the change. `already`: the same fence had been stored by an earlier attempt.
 * - `superseded`: a higher fence is stored; the caller must stop.
 * - `conflict`: the expected revision is not the stored one; nothing was written.
 */
export interface WriteResult {
  kind: 'written' | 'already' | 'superseded' | 'conflict';
  state: RouterState;
}

export interface ShiftRequest {
  weights: Weights;
  /**
   * Every shift states the whole of what is wanted: one without it takes away what an earlier one exposed, in the same
   * write. Only for a router whose descriptor has `header_routing`, `mirroring`, or both.
   */
  expose?: Exposed;
  /** From workflow state, never from a fresh read of the writer. */
  expected_revision: string;
  fence: Fence;
  /** Also to a colour of which the router itself sees no ready instance. */
  force?: boolean;
}

export interface Convergence {
  converged: boolean;
  /** Requests still in flight per colour; null where the router cannot tell. */
  in_flight: Weights | null;
  /** What is still waited for, for people. */
  detail: string;
  state: RouterState;
}

export interface TrafficRouter {
  /** False: `in_flight` is always null, so nobody need ask for it. */
  readonly countsInFlight?: false;
  /** `maxAgeMs` as with `Platform.inspect`. */
  read(signal: AbortSignal, maxAgeMs?: number): Promise<RouterState>;
  /** Claims `fence.epoch` (stored epoch + 1, step 0) and stores the weights of that moment as `before`. Exposes what was exposed. */
  claim(expected_revision: string, fence: Fence, signal: AbortSignal): Promise<WriteResult>;
  shift(request: ShiftRequest, signal: AbortSignal): Promise<WriteResult>;
  /** Whether new requests follow `weights` everywhere; read-only. */
  convergence(weights: Weights, signal: AbortSignal): Promise<Convergence>;
  /**
   * Where a claim changes more than the fence (a time to live): puts it back, as long as the epoch is still this run's. The
   * weights stay as they are. Idempotent.
   */
  release?(fence: Fence, signal: AbortSignal): Promise<void>;
}

export interface SampleQuery {
  metric: string;
  colour: Colour;
  /** Span of the samples, epoch milliseconds. */
  from_ms: number;
  to_ms: number;
}

/**
 * A value with the number of observations behind it; or none, and why. `per` says what was observed: `min_observations`
 * bounds requests (the default), not readings of a gauge. `quiet`: the source was read and is well, there were merely
 * no requests.
 */
export type Sample =
  | {
      kind: 'value';
      value: number;
      observations: number;
      per?: 'requests' | 'readings';
      /** Bounds of an interpolated value, in its unit: above `lower`, at most `upper` (Infinity: no bound). */
      within?: { lower: number; upper: number };
      /** The span that there really was data for, when the provider knows that it may be shorter than asked. */
      span_ms?: number;
    }
  | { kind: 'no_data'; reason: string; observations: number; quiet?: true };

export interface MetricsProvider {
  /** Answers in the order of the queries. Throws only when it is misconfigured; an unreachable source is no data. */
  sample(queries: SampleQuery[], signal: AbortSignal): Promise<Sample[]>;
  /**
   * What a successor in another process needs to answer for spans that start at `from_ms` (raw counters at that
   * moment, the latest ones); small JSON, kept in heartbeat details. Null: the provider has history of its own.
   */
  checkpoint(from_ms: number): unknown;
  restore(checkpoint: unknown): void;
  close(): void;
}

/** `status`: in the words of who has it. */
export interface Invalidation {
  id: string;
  done: boolean;
  status: string;
}

/** A cache in front of the service, which hooks tell to forget. */
export interface Cdn {
  /** The same `key` with the same paths finds what was asked for before, done or not. */
  invalidate(distribution: string, paths: string[], key: string, signal: AbortSignal): Promise<Invalidation>;
  invalidation(distribution: string, id: string, signal: AbortSignal): Promise<Invalidation>;
}

/** `id` is the same for every attempt to tell of the same event. */
export interface NotifyEvent {
  id: string;
  at: string;
  severity: 'info' | 'attention';
  deployment: string;
  title: string;
  detail: string;
}

export interface Notifier {
  /** Its name in a plan, for metrics. */
  readonly kind?: string;
  send(event: NotifyEvent, signal: AbortSignal): Promise<void>;
}
