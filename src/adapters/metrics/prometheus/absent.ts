/** Why a built-in query found nothing: no such series, one that went silent, or too few samples yet. */
import type { Needs } from './query.ts';
import type { Found } from './servers.ts';
import { durationOf } from './variables.ts';

export type AskText = (text: string) => Promise<Found>;

const MEMORY_MS = 3_600_000;
/** What is missing will be missing a second later, too. */
const KEPT_MS = 5_000;

export type Explain = (query: Needs, ask: AskText, nowMs: number) => Promise<string>;

/** Remembers each reason for 5 s, so that missing data does not triple what a server is asked. */
export function createExplain(): Explain {
  const known = new Map<string, { reason: string; untilMs: number }>();
  return async ({ needs, windowMs }, ask, nowMs) => {
    const key = needs.join(' ');
    const before = known.get(key);
    if (before !== undefined && nowMs < before.untilMs) return before.reason;
    const reasons = await Promise.all(needs.map((series) => explainOne(series, windowMs, ask)));
    const reason = reasons.find((one) => one !== null) ?? 'the series that the query needs do not match each other';
    known.set(key, { reason, untilMs: nowMs + KEPT_MS });
    return reason;
  };
}

/** Null: it has the samples that it takes. */
async function explainOne(series: string, windowMs: number, ask: AskText): Promise<string | null> {
  const window = durationOf(windowMs);
  const [inside, before] = await Promise.all([
    ask(`max(count_over_time(${series}[${window}]))`),
    ask(`count(count_over_time(${series}[${durationOf(MEMORY_MS)}]))`),
  ]);
  if (inside.kind === 'no_data') return inside.reason;
  if (before.kind === 'no_data') return before.reason;
  const samples = inside.elements[0]?.value ?? 0;
  if (samples > 1) return null;
  if (samples === 1) return `one sample of ${series} within ${window}, and it takes two`;
  if (before.elements.length > 0) return `stale: no sample of ${series} within ${window}`;
  return `no series ${series}`;
}
