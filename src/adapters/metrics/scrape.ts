/** The metrics provider `scrape`: the router's own metrics page and those of the instances; no server in between. */
import type { Colour } from '../../plan/types.ts';
import type { MetricsProvider, Platform, Sample, SampleQuery } from '../types.ts';
import { answer, type Point } from './scrape/answer.ts';
import { type Checkpoint, makeCheckpoint, readCheckpoint, restorePoints } from './scrape/checkpoint.ts';
import { type Query, queryOf } from './scrape/query.ts';
import { createSource, type Snapshot, type Source } from './scrape/source.ts';
import type { Wanted } from './scrape/wanted.ts';

export interface ScrapeConfig {
  /** Prometheus text with the `cutover_router_…` metrics of one service. */
  routerMetricsUrl: string;
  /** Tells the instances' addresses; their page is `/metrics`. */
  platform: Platform;
  /** Metric → query of the plan (see scrape/query.ts). */
  queries: Record<string, string>;
  resolutionMs: number;
  /** Epoch milliseconds; for tests. */
  now?: () => number;
}

const MAX_TIMEOUT_MS = 1_000;
const MAX_REUSE_MS = 100;
/** Points kept for whole-window criteria; a watcher asks for one. */
const MAX_PINS = 8;

/** Sources in use, by page and resolution: the watchers of one target in one process scrape together. */
const shared = new Map<string, { source: Source; users: number }>();

/**
 * A sample rests on two snapshots, the ones nearest to the ends of its span. It is no data, with the reason, when the
 * page behind it could not be read within the resolution (1 s at most), when there is only one snapshot in the span,
 * when an instance is missing, and (`quiet`) when no request came.
 */
export function createScrapeProvider(config: ScrapeConfig): MetricsProvider {
  const now = config.now ?? Date.now;
  const toleranceMs = Math.max(500, 1.5 * config.resolutionMs);
  const key = `${config.resolutionMs} ${config.routerMetricsUrl}`;
  const pins = new Map<number, Point>();
  const extra: Point[] = [];
  let pending: Checkpoint | null = null;
  let source: Source | null = null;

  function open(): Source {
    if (source !== null) return source;
    const known = shared.get(key);
    source =
      known?.source ??
      createSource({
        routerMetricsUrl: config.routerMetricsUrl,
        platform: config.platform,
        timeoutMs: Math.min(config.resolutionMs, MAX_TIMEOUT_MS),
        reuseMs: Math.min(config.resolutionMs / 4, MAX_REUSE_MS),
        now,
      });
    shared.set(key, { source, users: (known?.users ?? 0) + 1 });
    return source;
  }

  function bring(from: Source): void {
    if (pending === null) return;
    const { first, last } = restorePoints(from, pending);
    pins.set(pending.from_ms, first);
    extra.push(last);
    pending = null;
  }

  /** The point nearest to `fromMs`, else the first one after it; null: there is none. */
  function begin(from: Source, fromMs: number): Point | null {
    const pinned = pins.get(fromMs);
    if (pinned !== undefined) return pinned;
    const points: Point[] = [...extra, ...from.snapshots.filter(({ router }) => router === null)];
    points.sort((a, b) => a.at_ms - b.at_ms);
    const close = points.filter(({ at_ms }) => Math.abs(at_ms - fromMs) <= toleranceMs);
    if (close.length > 0)
      return close.reduce((best, one) => (distance(one, fromMs) < distance(best, fromMs) ? one : best));
    return points.find(({ at_ms }) => at_ms > fromMs) ?? null;
  }

  function sampleOne(from: Source, query: Query, { colour, from_ms, to_ms }: SampleQuery): Sample {
    const close = from.snapshots.filter(({ at_ms }) => Math.abs(at_ms - to_ms) <= toleranceMs);
    const end = close.reduce<Snapshot | null>(
      (best, one) => (best === null || distance(one, to_ms) < distance(best, to_ms) ? one : best),
      null,
    );
    if (end === null) return noData('nothing was scraped at that time');
    const start = begin(from, from_ms);
    if (start === null || start.at_ms >= end.at_ms) return noData(end.router ?? 'there is only one scrape in the span');
    const sample = answer(query, colour, from.table, start, end);
    return sample.kind === 'value' ? { ...sample, span_ms: end.at_ms - start.at_ms } : sample;
  }

  return {
    async sample(queries, signal) {
      signal.throwIfAborted();
      const asked = queries.map((query) => ({ query, is: queryOf(query.metric, config.queries) }));
      const from = open();
      bring(from);
      for (const { query, is } of asked) {
        want(from, query.colour, is);
        if (!pins.has(query.from_ms)) from.needSpan(query.to_ms - query.from_ms);
      }
      if (queries.some(({ to_ms }) => to_ms >= now() - toleranceMs)) await abortable(from.refresh(), signal);
      return asked.map(({ query, is }) => sampleOne(from, is, query));
    },
    checkpoint(fromMs) {
      if (source === null || pending !== null) return pending;
      const last = source.snapshots.findLast(({ router }) => router === null);
      const from = begin(source, fromMs);
      if (last === undefined || from === null) return null;
      if (!pins.has(fromMs)) {
        const oldest = pins.size >= MAX_PINS ? pins.keys().next().value : undefined;
        if (oldest !== undefined) pins.delete(oldest);
        pins.set(fromMs, from);
      }
      return makeCheckpoint(source, fromMs, from, last);
    },
    restore(checkpoint) {
      pending = readCheckpoint(checkpoint);
    },
    close() {
      const entry = source === null ? undefined : shared.get(key);
      source = null;
      if (entry === undefined) return;
      entry.users -= 1;
      if (entry.users === 0) shared.delete(key);
    },
  };
}

function want(source: Source, colour: Colour, query: Query): void {
  for (const wanted of wantedOf(query)) source.want({ colour, ...wanted });
}

function wantedOf(query: Query): Omit<Wanted, 'colour'>[] {
  switch (query.kind) {
    case 'requests':
    case 'quantile':
      return [];
    case 'gauge':
      return [{ series: query.series, over: query.over }];
    case 'rate':
    case 'per_request':
      return [{ series: query.series, over: null }];
    case 'quotient':
      return [query.over, query.under].map((series) => ({ series, over: null }));
  }
}

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function distance(point: Point, atMs: number): number {
  return Math.abs(point.at_ms - atMs);
}

function noData(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0 };
}
