/**
 * The queries of the `scrape` provider: one line each.
 *
 *   gauge NAME [max|min|mean|sum]   the gauge over the colour's instances (mean), averaged over the window
 *   rate NAME                       increase of the counter, per second
 *   ratio NAME / NAME               increase ÷ increase
 *   percent NAME / NAME             100 × increase ÷ increase
 *   per_request NAME                increase ÷ requests routed to the colour
 *
 * NAME may select labels: `orders_total{status="paid"}`. Names that begin with `cutover_` are read from the router's
 * page, all others from the pages of the colour's instances.
 */
import { CutoverError } from '../../../errors.ts';
import { parsePage } from './page.ts';

export interface Selector {
  /** As written, without spaces at the ends; the identity of what is read. */
  text: string;
  name: string;
  labels: Readonly<Record<string, string>>;
}

export type Over = 'max' | 'min' | 'mean' | 'sum';

export type Query =
  | { kind: 'requests'; what: 'success' | 'error' | 'available' | 'rate' }
  | { kind: 'quantile'; q: number }
  | { kind: 'gauge'; series: Selector; over: Over }
  | { kind: 'rate'; series: Selector }
  | { kind: 'quotient'; over: Selector; under: Selector; factor: number }
  | { kind: 'per_request'; series: Selector };

const BUILT_IN: Readonly<Record<string, Query>> = {
  http_success_rate: { kind: 'requests', what: 'success' },
  error_rate: { kind: 'requests', what: 'error' },
  availability: { kind: 'requests', what: 'available' },
  request_rate: { kind: 'requests', what: 'rate' },
  p50_latency: { kind: 'quantile', q: 0.5 },
  p95_latency: { kind: 'quantile', q: 0.95 },
  p99_latency: { kind: 'quantile', q: 0.99 },
  cpu_utilization: { kind: 'gauge', series: plain('cutover_instance_cpu_percent'), over: 'max' },
  memory_utilization: { kind: 'gauge', series: plain('cutover_instance_memory_percent'), over: 'max' },
};

const NAME = '[A-Za-z_:][\\w:]*(?:\\{[^{}]*\\})?';
const FORM = new RegExp(
  `^(?:gauge\\s+(?<gauge>${NAME})(?:\\s+(?<how>max|min|mean|sum))?` +
    `|(?<one>rate|per_request)\\s+(?<counter>${NAME})` +
    `|(?<two>ratio|percent)\\s+(?<over>${NAME})\\s*/\\s*(?<under>${NAME}))$`,
);

/**
 * The query behind a metric: the plan's own when it has one, else the built-in, else the gauge of that name on the
 * instances. CUTOVER_METRICS_QUERY when the plan's text is none of the forms above.
 */
export function queryOf(metric: string, queries: Readonly<Record<string, string>>): Query {
  if (Object.hasOwn(queries, metric)) return parseQuery(queries[metric] ?? '', metric);
  if (Object.hasOwn(BUILT_IN, metric)) return BUILT_IN[metric] as Query;
  // The name that the business metric has by convention; the plan's query names any other.
  if (metric === 'business_metric') return { kind: 'per_request', series: plain('business_metric_total') };
  return { kind: 'gauge', series: plain(metric), over: 'mean' };
}

export function parseQuery(text: string, metric: string): Query {
  const groups = FORM.exec(text.trim())?.groups;
  if (groups === undefined) {
    throw new CutoverError('CUTOVER_METRICS_QUERY', `the query of ${metric} is not understood: ${text.trim()}`);
  }
  const select = (name: string | undefined) => selector(name ?? '', metric);
  if (groups.gauge !== undefined) {
    return { kind: 'gauge', series: select(groups.gauge), over: (groups.how ?? 'mean') as Over };
  }
  if (groups.one !== undefined) {
    return { kind: groups.one === 'rate' ? 'rate' : 'per_request', series: select(groups.counter) };
  }
  return {
    kind: 'quotient',
    over: select(groups.over),
    under: select(groups.under),
    factor: groups.two === 'percent' ? 100 : 1,
  };
}

export function isOnRouter(series: Selector): boolean {
  return series.name.startsWith('cutover_');
}

function plain(name: string): Selector {
  return { text: name, name, labels: {} };
}

/** A selector is written like a sample without its value, so the page's own parser reads it. */
function selector(text: string, metric: string): Selector {
  try {
    const { layout, values } = parsePage(`${text} 1\n`);
    const series = layout.series[0];
    if (series !== undefined && values[0] === 1) return { text, name: series.name, labels: series.labels };
  } catch {
    // Told below.
  }
  throw new CutoverError('CUTOVER_METRICS_QUERY', `the query of ${metric} selects nothing readable: ${text}`);
}
