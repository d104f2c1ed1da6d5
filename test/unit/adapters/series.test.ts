import { describe, expect, it } from 'vitest';
import { createSeriesTable, type Readings, type SeriesId } from '../../../src/adapters/metrics/scrape/series.ts';

const id = (label: string, page = 'router'): SeriesId => ({ page, colour: 'green', family: 'code', label });
const readings = (ids: readonly SeriesId[], ...values: number[]): Readings => ({
  ids,
  values: Float64Array.from(values),
});
const BOTH = [id('200'), id('500')];

function grown(table: ReturnType<typeof createSeriesTable>): Record<string, number> {
  const totals = table.snapshot();
  return Object.fromEntries(table.group('green', 'code').map(({ label, index }) => [label, totals[index] ?? 0]));
}

describe('the running totals', () => {
  it.each([
    ['of the same ids', BOTH],
    ['of ids that were made anew', [id('200'), id('500')]],
  ])('begin at the first reading and grow by what comes after it, %s', (_, next) => {
    const table = createSeriesTable();
    table.observe('router', readings(BOTH, 100, 5));
    expect(grown(table)).toEqual({ 200: 0, 500: 0 });
    table.observe('router', readings(next, 130, 5));
    expect(grown(table)).toEqual({ 200: 30, 500: 0 });
    table.observe('router', readings(next, 131, 7));
    expect(grown(table)).toEqual({ 200: 31, 500: 2 });
  });

  it.each([
    ['of the same ids', BOTH],
    ['of ids that were made anew', [id('200'), id('500')]],
  ])('go on over a restart, in which one counter that went down speaks for all, %s', (_, next) => {
    const table = createSeriesTable();
    table.observe('router', readings(BOTH, 100, 5));
    table.observe('router', readings(next, 3, 9));
    expect(grown(table)).toEqual({ 200: 3, 500: 9 });
  });

  it('take a counter that is gone for a restart, and one that is new for one that began at 0', () => {
    const table = createSeriesTable();
    table.observe('router', readings(BOTH, 100, 5));
    table.observe('router', readings([id('200'), id('500'), id('404')], 110, 5, 4));
    expect(grown(table)).toEqual({ 200: 10, 404: 4, 500: 0 });
    table.observe('router', readings([id('200')], 120));
    expect(grown(table)).toEqual({ 200: 130, 404: 4, 500: 0 });
    expect(table.group('green', 'code').map((series) => [series.label, table.reading(series)])).toEqual([
      ['200', 120],
      ['404', 0],
      ['500', 0],
    ]);
  });

  it('go on from what another process has read', () => {
    const table = createSeriesTable();
    table.seed('router', readings(BOTH, 100, 5));
    table.observe('router', readings([id('200'), id('500')], 140, 6));
    expect(grown(table)).toEqual({ 200: 40, 500: 1 });
  });

  it('hold more series than they began with, sorted by their number, and no more than there may be', () => {
    const table = createSeriesTable();
    const many = Array.from({ length: 10_050 }, (_, index) => ({
      ...id(String(index ^ 8)),
      family: `f${index % 7}`,
    }));
    table.observe('router', readings(many, ...many.map(() => 1)));
    table.observe('router', readings(many, ...many.map(() => 3)));
    expect(table.snapshot()).toHaveLength(10_000);
    expect(table.snapshot().every((total) => total === 2)).toBe(true);
    const bounds = table.group('green', 'f0').map(({ bound }) => bound);
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  });
});
