/** The samples behind one tick: all at once, each once, within a deadline. */
import type { MetricsProvider, Sample, SampleQuery } from '../adapters/types.ts';
import { isEnough } from '../decision/baseline.ts';
import { CutoverError } from '../errors.ts';
import { bounded, messageOf } from './clock.ts';

export interface Sampler {
  /** What is known of a query after `ask`. */
  of(query: SampleQuery): Sample;
  ask(queries: SampleQuery[]): Promise<void>;
}

/** A provider that fails or answers late gives no data; one that is misconfigured throws its CutoverError. */
export function createSampler(provider: MetricsProvider, deadlineMs: number, signal: AbortSignal): Sampler {
  const known = new Map<string, Sample>();
  const endsAt = performance.now() + deadlineMs;
  return {
    of: (query) => known.get(keyOf(query)) ?? { kind: 'no_data', reason: 'it was not measured', observations: 0 },
    async ask(queries) {
      const open = new Map(queries.map((query) => [keyOf(query), query]));
      for (const key of known.keys()) open.delete(key);
      if (open.size === 0) return;
      const asked = [...open.values()];
      const samples = await sample(provider, asked, Math.max(1, endsAt - performance.now()), signal);
      for (const [index, query] of asked.entries()) {
        const none: Sample = { kind: 'no_data', reason: 'the metrics provider gave no answer', observations: 0 };
        known.set(keyOf(query), samples[index] ?? none);
      }
    },
  };
}

async function sample(
  provider: MetricsProvider,
  queries: SampleQuery[],
  limitMs: number,
  signal: AbortSignal,
): Promise<Sample[]> {
  try {
    return await bounded(limitMs, signal, (limit) => provider.sample(queries, limit));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CutoverError && error.fault === 'user') throw error;
    return queries.map(() => ({ kind: 'no_data', reason: messageOf(error), observations: 0 }));
  }
}

/** Whether a longer span could give more: the source is well, it just counted too few requests. */
export function isThin(sample: Sample, minObservations: number): boolean {
  return sample.kind === 'no_data' ? sample.quiet === true : !isEnough(sample, minObservations);
}

function keyOf({ metric, colour, from_ms, to_ms }: SampleQuery): string {
  return `${metric} ${colour} ${from_ms} ${to_ms}`;
}
