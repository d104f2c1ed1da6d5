/** One query answered from the difference of two snapshots. */
import { histogramQuantile } from '../../../decision/histogram.ts';
import type { Colour } from '../../../plan/types.ts';
import type { Sample } from '../../types.ts';
import type { Query, Selector } from './query.ts';
import type { Series, SeriesTable } from './series.ts';
import type { Snapshot } from './source.ts';
import { familyOf } from './wanted.ts';

/** Totals at a moment, in the source's own coordinate. */
export interface Point {
  at_ms: number;
  totals: Float64Array;
}

/** 502, 503 and 504 are a gateway's word for "no instance answered". */
const UNAVAILABLE = new Set([502, 503, 504]);
const QUIET = { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true } as const satisfies Sample;

export function answer(query: Query, colour: Colour, table: SeriesTable, from: Point, to: Snapshot): Sample {
  const grown = (series: Series) => (to.totals[series.index] ?? 0) - (from.totals[series.index] ?? 0);
  const growth = (family: string) => table.group(colour, family).reduce((sum, series) => sum + grown(series), 0);
  const absent = (reason: string): Sample => ({ kind: 'no_data', reason, observations: 0 });
  const missing = (series: Selector, over: Parameters<typeof familyOf>[0]['over'] = null) =>
    to.missing.get(`${colour}|${familyOf({ series, over })}`);

  switch (query.kind) {
    case 'requests': {
      if (to.router !== null) return absent(to.router);
      const counts = table.group(colour, 'code').map((series) => ({ code: series.bound, count: grown(series) }));
      const all = counts.reduce((sum, { count }) => sum + count, 0);
      const { what } = query;
      if (what === 'rate') {
        const perSecond = (1000 * all) / (to.at_ms - from.at_ms);
        return { kind: 'value', value: perSecond, observations: Math.round(all), per: 'readings' };
      }
      if (all === 0) return QUIET;
      const counted = counts.filter(({ code }) => isCounted(what, code));
      const part = counted.reduce((sum, { count }) => sum + count, 0);
      return { kind: 'value', value: (100 * part) / all, observations: Math.round(all) };
    }
    case 'quantile': {
      if (to.router !== null) return absent(to.router);
      const buckets = table.group(colour, 'le').map((series) => ({ le: series.bound, count: grown(series) }));
      const all = buckets.reduce((sum, { count }) => sum + count, 0);
      if (all === 0) return QUIET;
      const seconds = histogramQuantile(query.q, buckets);
      if (seconds === null) return absent("the router's histogram has no +Inf bucket");
      return { kind: 'value', value: 1000 * seconds, observations: Math.round(all) };
    }
    case 'gauge': {
      const reason = missing(query.series, query.over);
      if (reason !== undefined) return absent(reason);
      const sums = table.group(colour, familyOf(query));
      const of = (label: string) =>
        sums.filter((series) => series.label === label).reduce((sum, s) => sum + grown(s), 0);
      const readings = of('n');
      if (readings === 0) return absent(`no reading of ${query.series.text} yet`);
      return { kind: 'value', value: of('sum') / readings, observations: readings, per: 'readings' };
    }
    case 'rate': {
      const reason = missing(query.series);
      if (reason !== undefined) return absent(reason);
      const value = (1000 * growth(familyOf({ series: query.series, over: null }))) / (to.at_ms - from.at_ms);
      return { kind: 'value', value, observations: 1, per: 'readings' };
    }
    case 'quotient': {
      const reason = missing(query.over) ?? missing(query.under);
      if (reason !== undefined) return absent(reason);
      const under = growth(familyOf({ series: query.under, over: null }));
      if (under === 0) return { ...QUIET, reason: `${query.under.text} did not grow` };
      const over = growth(familyOf({ series: query.over, over: null }));
      return { kind: 'value', value: (query.factor * over) / under, observations: Math.round(under) };
    }
    case 'per_request': {
      const reason = to.router ?? missing(query.series);
      if (reason !== undefined && reason !== null) return absent(reason);
      const requests = growth('code');
      if (requests === 0) return QUIET;
      const value = growth(familyOf({ series: query.series, over: null })) / requests;
      return { kind: 'value', value, observations: Math.round(requests) };
    }
  }
}

function isCounted(what: 'success' | 'error' | 'available', code: number): boolean {
  switch (what) {
    case 'success':
      return !(code >= 500);
    case 'error':
      return code >= 500;
    case 'available':
      return !UNAVAILABLE.has(code);
  }
}
