/** What the router's page counts, as series. */
import type { Colour } from '../../../plan/types.ts';
import type { Page, PageLayout } from './page.ts';
import type { Readings, SeriesId } from './series.ts';

export const REQUESTS = 'cutover_router_requests_total';
export const DURATION = 'cutover_router_request_duration_seconds';
export const ROUTER_PAGE = 'router';
export const COLOURS: readonly Colour[] = ['blue', 'green'];

/** Where a layout shows what a series counts. */
interface Slot {
  id: SeriesId;
  /** Samples that are added up. */
  samples: number[];
  /** A bucket that follows another of its colour: it is counted without that one. */
  isCumulated: boolean;
}

/**
 * Requests by status code and latency buckets (not cumulated) of both colours. Throws when it is no router's page. The
 * readings of one layout have the same ids, as one object.
 */
export function createRouterReader(): (page: Page) => Readings {
  let layout: PageLayout | null = null;
  let slots: Slot[] = [];
  let ids: SeriesId[] = [];
  return (page) => {
    if (page.layout !== layout) {
      slots = slotsOf(page.layout);
      ids = slots.map(({ id }) => id);
      layout = page.layout;
    }
    return { ids, values: countAll(slots, page) };
  };
}

function countAll(slots: readonly Slot[], page: Page): Float64Array {
  const values = new Float64Array(slots.length);
  let below = 0;
  for (let index = 0; index < slots.length; index += 1) {
    const { id, samples, isCumulated } = slots[index] as Slot;
    let sum = 0;
    for (const sample of samples) sum += counted(page, sample);
    if (id.family === 'le') {
      if (!isCumulated) below = 0;
      values[index] = Math.max(0, sum - below);
      below = Math.max(below, sum);
    } else {
      values[index] = sum;
    }
  }
  return values;
}

function slotsOf(layout: PageLayout): Slot[] {
  if (!layout.names.has(REQUESTS)) throw new Error(`the router's page has no ${REQUESTS}`);
  return COLOURS.flatMap((colour) => [...codes(layout, colour), ...buckets(layout, colour)]);
}

function codes(layout: PageLayout, colour: Colour): Slot[] {
  const byCode = new Map<string, number[]>();
  for (const index of ofColour(layout, REQUESTS, colour)) {
    const code = layout.series[index]?.labels.code ?? '';
    byCode.set(code, [...(byCode.get(code) ?? []), index]);
  }
  return [...byCode].map(([code, samples]) => ({ id: idOf(colour, 'code', code), samples, isCumulated: false }));
}

function buckets(layout: PageLayout, colour: Colour): Slot[] {
  const byBound = new Map<number, number[]>();
  for (const index of ofColour(layout, `${DURATION}_bucket`, colour)) {
    const le = layout.series[index]?.labels.le;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    if (Number.isNaN(bound)) throw new Error('the router has a latency bucket without a bound');
    byBound.set(bound, [...(byBound.get(bound) ?? []), index]);
  }
  return [...byBound]
    .sort(([a], [b]) => a - b)
    .map(([bound, samples], place) => ({ id: idOf(colour, 'le', String(bound)), samples, isCumulated: place > 0 }));
}

function ofColour({ series }: PageLayout, name: string, colour: Colour): number[] {
  return series.flatMap((one, index) => (one.name === name && one.labels.colour === colour ? [index] : []));
}

function idOf(colour: Colour, family: string, label: string): SeriesId {
  return { page: ROUTER_PAGE, colour, family, label };
}

/** A counter's value; throws on one that is none. */
export function counted({ layout, values }: Page, index: number): number {
  const value = values[index] ?? Number.NaN;
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`the counter ${layout.series[index]?.name} shows ${value}`);
}
