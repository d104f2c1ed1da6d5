/** What the router's page counts, as series. */
import type { Colour } from '../../../plan/types.ts';
import type { Page, PageSample } from './page.ts';
import type { SeriesId } from './series.ts';

export const REQUESTS = 'cutover_router_requests_total';
export const DURATION = 'cutover_router_request_duration_seconds';
export const ROUTER_PAGE = 'router';
export const COLOURS: readonly Colour[] = ['blue', 'green'];

export interface Reading {
  id: SeriesId;
  value: number;
}

/** Requests by status code and latency buckets (not cumulated) of both colours. Throws when it is no router's page. */
export function routerReadings(page: Page): Reading[] {
  if (!page.names.has(REQUESTS)) throw new Error(`the router's page has no ${REQUESTS}`);
  return COLOURS.flatMap((colour) => [...codes(page, colour), ...buckets(page, colour)]);
}

function codes(page: Page, colour: Colour): Reading[] {
  const byCode = new Map<string, number>();
  for (const sample of ofColour(page, REQUESTS, colour)) {
    const code = sample.labels.code ?? '';
    byCode.set(code, (byCode.get(code) ?? 0) + counted(sample));
  }
  return [...byCode].map(([code, value]) => reading(colour, 'code', code, value));
}

function buckets(page: Page, colour: Colour): Reading[] {
  const byBound = new Map<number, number>();
  for (const sample of ofColour(page, `${DURATION}_bucket`, colour)) {
    const bound = sample.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels.le);
    if (Number.isNaN(bound)) throw new Error('the router has a latency bucket without a bound');
    byBound.set(bound, (byBound.get(bound) ?? 0) + counted(sample));
  }
  let below = 0;
  return [...byBound]
    .sort(([a], [b]) => a - b)
    .map(([bound, cumulated]) => {
      const alone = Math.max(0, cumulated - below);
      below = Math.max(below, cumulated);
      return reading(colour, 'le', String(bound), alone);
    });
}

function ofColour(page: Page, name: string, colour: Colour): PageSample[] {
  return page.samples.filter((sample) => sample.name === name && sample.labels.colour === colour);
}

function reading(colour: Colour, family: string, label: string, value: number): Reading {
  return { id: { page: ROUTER_PAGE, colour, family, label }, value };
}

/** A counter's value; throws on one that is none. */
export function counted(sample: PageSample): number {
  if (Number.isFinite(sample.value) && sample.value >= 0) return sample.value;
  throw new Error(`the counter ${sample.name} shows ${sample.value}`);
}
