/** The active colour's values over one window, right before a shift starves it. */
import type { Adapters } from '../adapters/registry.ts';
import type { MetricsProvider } from '../adapters/types.ts';
import { isEnough, measuredMetric } from '../decision/baseline.ts';
import { CutoverError } from '../errors.ts';
import type { Baselines } from '../workflows/api.ts';
import { bounded, messageOf } from './clock.ts';
import type { Polling } from './polling.ts';
import type { ColourInput } from './types.ts';

export type BaselineInput = ColourInput & { metrics: string[]; window_ms: number; min_observations: number };

/** How long after one window slow services are still waited for. */
const EXTRA_MS = 5_000;
const SAMPLE_TIMEOUT_MS = 2_000;
const PAUSE_MS = 500;
/** A scrape is a tick early or late: so much of the window is the window. */
const WHOLE = 0.9;

/**
 * Measures until every metric has enough behind it: at once where the provider has a window of history (the guard has
 * been watching), else from one window on, and for `window_ms` + 5 s at most. A metric that
 * has too little by then is left out, as is one whose source cannot be read. A drop's baseline is kept under the name
 * of the metric that drops.
 */
export async function measureBaseline(adapters: Adapters, polling: Polling, input: BaselineInput): Promise<Baselines> {
  const metrics = [...new Set(input.metrics.map(measuredMetric))];
  if (metrics.length === 0) return {};
  const provider = adapters.metrics(input.target);
  const { clock, signal, heartbeat } = polling;
  const startedAtMs = clock.now();
  try {
    for (;;) {
      const nowMs = clock.now();
      const elapsedMs = nowMs - startedAtMs;
      const { found, missing, spanMs } = await measure(provider, polling, input, metrics, nowMs);
      const isWhole = elapsedMs >= input.window_ms || spanMs >= WHOLE * input.window_ms;
      if (isWhole && (missing.length === 0 || elapsedMs >= input.window_ms + EXTRA_MS)) return found;
      heartbeat(
        isWhole
          ? `measuring the baseline of ${input.colour}: ${missing.join('; ')}`
          : `measuring the baseline of ${input.colour}: ${Math.round(elapsedMs / 1000)} of ${input.window_ms / 1000} s`,
      );
      await clock.sleep(isWhole ? PAUSE_MS : Math.min(PAUSE_MS, input.window_ms - elapsedMs), signal);
    }
  } finally {
    provider.close();
  }
}

async function measure(
  provider: MetricsProvider,
  { signal }: Polling,
  input: BaselineInput,
  metrics: string[],
  nowMs: number,
): Promise<{ found: Baselines; missing: string[]; spanMs: number }> {
  const span = { colour: input.colour, from_ms: nowMs - input.window_ms, to_ms: nowMs };
  const queries = metrics.map((metric) => ({ metric, ...span }));
  const found: Baselines = {};
  const missing: string[] = [];
  let spanMs = Number.POSITIVE_INFINITY;
  const samples = await bounded(SAMPLE_TIMEOUT_MS, signal, (limit) => provider.sample(queries, limit)).catch(
    (error) => {
      signal.throwIfAborted();
      if (error instanceof CutoverError && error.fault === 'user') throw error;
      return messageOf(error);
    },
  );
  for (const [index, metric] of metrics.entries()) {
    const sample = typeof samples === 'string' ? undefined : samples[index];
    if (sample?.kind === 'value' && isEnough(sample, input.min_observations)) {
      const { value, observations } = sample;
      found[metric] = { value, observations, at: new Date(nowMs).toISOString() };
      spanMs = Math.min(spanMs, sample.span_ms ?? 0);
    } else {
      missing.push(
        `${metric}: ${sample?.kind === 'no_data' ? sample.reason : `${sample?.observations ?? 0} observations`}`,
      );
    }
  }
  return { found, missing, spanMs: missing.length === 0 ? spanMs : 0 };
}
