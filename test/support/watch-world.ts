/** A watcher over a real metrics source, on a virtual clock. */

import { type Judged, watchWindow } from '../../src/activities/watch.ts';
import type { WatchObserver } from '../../src/activities/watch-observer.ts';
import type { WatchHeartbeat, WatchInput } from '../../src/activities/watch-types.ts';
import { createScrapeProvider } from '../../src/adapters/metrics/scrape.ts';
import type { Platform, RouterState } from '../../src/adapters/types.ts';
import { parseCriterion } from '../../src/plan/criteria.ts';
import type { Colour, Criterion, Weights } from '../../src/plan/types.ts';
import { type MetricsSource, startMetricsSource } from './metrics-source.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

export interface Traffic {
  /** Requests per second. */
  rate: number;
  /** Of them, in percent, answered 500. */
  errors: number;
  /** How long a request takes. */
  seconds: number;
}

export interface WatchOptions {
  earlier?: unknown;
  signal?: AbortSignal;
  isReplaced?: boolean;
  queries?: Record<string, string>;
  observer?: WatchObserver;
  /** Directory of scripts. */
  scripts?: string;
  secrets?: Record<string, string>;
}

export interface WatchWorld {
  source: MetricsSource;
  clock: VirtualClock;
  traffic: Record<Colour, Traffic>;
  heartbeats: WatchHeartbeat[];
  /** What the router holds; `reads` counts how often it was asked. `down`: it cannot be read. */
  router: { weights: Weights; exposed?: RouterState['exposed']; revision: string; reads: number; down: boolean };
  /** What the candidate runs; `reads`: how old each look at it might be. */
  candidate: { version: string | null; reads: number[]; down: boolean };
  /** Called at every step of the clock, with the time since the start. */
  at(elapsedMs: number, act: () => void): void;
  input(
    over: Partial<WatchInput> & { seconds?: number | null },
    settings?: Partial<WatchInput['settings']>,
  ): WatchInput;
  watch(input: WatchInput, options?: WatchOptions): Promise<Judged>;
  stop(): Promise<void>;
}

export function criteria(...sources: string[]): Criterion[] {
  return sources.map((source) => {
    const criterion = parseCriterion(source);
    if (criterion.kind === 'problem') throw new Error(criterion.message);
    return criterion;
  });
}

/** A window of `seconds` (30; null: none) from START_MS on, with the defaults of a plan. */
export function watchInput(
  over: Partial<WatchInput> & { seconds?: number | null },
  settings: Partial<WatchInput['settings']> = {},
): WatchInput {
  const { seconds = 30, ...rest } = over;
  return {
    target: {
      service: 'checkout',
      environment: 'test',
      target: null,
      platform: { kind: 'local' },
      router: { kind: 'local' },
      metrics: {} as WatchInput['target']['metrics'],
      notifiers: [],
    },
    stage: 'observation',
    candidate: 'green',
    active: 'blue',
    started_at_ms: START_MS,
    ends_at_ms: seconds === null ? null : START_MS + seconds * 1000,
    success_criteria: [],
    rollback_triggers: [],
    health_path: '/health',
    checks: {},
    circuit_break: null,
    weights: null,
    baselines: {},
    settings: {
      resolution_ms: 1_000,
      window_ms: 10_000,
      consecutive: 2,
      min_observations: 20,
      on_no_data: 'hold',
      no_data_limit_ms: 60_000,
      settle_ms: 5_000,
      coverage_percent: 95,
      max_gap_ms: 10_000,
      ...settings,
    },
    resume: null,
    ...rest,
  };
}

export async function createWatchWorld(): Promise<WatchWorld> {
  const source = await startMetricsSource();
  const traffic = { blue: { rate: 100, errors: 0, seconds: 0.03 }, green: { rate: 100, errors: 0, seconds: 0.03 } };
  const owed = { blue: 0, green: 0 };
  const plans: { at_ms: number; act: () => void }[] = [];
  const clock = createVirtualClock(START_MS, (stepMs, nowMs) => {
    for (const plan of plans.filter(({ at_ms }) => at_ms <= nowMs)) {
      plans.splice(plans.indexOf(plan), 1);
      plan.act();
    }
    for (const colour of ['blue', 'green'] as const) {
      const { rate, errors, seconds } = traffic[colour];
      owed[colour] += (rate * stepMs) / 1000;
      const requests = Math.floor(owed[colour] + 1e-9);
      owed[colour] -= requests;
      const bad = Math.round((requests * errors) / 100);
      if (requests - bad > 0) source.count(colour, requests - bad, 200, seconds);
      if (bad > 0) source.count(colour, bad, 500, seconds);
    }
  });
  const heartbeats: WatchHeartbeat[] = [];
  const router: WatchWorld['router'] = { weights: { blue: 0, green: 100 }, revision: '1', reads: 0, down: false };
  const candidate: WatchWorld['candidate'] = { version: '2.0.0', reads: [], down: false };
  return {
    source,
    clock,
    traffic,
    heartbeats,
    router,
    candidate,
    at: (elapsedMs, act) => plans.push({ at_ms: START_MS + elapsedMs, act }),
    input: watchInput,
    watch(input, options = {}) {
      return watchWindow(input, {
        platform: { ...source.platform, inspect: inspecting(source.platform, candidate) },
        provider: createScrapeProvider({
          routerMetricsUrl: source.routerUrl,
          platform: source.platform,
          queries: options.queries ?? {},
          resolutionMs: input.settings.resolution_ms,
          now: clock.now,
        }),
        router: { read: async () => readRouter(router) },
        calls: { scripts: options.scripts ?? null, secrets: (name) => options.secrets?.[name] },
        clock,
        signal: options.signal ?? new AbortController().signal,
        heartbeat: (details) => heartbeats.push(structuredClone(details)),
        earlier: options.earlier,
        isReplaced: () => options.isReplaced ?? true,
        observer: options.observer,
      });
    },
    stop: () => source.stop(),
  };
}

function inspecting(platform: Platform, candidate: WatchWorld['candidate']): Platform['inspect'] {
  return async (colour, signal, maxAgeMs = 0) => {
    candidate.reads.push(maxAgeMs);
    if (candidate.down) throw new Error('the platform does not answer');
    return { ...(await platform.inspect(colour, signal, maxAgeMs)), version: candidate.version };
  };
}

function readRouter(router: WatchWorld['router']): RouterState {
  router.reads += 1;
  if (router.down) throw new Error('the router does not answer');
  const { weights, exposed, revision } = router;
  const traffic = { weights: { ...weights }, ...(exposed === undefined ? {} : { exposed }) };
  return { ...traffic, revision, fence: null, fenced_revision: null, before: null };
}
