/** Samples of requests, from counters by status and from histograms of durations. */
import { histogramQuantile } from '../../../decision/histogram.ts';
import type { Sample } from '../../types.ts';
import { type Element, type NativeHistogram, numberOf } from './answer.ts';
import { BEGIN } from './promql.ts';

export type RequestShare = 'success' | 'error' | 'available' | 'rate';

const QUIET = { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true } as const satisfies Sample;
/** 502, 503 and 504 are a gateway's word for "no instance answered". */
const UNAVAILABLE = new Set(['502', '503', '504']);
/** `503`, `5xx`, or Envoy's class `5`. Whatever else there is (`total`, `other`, `0`) is no answer to a request. */
const STATUS = /^([1-5])(xx|\d\d)?$/i;

/** Whether the whole window is covered; the sample without the element that tells it. */
export function splitBegin(elements: readonly Element[]): { rest: Element[]; covered: boolean } {
  const rest = elements.filter(({ labels }) => labels[BEGIN.label] !== BEGIN.value);
  return { rest, covered: rest.length < elements.length };
}

/** Null: there is no series. Percent, or requests per second. */
export function shareOf(
  found: readonly Element[],
  what: RequestShare,
  statusLabel: string,
  windowMs: number,
): Sample | null {
  const { rest, covered } = splitBegin(found);
  if (rest.length === 0) return null;
  if (!rest.every(({ value }) => value !== null && Number.isFinite(value))) return odd();
  const counts = rest.map(({ labels, value }) => ({ status: labels[statusLabel] ?? '', count: value ?? 0 }));
  if (counts.some(({ status, count }) => status === '' && count > 0)) {
    return noData(`requests are counted without the label ${statusLabel}, which would tell their status`);
  }
  const answered = counts.filter(({ status }) => STATUS.test(status));
  const isClass = (status: string) => !/^\d{3}$/.test(status);
  const failed = answered.filter(({ status }) => status.startsWith('5'));
  if (what === 'available' && failed.some(({ status }) => isClass(status))) {
    return noData(`the label ${statusLabel} tells classes (5xx) only: no telling 502, 503 and 504`);
  }
  const all = sum(answered);
  const observations = Math.round(all);
  const span = covered ? { span_ms: windowMs } : {};
  if (what === 'rate')
    return { kind: 'value', value: (1_000 * all) / windowMs, observations, per: 'readings', ...span };
  if (observations === 0) return QUIET;
  const part = what === 'available' ? failed.filter(({ status }) => UNAVAILABLE.has(status)) : failed;
  const share = (100 * sum(part)) / all;
  return { kind: 'value', value: what === 'error' ? share : 100 - share, observations, ...span };
}

/** Requests of any status, or of none. */
export interface Counted {
  requests: number;
  /** As far as it is known that there was data for all of the window. */
  span: { span_ms?: number };
}

/** Null: there is no series. */
export function countedIn(found: readonly Element[], statusLabel: string, windowMs: number): Counted | null {
  const { rest, covered } = splitBegin(found);
  if (rest.length === 0) return null;
  const requests = rest
    .filter(({ labels }) => (labels[statusLabel] ?? '') === '' || STATUS.test(labels[statusLabel] ?? ''))
    .reduce((total, { value }) => total + (value ?? 0), 0);
  return { requests: Math.round(requests), span: covered ? { span_ms: windowMs } : {} };
}

export interface Durations {
  /** The part of the requests that took no longer. */
  q: number;
  /** Milliseconds in one unit of the histogram. */
  unitMs: number;
  /** Null: the exporter's counter says nothing of them. */
  counted: Counted | null;
}

/** From classic buckets. Null: there is none. */
export function quantileOf(found: readonly Element[], asked: Durations): Sample | null {
  const cumulated = new Map<number, number>();
  for (const { labels, value } of found) {
    if (labels.le === undefined || value === null) continue;
    if (!Number.isFinite(value)) return odd();
    const le = numberOf(labels.le);
    cumulated.set(le, (cumulated.get(le) ?? 0) + value);
  }
  if (cumulated.size === 0) return null;
  const buckets = apart(cumulated);
  const observations = observed(sum(buckets), asked);
  if (typeof observations !== 'number') return observations;
  const value = histogramQuantile(asked.q, buckets);
  if (value === null) return noData('the histogram has no +Inf bucket');
  const isBeyond = asked.q * sum(buckets) > sum(buckets.slice(0, -1));
  const upper = isBeyond ? Number.POSITIVE_INFINITY : (buckets.find(({ le }) => le >= value)?.le ?? value);
  const lower = buckets.findLast(({ le }) => le < upper)?.le ?? 0;
  return latency(asked, value, { lower, upper }, observations);
}

/** A native histogram among the elements; null: there is none. */
export function nativeIn(found: readonly Element[]): NativeHistogram | null {
  return found.find(({ histogram }) => histogram !== null)?.histogram ?? null;
}

/** `quantile` is the server's own, in the histogram's unit. */
export function nativeSample(histogram: NativeHistogram, quantile: Element | undefined, asked: Durations): Sample {
  const observations = observed(histogram.count, asked);
  if (typeof observations !== 'number') return observations;
  const value = quantile?.value ?? Number.NaN;
  if (!Number.isFinite(value)) return odd();
  const bucket = histogram.buckets.find(({ lower, upper }) => lower <= value && value <= upper);
  return latency(asked, value, bucket ?? { lower: value, upper: value }, observations);
}

/** In milliseconds. */
function latency(
  { unitMs, counted }: Durations,
  value: number,
  { lower, upper }: { lower: number; upper: number },
  observations: number,
): Sample {
  const within = { lower: unitMs * lower, upper: unitMs * upper };
  return { kind: 'value', value: unitMs * value, within, observations, ...counted?.span };
}

/** A histogram's growth holds a guess: never more than the requests that were counted. */
function observed(growth: number, { counted }: Durations): number | Sample {
  const durations = Math.round(growth);
  if (durations > 0 && counted?.requests !== 0) return Math.min(durations, counted?.requests ?? durations);
  return counted === null || counted.requests === 0 ? QUIET : noData('too few samples of the histogram yet');
}

/** Cumulated counts as one per bucket. Scrapes of several instances may be at odds by a request: none is negative. */
function apart(cumulated: ReadonlyMap<number, number>): { le: number; count: number }[] {
  let below = 0;
  return [...cumulated]
    .sort(([one], [other]) => one - other)
    .map(([le, total]) => {
      const count = Math.max(0, total - below);
      below += count;
      return { le, count };
    });
}

function sum(parts: readonly { count: number }[]): number {
  return parts.reduce((total, { count }) => total + count, 0);
}

function odd(): Sample {
  return noData('the query answered a value that is no number');
}

function noData(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0 };
}
