/** Assembly: whether the adapters that a plan names answer. Reads only. */
import { bounded, messageOf, systemClock } from '../activities/clock.ts';
import { createAdapters } from '../adapters/registry.ts';
import type { MetricsProvider, Platform } from '../adapters/types.ts';
import type { Plan } from '../plan/types.ts';
import { formatWeights } from '../plan/weights.ts';

export interface Probe {
  role: 'platform' | 'router' | 'metrics';
  kind: string;
  /** What it said. */
  detail: string;
  /** Why it did not answer; null: it did. */
  problem: string | null;
  /** What does not go with the plan, though a deployment can do with it; absent: nothing. */
  doubts?: string[];
}

const LIMIT_MS = 5_000;
const LOOKS_MS = 2_500;
const PAUSE_MS = 500;

/** Every adapter has 5 s to answer. Throws CUTOVER_ADAPTER_NOT_BUILT alone. */
export function probeAdapters(plan: Plan, localUrl: string): Promise<Probe[]> {
  const adapters = createAdapters({ localUrl, log: () => undefined });
  const platform = adapters.platform(plan);
  const router = adapters.router(plan);
  const metrics = adapters.metrics(plan);
  return Promise.all([
    probePlatform(platform, plan),
    probe('router', plan.router.kind, async (signal) => formatWeights((await router.read(signal)).weights)),
    probe('metrics', plan.metrics.kind, (signal) => askMetrics(metrics, signal)),
  ]);
}

async function probePlatform(platform: Platform, plan: Plan): Promise<Probe> {
  let doubts: string[] = [];
  const found = await probe('platform', plan.platform.kind, async (signal) => {
    const colours = (['blue', 'green'] as const).map((colour) => platform.inspect(colour, signal));
    const states = await everyOne(colours);
    doubts = (await platform.doubts?.({ drain_ms: plan.switch.drain_ms }, signal)) ?? [];
    return states.map(({ colour, ready, desired }) => `${colour} ${ready} of ${desired} ready`).join(', ');
  });
  return { ...found, doubts };
}

/** Rejects with every reason, not only the first. */
async function everyOne<T>(answers: Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  const problems = settled.flatMap((one) => (one.status === 'rejected' ? [messageOf(one.reason)] : []));
  if (problems.length > 0) throw new Error([...new Set(problems)].join('; '));
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** A provider without history of its own needs two looks before it has anything to compare. */
async function askMetrics(metrics: MetricsProvider, signal: AbortSignal): Promise<string> {
  const startedAtMs = Date.now();
  try {
    for (;;) {
      const nowMs = Date.now();
      const query = { metric: 'error_rate', colour: 'blue', from_ms: startedAtMs, to_ms: nowMs } as const;
      const [sample] = await metrics.sample([query], signal);
      if (sample?.kind !== 'no_data' || sample.quiet === true) return 'answers';
      if (nowMs - startedAtMs > LOOKS_MS) throw new Error(sample.reason);
      await systemClock.sleep(PAUSE_MS, signal);
    }
  } finally {
    metrics.close();
  }
}

async function probe(role: Probe['role'], kind: string, ask: (signal: AbortSignal) => Promise<string>): Promise<Probe> {
  try {
    const detail = await bounded(LIMIT_MS, new AbortController().signal, ask);
    return { role, kind, detail, problem: null };
  } catch (error) {
    return { role, kind, detail: '', problem: messageOf(error) };
  }
}
