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
  const understoodBefore = new Map<string, Query>();
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
    let best: Point | null = null;
    let next: Point | null = null;
    const look = (point: Point) => {
      if (distance(point, fromMs) <= toleranceMs && isNearer(point, best, fromMs)) best = point;
      if (point.at_ms > fromMs && (next === null || point.at_ms < next.at_ms)) next = point;
    };
    for (const point of extra) look(point);
    for (const snapshot of from.snapshots) if (snapshot.router === null) look(snapshot);
    return best ?? next;
  }

  function sampleOne(from: Source, query: Query, { colour, from_ms, to_ms }: SampleQuery): Sample {
    let end: Snapshot | null = null;
    for (const one of from.snapshots) {
      if (distance(one, to_ms) <= toleranceMs && isNearer(one, end, to_ms)) end = one;
    }
    if (end === null) return noData('nothing was scraped at that time');
    const start = begin(from, from_ms);
    if (start === null || start.at_ms >= end.at_ms) return noData(end.router ?? 'there is only one scrape in the span');
    const sample = answer(query, colour, from.table, start, end);
    return sample.kind === 'value' ? { ...sample, span_ms: end.at_ms - start.at_ms } : sample;
  }

  function understood(metric: string): Query {
    const known = understoodBefore.get(metric) ?? queryOf(metric, config.queries);
    understoodBefore.set(metric, known);
    return known;
  }

  return {
    async sample(queries, signal) {
      signal.throwIfAborted();
      const asked = queries.map((query) => ({ query, is: understood(query.metric) }));
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

/** Of two equally near the earlier one. */
function isNearer(point: Point, than: Point | null, atMs: number): boolean {
  if (than === null) return true;
  const [one, other] = [distance(point, atMs), distance(than, atMs)];
  return one < other || (one === other && point.at_ms < than.at_ms);
}

function distance(point: Point, atMs: number): number {
  return Math.abs(point.at_ms - atMs);
}

function noData(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0 };
}
