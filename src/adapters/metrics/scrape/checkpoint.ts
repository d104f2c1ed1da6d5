/**
 * What a watcher in another process needs to go on: per series what it had grown by since `from_ms`, and the reading
 * it showed last. Counters are cumulative, so the time in which nobody scraped is still in them.
 */
import type { Point } from './answer.ts';
import { COLOURS } from './router-page.ts';
import type { SeriesId } from './series.ts';
import type { Snapshot, Source } from './source.ts';

export interface Checkpoint {
  v: 1;
  from_ms: number;
  /** The snapshot that stands for `from_ms`, and the latest one. */
  first_ms: number;
  last_ms: number;
  /** [page, colour, family, label, grown since `first_ms`, last reading] */
  series: [string, string, string, string, number, number][];
}

export function makeCheckpoint(source: Source, fromMs: number, from: Point, last: Snapshot): Checkpoint {
  const series: Checkpoint['series'] = [];
  for (const one of source.table.all()) {
    const grown = (last.totals[one.index] ?? 0) - (from.totals[one.index] ?? 0);
    const reading = source.table.reading(one);
    // Most latency buckets never count anything.
    if (grown === 0 && reading === 0) continue;
    series.push([one.page, one.colour, one.family, one.label, grown, reading]);
  }
  return { v: 1, from_ms: fromMs, first_ms: from.at_ms, last_ms: last.at_ms, series };
}

/** Null: it is none of ours (an older version's, or damaged), and the window goes on without it. */
export function readCheckpoint(value: unknown): Checkpoint | null {
  if (typeof value !== 'object' || value === null) return null;
  const { v, from_ms, first_ms, last_ms, series } = value as Partial<Record<keyof Checkpoint, unknown>>;
  if (v !== 1 || ![from_ms, first_ms, last_ms].every(Number.isFinite) || !Array.isArray(series)) return null;
  const isRow = (row: unknown) =>
    Array.isArray(row) &&
    row.length === 6 &&
    row.slice(0, 4).every((part) => typeof part === 'string') &&
    row.slice(4).every(Number.isFinite) &&
    COLOURS.includes(row[1]);
  return series.every(isRow) ? (value as Checkpoint) : null;
}

/**
 * Two points in the source's coordinate: the checkpoint's beginning and its latest snapshot. A source that has not
 * looked yet begins where the checkpoint ended; in one that has, they are placed beside its own snapshots.
 */
export function restorePoints(source: Source, checkpoint: Checkpoint): { first: Point; last: Point } {
  const { table, snapshots } = source;
  if (snapshots.length === 0) seed(source, checkpoint);
  const start = snapshots[0] as Snapshot;
  const isOlder = checkpoint.last_ms < start.at_ms;
  const joint = isOlder ? start : nearest(snapshots, checkpoint.last_ms);
  const rows = checkpoint.series.flatMap((row) => {
    const series = table.ensure(idOf(row), row[5]);
    return series === null ? [] : [{ series, grown: row[4], reading: row[5] }];
  });
  const last = { at_ms: checkpoint.last_ms, totals: sized(joint.totals, table.snapshot().length) };
  for (const { series, reading } of rows) {
    // What came between the checkpoint and the source's own first look.
    if (isOlder && series.page !== 'own') {
      last.totals[series.index] = (last.totals[series.index] ?? 0) - table.sinceShown(series, reading);
    }
  }
  const first = { at_ms: checkpoint.first_ms, totals: Float64Array.from(last.totals) };
  for (const { series, grown } of rows) first.totals[series.index] = (first.totals[series.index] ?? 0) - grown;
  return { first, last };
}

function seed(source: Source, checkpoint: Checkpoint): void {
  for (const page of new Set(checkpoint.series.map((row) => row[0]))) {
    if (page === 'own') continue;
    const rows = checkpoint.series.filter((row) => row[0] === page);
    source.table.seed(page, { ids: rows.map(idOf), values: Float64Array.from(rows, (row) => row[5]) });
  }
  source.keep({
    at_ms: checkpoint.last_ms,
    totals: source.table.snapshot(),
    router: null,
    missing: new Map(),
  });
}

function idOf(row: Checkpoint['series'][number]): SeriesId {
  return { page: row[0], colour: row[1] as SeriesId['colour'], family: row[2], label: row[3] };
}

function sized(totals: Float64Array, length: number): Float64Array {
  const copy = new Float64Array(length);
  copy.set(totals.subarray(0, length));
  return copy;
}

function nearest(snapshots: readonly Snapshot[], atMs: number): Snapshot {
  return snapshots.reduce((best, one) => (Math.abs(one.at_ms - atMs) < Math.abs(best.at_ms - atMs) ? one : best));
}
