/** What a worker says of its watchers, and the kernel of the worker. */
import { parsePage } from '../../../src/adapters/metrics/scrape/page.ts';
import { histogramQuantile } from '../../../src/decision/histogram.ts';
import { processUsage } from '../../../src/local/process-info.ts';

export interface Reading {
  at_ms: number;
  watchers: number;
  judged: number;
  missed: number;
  /** Cumulated ticks by how late they were judged, bounds in seconds. */
  lags: { le: number; count: number }[];
  /** Workflows that the SDK's cache has dropped to make room. */
  evictions: number;
  cpu_seconds: number;
  resident_bytes: number;
}

export async function readWorker(metricsUrl: string, pid: number): Promise<Reading> {
  const { layout, values } = parsePage(await (await fetch(metricsUrl)).text());
  const samples = layout.series.map(({ name, labels }, index) => ({ name, labels, value: values[index] ?? 0 }));
  const sum = (name: string, labels: Record<string, string> = {}) =>
    samples
      .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  const usage = processUsage(pid);
  if (usage === null) throw new Error('the kernel does not tell what a process uses (no /proc)');
  return {
    at_ms: performance.now(),
    watchers: sum('cutover_watchers'),
    judged: sum('cutover_watch_ticks_total', { result: 'judged' }),
    missed: sum('cutover_watch_ticks_total', { result: 'missed' }),
    lags: samples
      .filter(({ name }) => name === 'cutover_watch_lag_seconds_bucket')
      .map(({ labels, value }) => ({ le: bound(labels.le), count: value })),
    evictions:
      sum('temporal_sticky_cache_total_forced_eviction_total') + sum('temporal_sticky_cache_total_forced_eviction'),
    cpu_seconds: usage.cpuSeconds,
    resident_bytes: usage.residentBytes,
  };
}

/** The p99 of the ticks between two readings, milliseconds, interpolated within its bucket. */
export function lagP99(from: Reading, to: Reading): number {
  const grown = to.lags.map(({ le, count }, index) => ({ le, count: count - (from.lags[index]?.count ?? 0) }));
  const alone = grown.map(({ le, count }, index) => ({ le, count: count - (grown[index - 1]?.count ?? 0) }));
  const seconds = histogramQuantile(0.99, alone);
  if (seconds === null) throw new Error('the worker has judged no tick');
  return 1_000 * seconds;
}

/** Percent of one core. */
export function cpuPercent(from: Reading, to: Reading): number {
  return (100_000 * (to.cpu_seconds - from.cpu_seconds)) / (to.at_ms - from.at_ms);
}

function bound(le: string | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}
