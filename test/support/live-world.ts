/**
 * A worker for tests of the client: the real workflow and the real mutations, on a model of the colours and the router
 * (`world.ts`), with watchers that heartbeat on the real clock and say what the script says.
 */
import { Context } from '@temporalio/activity';
import { createMutationActivities } from '../../src/activities/mutations.ts';
import { moveScheduledWork } from '../../src/activities/scheduled-work.ts';
import type { MutationActivities, WatchActivities } from '../../src/activities/types.ts';
import type { WatchHeartbeat, WatchInput, WatchResult } from '../../src/activities/watch-types.ts';
import type { CriterionReading, Evidence } from '../../src/workflows/api.ts';
import { type World, worldAdapters } from './world/world.ts';

const TICK_MS = 200;

export interface LiveScript {
  /** Asked at every tick of a watcher; a text is the criterion that is breached. */
  breached: (input: WatchInput) => string | null;
  /** Before each `awaitReady` answers. */
  readyDetail: string;
}

export interface LiveWorld {
  activities: { mutations: MutationActivities; watch: WatchActivities };
  script: LiveScript;
}

export function createLiveWorld(world: World): LiveWorld {
  const adapters = worldAdapters(world);
  const script: LiveScript = { breached: () => null, readyDetail: 'instances become ready' };
  const watch: WatchActivities = {
    watchWindow: (input) => watchWindow(input, script),
    measureBaseline: async () => ({}),
    runSmoke: async () => ({ ok: true, checks: [] }),
    runHook: async () => ({ note: 'done' }),
    async awaitReady(input) {
      for (;;) {
        Context.current().heartbeat(script.readyDetail);
        const state = await adapters.platform(input.target).inspect(input.colour, Context.current().cancellationSignal);
        if (state.ready >= input.size) return state;
        await Context.current().sleep(TICK_MS);
      }
    },
    async awaitConverged(input) {
      const router = adapters.router(input.target);
      return (await router.convergence(input.weights, Context.current().cancellationSignal)).state;
    },
    awaitDrained: async () => ({ left: 0 }),
    proveNoTraffic: async () => ({ proof: 'weight 0' }),
    async watchKept(input) {
      for (;;) {
        Context.current().heartbeat();
        const state = await adapters.platform(input.target).inspect(input.colour, Context.current().cancellationSignal);
        if (state.ready < input.size) return state;
        await Context.current().sleep(TICK_MS);
      }
    },
    moveScheduledWork: (input) =>
      moveScheduledWork(adapters, { signal: Context.current().cancellationSignal, heartbeat: () => undefined }, input),
    notify: async () => undefined,
  };
  return { activities: { mutations: createMutationActivities({ adapters }), watch }, script };
}

async function watchWindow(input: WatchInput, script: LiveScript): Promise<WatchResult> {
  for (let judged = 1; ; judged++) {
    const nowMs = Date.now();
    const criterion = script.breached(input);
    const evidence = evidenceOf(input, nowMs, judged, criterion);
    const heartbeat: WatchHeartbeat = { state: stateOf(nowMs, judged), live: evidence };
    Context.current().heartbeat(heartbeat);
    if (criterion !== null) return { verdict: 'breached', criterion, reason: `${criterion} breached`, evidence };
    if (input.ends_at_ms !== null && nowMs >= input.ends_at_ms) return { verdict: 'passed', evidence };
    try {
      await Context.current().sleep(TICK_MS);
    } catch {
      return { verdict: 'replaced', evidence, state: heartbeat.state };
    }
  }
}

function stateOf(nowMs: number, judged: number): WatchHeartbeat['state'] {
  return {
    last_tick_ms: nowMs,
    judged,
    longest_gap_ms: TICK_MS,
    breaches: {},
    holding_since: {},
    no_data_since_ms: null,
    provider: null,
  };
}

function evidenceOf(input: WatchInput, nowMs: number, judged: number, breached: string | null): Evidence {
  const reading = (source: string, kind: CriterionReading['kind']): CriterionReading => ({
    source,
    kind,
    state: source === breached ? 'breached' : 'ok',
    value: 0.25,
    limit: 1,
    baseline: null,
    observations: judged * 40,
    consecutive: 0,
    note: null,
  });
  return {
    at: new Date(nowMs).toISOString(),
    criteria: [
      ...input.success_criteria.map(({ source }) => reading(source, 'success')),
      ...input.rollback_triggers.map(({ source }) => reading(source, 'trigger')),
    ],
    coverage: { judged, expected: judged, percent: 100, longest_gap_ms: TICK_MS },
  };
}
