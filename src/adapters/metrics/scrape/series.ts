/**
 * The running totals of everything a source counts. A total is the increase since the source began to look, restarts
 * of the counted processes taken out, so the increase over any span is the difference of two snapshots of it.
 */
import { alignedIncreases, counterIncrease, pageIncreases } from '../../../decision/counters.ts';
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
  /** The label as a number; NaN when it is none. */
  bound: number;
}

/** Counters read from one page. */
export interface Readings {
  /** The same object means the same ids. */
  ids: readonly SeriesId[];
  /** By the index of an id. */
  values: Float64Array;
}

/** A page's last reading. */
interface PageState extends Readings {
  /** The ids' series; null: one too many. */
  series: readonly (Series | null)[];
}

/** Bounds memory against pages that invent series. */
const MAX_SERIES = 10_000;

export type SeriesTable = ReturnType<typeof createSeriesTable>;

export function createSeriesTable() {
  const byKey = new Map<string, Series>();
  /** Sorted by bound where labels are numbers. */
  const byGroup = new Map<string, Series[]>();
  const pages = new Map<string, PageState>();
  /** By the index of a series, as the next two. */
  let totals = new Float64Array(16);
  /** The reading at which the total was 0. */
  const firsts: number[] = [];
  /** The last reading; 0 when there is none. */
  const lasts: number[] = [];

  function ensure(id: SeriesId, first: number): Series | null {
    const key = keyOf(id);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    if (byKey.size >= MAX_SERIES) return null;
    const series = { ...id, index: byKey.size, bound: Number(id.label) };
    if (series.index === totals.length) totals = enlarged(totals);
    firsts.push(first);
    lasts.push(0);
    byKey.set(key, series);
    const group = byGroup.get(groupOf(id.colour, id.family)) ?? [];
    const place = group.findLastIndex(({ bound }) => !(bound > series.bound));
    group.splice(place + 1, 0, series);
    byGroup.set(groupOf(id.colour, id.family), group);
    return series;
  }

  function increasesOf(before: PageState | undefined, readings: Readings): Float64Array {
    if (before === undefined) return new Float64Array(readings.ids.length);
    if (before.ids === readings.ids) return alignedIncreases(before.values, readings.values);
    const increases = pageIncreases(byKeyOf(before), byKeyOf(readings));
    return Float64Array.from(readings.ids, (id) => increases.get(keyOf(id)) ?? 0);
  }

  function seriesOf(before: PageState | undefined, { ids, values }: Readings): PageState['series'] {
    if (before?.ids === ids) return before.series;
    for (const series of before?.series ?? []) if (series !== null) lasts[series.index] = 0;
    // What is new on a page seen before began at 0.
    return ids.map((id, index) => ensure(id, before === undefined ? (values[index] ?? 0) : 0));
  }

  return {
    /** Takes the counters read from one page. Those of a page's first reading begin at what they show. */
    observe(page: string, readings: Readings): void {
      const before = pages.get(page);
      const increases = increasesOf(before, readings);
      const series = seriesOf(before, readings);
      for (let index = 0; index < series.length; index += 1) {
        const one = series[index];
        if (one === null || one === undefined) continue;
        totals[one.index] = (totals[one.index] ?? 0) + (increases[index] ?? 0);
        lasts[one.index] = readings.values[index] ?? 0;
      }
      pages.set(page, { ...readings, series });
    },
    /** Adds to a sum made here. */
    add(id: SeriesId, amount: number): void {
      const series = ensure(id, 0);
      if (series !== null) totals[series.index] = (totals[series.index] ?? 0) + amount;
    },
    /** Begins a page at the readings that another process took of it. */
    seed(page: string, { ids, values }: Readings): void {
      const series = ids.map((id, index) => ensure(id, values[index] ?? 0));
      for (const [index, one] of series.entries()) if (one !== null) lasts[one.index] = values[index] ?? 0;
      pages.set(page, { ids, series, values });
    },
    /** Those whose labels are numbers come sorted by them. */
    group(colour: Colour, family: string): readonly Series[] {
      return byGroup.get(groupOf(colour, family)) ?? [];
    },
    all(): Iterable<Series> {
      return byKey.values();
    },
    ensure,
    /** The last reading; 0 when there is none. */
    reading(series: Series): number {
      return lasts[series.index] ?? 0;
    },
    /** What a series had grown by when its total was 0, since it showed `value`. */
    sinceShown(series: Series, value: number): number {
      return counterIncrease(value, firsts[series.index] ?? 0);
    },
    snapshot(): Float64Array {
      return totals.slice(0, byKey.size);
    },
  };
}

function enlarged(totals: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * totals.length);
  larger.set(totals);
  return larger;
}

function byKeyOf({ ids, values }: Readings): Map<string, number> {
  return new Map(ids.map((id, index) => [keyOf(id), values[index] ?? 0]));
}

function keyOf(id: SeriesId): string {
  return `${id.page}|${id.colour}|${id.family}|${id.label}`;
}

function groupOf(colour: Colour, family: string): string {
  return `${colour}|${family}`;
}
