/**
 * The running totals of everything a source counts. A total is the increase since the source began to look, restarts
 * of the counted processes taken out, so the increase over any span is the difference of two snapshots of it.
 */
import { counterIncrease, pageIncreases } from '../../../decision/counters.ts';
import type { Colour } from '../../../plan/types.ts';

export interface SeriesId {
  /** Whose counter it is: `router`, `instance:ID`, or `own` for sums made here. */
  page: string;
  colour: Colour;
  /** `code`, `le`, or the text of a selector. */
  family: string;
  /** The status code, the bucket's bound, … */
  label: string;
}

export interface Series extends SeriesId {
  index: number;
}

/** Bounds memory against pages that invent series. */
const MAX_SERIES = 10_000;

export type SeriesTable = ReturnType<typeof createSeriesTable>;

export function createSeriesTable() {
  const byKey = new Map<string, Series>();
  const byGroup = new Map<string, Series[]>();
  /** The last reading of every counter, by page. */
  const pages = new Map<string, Map<string, number>>();
  const totals: number[] = [];
  /** The reading at which a series' total was 0. */
  const firsts: number[] = [];

  function ensure(id: SeriesId, first: number): Series | null {
    const key = keyOf(id);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    if (byKey.size >= MAX_SERIES) return null;
    const series = { ...id, index: totals.length };
    totals.push(0);
    firsts.push(first);
    byKey.set(key, series);
    const group = groupOf(id.colour, id.family);
    byGroup.set(group, [...(byGroup.get(group) ?? []), series]);
    return series;
  }

  return {
    /** Takes the counters read from one page. Those of a page's first reading begin at what they show. */
    observe(page: string, readings: { id: SeriesId; value: number }[]): void {
      const before = pages.get(page);
      const after = new Map(readings.map(({ id, value }) => [keyOf(id), value]));
      const increases = before === undefined ? null : pageIncreases(before, after);
      for (const { id, value } of readings) {
        const series = ensure(id, increases === null ? value : 0);
        if (series === null) continue;
        totals[series.index] = (totals[series.index] ?? 0) + (increases?.get(keyOf(id)) ?? 0);
      }
      pages.set(page, after);
    },
    /** Adds to a sum made here. */
    add(id: SeriesId, amount: number): void {
      const series = ensure(id, 0);
      if (series !== null) totals[series.index] = (totals[series.index] ?? 0) + amount;
    },
    /** Begins a page at the readings that another process took of it. */
    seed(page: string, readings: { id: SeriesId; value: number }[]): void {
      pages.set(page, new Map(readings.map(({ id, value }) => [keyOf(id), value])));
      for (const { id, value } of readings) ensure(id, value);
    },
    group(colour: Colour, family: string): readonly Series[] {
      return byGroup.get(groupOf(colour, family)) ?? [];
    },
    all(): Iterable<Series> {
      return byKey.values();
    },
    ensure,
    isKnown(page: string): boolean {
      return pages.has(page);
    },
    /** The last reading; 0 when there is none. */
    reading(series: Series): number {
      return pages.get(series.page)?.get(keyOf(series)) ?? 0;
    },
    /** What a series had grown by when its total was 0, since it showed `value`. */
    sinceShown(series: Series, value: number): number {
      return counterIncrease(value, firsts[series.index] ?? 0);
    },
    snapshot(): Float64Array {
      return Float64Array.from(totals);
    },
  };
}

function keyOf(id: SeriesId): string {
  return `${id.page}|${id.colour}|${id.family}|${id.label}`;
}

function groupOf(colour: Colour, family: string): string {
  return `${colour}|${family}`;
}
