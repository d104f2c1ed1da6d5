/** The real mutations on the model, the real watcher looking ahead, and waits that are over at once. */
import { createMutationActivities } from '../activities/mutations.ts';
import type { MutationActivities, WatchActivities } from '../activities/types.ts';
import { isEnough, measuredMetric } from '../decision/baseline.ts';
import type { Baselines } from '../workflows/api.ts';
import { later } from './later.ts';
import { scriptedProvider } from './metrics.ts';
import type { Stage } from './stage.ts';
import { createWatchers } from './watchers.ts';

/** Odd, so that no window ends in the very moment of a poll. */
const KEPT_POLL_MS = 3_600_007;
const PROOF_POLL_MS = 1_003;

export function simulatedActivities(stage: Stage): { mutations: MutationActivities; watch: WatchActivities } {
  const { model, told } = stage;
  const { signal } = new AbortController();
  const watch: WatchActivities = {
    ...createWatchers(stage),
    measureBaseline: (input) => measureBaseline(stage, input, signal),
    runSmoke: async () => ({ ok: true, checks: [{ name: 'simulated', ok: true, note: null, took_ms: 0 }] }),
    runHook: async ({ hook }) => ({ note: `simulated: ${hook.name} was not run` }),
    moveScheduledWork: async () => ({ kind: 'moved', suspended: [], resumed: [], left: [] }),
    awaitReady: (input) => model.platform.inspect(input.colour, signal),
    awaitConverged: () => model.router.read(signal),
    awaitDrained: async () => ({ left: 0 }),
    async proveNoTraffic({ colour }) {
      const { weights } = await model.router.read(signal);
      return weights[colour] === 0 ? { proof: 'simulated: it has no traffic' } : later(PROOF_POLL_MS);
    },
    watchKept: async () => later(KEPT_POLL_MS),
    async notify(event) {
      if (!told.some(({ id }) => id === event.id)) told.push(event);
    },
  };
  return { mutations: createMutationActivities({ adapters: model.adapters }), watch };
}

async function measureBaseline(
  { scripted, now, refresh }: Stage,
  input: Parameters<WatchActivities['measureBaseline']>[0],
  signal: AbortSignal,
): Promise<Baselines> {
  await refresh();
  const nowMs = await now();
  const metrics = [...new Set(input.metrics.map(measuredMetric))];
  const span = { colour: input.colour, from_ms: nowMs - input.window_ms, to_ms: nowMs };
  const samples = await scriptedProvider(scripted).sample(
    metrics.map((metric) => ({ metric, ...span })),
    signal,
  );
  const found: Baselines = {};
  for (const [index, metric] of metrics.entries()) {
    const sample = samples[index];
    if (sample?.kind !== 'value' || !isEnough(sample, input.min_observations)) continue;
    found[metric] = { value: sample.value, observations: sample.observations, at: new Date(nowMs).toISOString() };
  }
  return found;
}
