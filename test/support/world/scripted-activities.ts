/**
 * Watchers and waits for the time-skipping server, whose clock stands still while an activity runs: they fail with a
 * benign, delayed retry until their virtual moment has come, and then answer by the script.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { withFailures } from '../../../src/activities/failure.ts';
import { createMutationActivities } from '../../../src/activities/mutations.ts';
import { moveScheduledWork } from '../../../src/activities/scheduled-work.ts';
import type {
  HookInput,
  MutationActivities,
  ScheduledWorkInput,
  SmokeResult,
  WatchActivities,
} from '../../../src/activities/types.ts';
import type { WatchInput, WatchResult, WatchState } from '../../../src/activities/watch-types.ts';
import type { Baselines, Evidence } from '../../../src/workflows/api.ts';
import { type World, worldAdapters } from './world.ts';

/**
 * Odd on purpose. A window's end cancels the guard, and the time-skipping server never skips again once an activity
 * that is just executing is cancelled and then fails for a retry; at a round figure both would wake together.
 */
const GUARD_POLL_MS = 61_007;

export interface Script {
  /** The server's virtual clock. */
  now: () => Promise<number>;
  /**
   * Called on every poll of a watcher; null: nothing to report yet; 'silent': nothing ever, as if no worker ran.
   * Guards have `ends_at_ms` null.
   */
  judge: (input: WatchInput, nowMs: number) => WatchResult | 'silent' | null;
  smoke: SmokeResult;
  baselines: Baselines;
  /** Runs a hook: its note, or throws why it failed. */
  hook: (input: HookInput) => string;
  /** Every hook that was run, by its idempotency key. */
  hooked: string[];
  /** Every event that the notifiers were given. */
  notified: string[];
}

export function createScript(now: () => Promise<number>): Script {
  return {
    now,
    judge: () => null,
    smoke: { ok: true, checks: [] },
    baselines: {},
    hook: () => 'done',
    hooked: [],
    notified: [],
  };
}

export function emptyEvidence(nowMs: number): Evidence {
  return {
    at: new Date(nowMs).toISOString(),
    criteria: [],
    coverage: { judged: 1, expected: 1, percent: 100, longest_gap_ms: 0 },
  };
}

/** What a watcher has seen that found nothing so far. */
export function watchState(nowMs: number): WatchState {
  return {
    last_tick_ms: nowMs,
    judged: 1,
    longest_gap_ms: 0,
    breaches: {},
    holding_since: {},
    no_data_since_ms: null,
    provider: null,
  };
}

/** What a trigger's breach looks like. */
export function breach(criterion: string, nowMs: number): WatchResult {
  return { verdict: 'breached', criterion, reason: `${criterion} breached`, evidence: emptyEvidence(nowMs) };
}

export function scriptedActivities(world: World, script: Script): MutationActivities & WatchActivities {
  const adapters = worldAdapters(world);
  const signal = new AbortController().signal;
  return {
    ...createMutationActivities({ adapters }),
    async watchWindow(input) {
      const nowMs = await script.now();
      const told = script.judge(input, nowMs);
      if (told === 'silent') return later(60_000);
      if (told !== null) return told;
      if (input.ends_at_ms !== null && nowMs >= input.ends_at_ms) {
        return { verdict: 'passed', evidence: emptyEvidence(nowMs) };
      }
      return later(input.ends_at_ms === null ? GUARD_POLL_MS : Math.min(60_000, input.ends_at_ms - nowMs));
    },
    measureBaseline: async () => script.baselines,
    runSmoke: async () => script.smoke,
    async runHook(input) {
      script.hooked.push(input.idempotency_key);
      return { note: script.hook(input) };
    },
    ...withFailures({
      moveScheduledWork: (input: ScheduledWorkInput) =>
        moveScheduledWork(adapters, { signal, heartbeat: () => undefined }, input),
    }),
    async awaitReady(input) {
      const state = await adapters.platform(input.target).inspect(input.colour, signal);
      return state.ready >= input.size ? state : later(1_000);
    },
    async awaitConverged(input) {
      const { state } = await adapters.router(input.target).convergence(input.weights, signal);
      return state;
    },
    awaitDrained: async () => ({ left: 0 }),
    async proveNoTraffic(input) {
      const { weights } = await adapters.router(input.target).read(signal);
      return weights[input.colour] === 0 ? { proof: 'weight 0' } : later(1_000);
    },
    async watchKept(input) {
      const platform = adapters.platform(input.target);
      const state = await platform.inspect(input.colour, signal);
      if (state.ready < input.size) return state;
      const { serving } = input;
      const other = serving === undefined ? null : await platform.inspect(serving.colour, signal);
      return other !== null && other.version !== serving?.version ? other : later(10_000);
    },
    async notify(event) {
      script.notified.push(`${event.title}: ${event.detail}`);
    },
  };
}

function later(delayMs: number): never {
  throw ApplicationFailure.create({
    message: `not yet (attempt ${activityInfo().attempt})`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, delayMs),
  });
}
