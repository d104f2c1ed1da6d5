/** What one random run is made of. All of it is JSON, so that a counterexample can be kept as a file. */
import type { MutationActivities } from '../../../src/activities/types.ts';
import type { DeployPhase, MessageName } from '../../../src/workflows/api.ts';

export interface Scenario {
  /** Decides the order of what is due in one instant. */
  seed: number;
  plan: PlanChoice;
  /** Instances of the active colour at the start. */
  size: number;
  /** From an event to its workflow task, in turn, ms. */
  taskDelaysMs: number[];
  /** Until a running activity learns that it is cancelled, in turn, ms. */
  cancelDelaysMs: number[];
  /** Until instances that are asked for are ready, ms. */
  readyDelayMs: number;
  /** Until the nth change of the weights is followed everywhere, ms; absent: at once. */
  convergence: { nth: number; ms: number }[];
  faults: { activity: keyof MutationActivities; nth: number; fault: MutationFault }[];
  watchers: { nth: number; word: WatcherWord }[];
  others: { activity: OtherActivity; nth: number; fault: OtherFault }[];
  events: { when: When; act: Act }[];
  /** How long an approval waits for an answer; null: nobody answers. */
  approvalAfterMs: number | null;
}

export interface PlanChoice {
  strategy: 'instant' | 'gradual' | 'validation';
  warmup: boolean;
  healthShare: number | null;
  performanceShare: number | null;
  smoke: boolean;
  approval: 'none' | 'rollback' | 'continue';
  windowMs: number;
  observationMs: number;
  leaseMs: number;
  shrinkToPercent: number | null;
  validationPercent: number;
  circuitBreak: boolean;
  hooks: {
    point: 'before_switch' | 'after_switch' | 'on_rollback' | 'before_cleanup';
    onFailure: 'rollback' | 'continue' | 'hold';
  }[];
  safeUntil: 'switch' | 'observation' | 'lease' | number | null;
  onNoData: 'hold' | 'rollback';
  baseline: boolean;
  requireParity: boolean;
  versioned: boolean;
  /** Absent in scenarios that were kept before there was any. */
  activeOnly?: boolean;
}

/**
 * What befalls one attempt. `fail`: before anything is done. `lost`: done, but the answer does not arrive. `late`: all
 * of it happens that much later. `slow`: only the answer does. `frozen`: asleep between its reads and its write.
 * `twice`: done again at once. `dead`: never heard of. `refused`: for good, so that no attempt follows.
 */
export type MutationFault =
  | { kind: 'fail' | 'lost' | 'twice' | 'dead' | 'refused' }
  | { kind: 'late' | 'slow' | 'frozen'; ms: number };

/** What the nth watcher says; a watcher without a word passes its window at the end. */
export type WatcherWord =
  | { verdict: 'breached' | 'failed' | 'no_data' | 'tripped'; afterMs: number }
  | { verdict: 'gap'; growMs: number }
  /** So many of its attempts end without a word. */
  | { verdict: 'silent'; attempts: number }
  | { verdict: 'broken' };

export type OtherActivity =
  | 'awaitReady'
  | 'awaitConverged'
  | 'awaitDrained'
  | 'proveNoTraffic'
  | 'measureBaseline'
  | 'runSmoke'
  | 'runHook'
  | 'watchKept'
  | 'moveScheduledWork'
  | 'notify';
/** `slow`: that much later; scheduled work is frozen so long between a look at the router and the write. */
export type OtherFault = { kind: 'fail' | 'dead' } | { kind: 'slow'; ms: number };

export type When =
  | { at: number }
  /** After the run was first seen in the phase. */
  | { phase: DeployPhase; afterMs: number }
  /** After the nth attempt of a traffic write began. */
  | { write: number; afterMs: number };

export type Side = 'active' | 'standby';

export type Act =
  | { kind: 'message'; name: MessageName; via: 'signal' | 'update' | 'both' | 'twice'; payload?: unknown }
  | { kind: 'start' | 'cancel' | 'evict' | 'direct' | 'claimed' }
  | { kind: 'foreign'; blue: number }
  | { kind: 'lose'; side: Side; left: number }
  | { kind: 'recover'; side: Side }
  | { kind: 'unreadable'; side: Side; ms: number }
  | { kind: 'router_down'; ms: number }
  | { kind: 'outage'; how: 'killed' | 'frozen' | 'busy'; ms: number };
