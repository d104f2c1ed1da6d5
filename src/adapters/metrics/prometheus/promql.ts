/** The built-in queries, as PromQL that every Prometheus since 2.40 and what speaks its language evaluates. */
import { EXPORTERS, type Exporter } from '../../../plan/exporters.ts';
import type { PrometheusSettings } from '../../../plan/schema/normalised-metrics.ts';
import { durationOf, inString, substitute, type Variables } from './variables.ts';

/** A series without a sample for so long is gone (Prometheus' own staleness). */
const STALE_MS = 300_000;
/** The kubelet measures every 10 to 15 s, and is scraped as rarely as every minute. */
const MIN_KUBERNETES_MS = 120_000;
/** Label and value of the element that tells whether the span's begin is covered. */
export const BEGIN = { label: 'cutover', value: 'begin' } as const;

export type Naming = Pick<PrometheusSettings, 'exporter' | 'labels' | 'status_label' | 'where' | 'kubernetes'>;

export function exporterOf({ exporter, status_label }: Naming): Exporter {
  const known = EXPORTERS[exporter];
  return { ...known, status: status_label ?? known.status };
}

/** `name{label="value", …}` of one colour. */
export function selector(name: string, naming: Naming, variables: Variables): string {
  const { labels, where } = exporterOf(naming);
  const chosen = Object.entries(naming.labels ?? labels).map(([label, value]) => {
    return `${label}="${inString(substitute(value, variables, (text) => text))}"`;
  });
  const own = substitute(naming.where ?? where, variables, inString);
  return `${name}{${[...chosen, ...(own === '' ? [] : [own])].join(', ')}}`;
}

/**
 * What each counter of `series` has grown by in the window, as it was counted: the newest sample less the one that stood
 * when the window began. `increase` alone would not do: it guesses what lies beyond the first and last sample, which makes
 * many requests of a few, and it takes a series' first sample for no growth, so that a first burst of errors is not seen.
 * In turn: series that stood then; those that have appeared since, later than others of their page, which began at 0; and
 * those of a new page, from their first sample on. What was restarted is left to `increase`, less its guess.
 */
export function grown(series: string, windowMs: number): string {
  const window = durationOf(windowMs);
  const whole = durationOf(windowMs + recentMs(windowMs));
  const counted = [
    `(${newest(series, windowMs)} - ${stoodThen(series, windowMs)})`,
    `(${appeared(series, windowMs)})`,
    `(max_over_time(${series}[${window}]) - min_over_time(${series}[${window}]) and (${seen(series, windowMs)} > 1))`,
  ].join(' or ');
  const restarted = `increase(${series}[${window}]) * (1 - 1 / count_over_time(${series}[${window}]))`;
  return `((${counted}) unless (resets(${series}[${whole}]) > 0)) or (${restarted})`;
}

/** What stands at series that are in the window for the first time, and others of their page were there before them. */
function appeared(series: string, windowMs: number): string {
  const page = 'job, instance';
  const samples = seen(series, windowMs);
  const later = `${samples} < on (${page}) group_left () max by (${page}) (${samples})`;
  return `(${newest(series, windowMs)} unless ${stoodThen(series, windowMs)}) and (${later})`;
}

function seen(series: string, windowMs: number): string {
  return `count_over_time(${series}[${durationOf(windowMs + recentMs(windowMs))}])`;
}

function newest(series: string, windowMs: number): string {
  return `last_over_time(${series}[${durationOf(recentMs(windowMs))}])`;
}

function stoodThen(series: string, windowMs: number): string {
  return `last_over_time(${series}[${durationOf(recentMs(windowMs))}] offset ${durationOf(windowMs)})`;
}

function recentMs(windowMs: number): number {
  return Math.min(windowMs, STALE_MS);
}

/** Growth by `label`, and how many series stood when the window began. */
export function grownBy(label: string, series: string, windowMs: number): string {
  const begin = `label_replace(count(${stoodThen(series, windowMs)}), "${BEGIN.label}", "${BEGIN.value}", "", "")`;
  return `sum by (${label}) (${grown(series, windowMs)}) or ${begin}`;
}

/** The series of one histogram, as selectors. */
export interface Histogram {
  buckets: string;
  count: string;
  native: string;
}

/**
 * Classic buckets by `le`; where the histogram is a native one, its own element beside or instead of them. By `increase`,
 * whose guess scales all buckets alike, and new ones whole: there are too many for more than two looks each, so which are
 * new is seen at their counts.
 */
export function bucketsBy({ buckets, count, native }: Histogram, windowMs: number): string {
  const window = durationOf(windowMs);
  const fresh = `${newest(buckets, windowMs)} and ignoring (le) (${appeared(count, windowMs)})`;
  return `sum by (le) ((${fresh}) or increase(${buckets}[${window}])) or sum(increase(${native}[${window}]))`;
}

export function nativeQuantile(q: number, native: string, windowMs: number): string {
  return `histogram_quantile(${q}, sum(increase(${native}[${durationOf(windowMs)}])))`;
}

/** One query whose only value is a utilization, and the series without which it has none. */
export interface GaugeQuery {
  text: string;
  needs: string[];
  /** The window that it really looks at. */
  windowMs: number;
}

/** The busiest pod's processor time or the fullest one's memory (cAdvisor), percent of its limit (kube-state-metrics). */
export function utilization(what: 'cpu' | 'memory', naming: Naming, variables: Variables): GaugeQuery {
  const windowMs = Math.max(variables.windowMs, MIN_KUBERNETES_MS);
  const { namespace, pods, container } = naming.kubernetes;
  const escaped = (value: string) => inString(substitute(value, variables, literally));
  const scope = [
    ...(namespace === undefined ? [] : [`namespace="${inString(namespace)}"`]),
    `pod=~"${escaped(pods)}"`,
    container === undefined ? 'container!="", container!="POD"' : `container="${inString(container)}"`,
  ].join(', ');
  const used =
    what === 'cpu' ? `container_cpu_usage_seconds_total{${scope}}` : `container_memory_working_set_bytes{${scope}}`;
  const limit = `kube_pod_container_resource_limits{${scope}, resource="${what}"}`;
  const over = `${what === 'cpu' ? 'rate' : 'avg_over_time'}(${used}[${durationOf(windowMs)}])`;
  const under = `last_over_time(${limit}[${durationOf(STALE_MS)}])`;
  const pod = 'sum by (namespace, pod)';
  return { text: `max(100 * ${pod} (${over}) / ${pod} (${under}))`, needs: [used, limit], windowMs };
}

/** A gauge of the service's own, in the mean over its instances and the window. */
export function meanGauge(name: string, naming: Naming, variables: Variables): GaugeQuery {
  const { windowMs } = variables;
  const series = selector(name, { ...naming, where: '' }, variables);
  return { text: `avg(avg_over_time(${series}[${durationOf(windowMs)}]))`, needs: [series], windowMs };
}

/** HikariCP's connections that were got, percent of those that were asked for. */
export function hikariSuccess(naming: Naming, variables: Variables): GaugeQuery {
  const { windowMs } = variables;
  const of = (name: string) => selector(name, { ...naming, where: '' }, variables);
  const got = of('hikaricp_connections_acquire_seconds_count');
  const failed = of('hikaricp_connections_timeout_total');
  const [good, bad] = [got, failed].map((series) => `sum(${grown(series, windowMs)})`);
  return { text: `100 * ${good} / (${good} + ${bad})`, needs: [got, failed], windowMs };
}

/** A value inside of a regular expression. */
function literally(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
