/** What one metric of one colour takes of CloudWatch. */
import { lackOfCloudWatch } from '../../../plan/cloudwatch.ts';
import { BUILT_IN_SERIES } from '../../../plan/cloudwatch-series.ts';
import { namesIn } from '../../../plan/metric-math.ts';
import type { Definition, Definitions } from './definitions.ts';

/** `alive`: series of which one at least has a data point in every period that CloudWatch has data of. */
export type Need =
  | { kind: 'share'; what: RequestShare; requests: Definition; parts: Definition[]; alive: Definition[] }
  | { kind: 'latency'; value: Definition; requests: Definition; alive: Definition[] }
  | { kind: 'gauge'; value: Definition; alive: Definition[] }
  /** The plan's own; `count` null: nothing tells what was observed. */
  | { kind: 'own'; value: Definition; count: Definition | null; alive: Definition[] }
  | { kind: 'none'; reason: string };

export type RequestShare = 'success' | 'error' | 'available' | 'rate';

/** Metric → share, and the series that are counted for it. */
const SHARES: Readonly<Record<string, { what: RequestShare; parts: readonly string[] }>> = {
  error_rate: { what: 'error', parts: ['responses_5xx', 'connection_errors'] },
  http_success_rate: { what: 'success', parts: ['responses_5xx', 'connection_errors'] },
  availability: { what: 'available', parts: ['responses_2xx', 'responses_3xx', 'responses_4xx', 'responses_5xx'] },
  request_rate: { what: 'rate', parts: [] },
};
const LATENCIES: Readonly<Record<string, string>> = {
  p50_latency: 'response_time_p50',
  p95_latency: 'response_time_p95',
  p99_latency: 'response_time_p99',
};
const GAUGES: Readonly<Record<string, string>> = { cpu_utilization: 'cpu', memory_utilization: 'memory' };

/**
 * A load balancer reports what is not zero, and its requests only while there are some: that nothing is told of a colour
 * means something only where something else of the same minute is told.
 */
const SIGNS_OF_LIFE = ['requests', 'all_requests', 'healthy_hosts', 'unhealthy_hosts'];

export interface OwnQueries {
  queries: Readonly<Record<string, string>>;
  counts: Readonly<Record<string, string>>;
}

export function needOf(metric: string, own: OwnQueries, definitions: Definitions): Need {
  if (Object.hasOwn(own.queries, metric)) return ownNeed(metric, own, definitions);
  const lack = lackOfCloudWatch(metric, definitions.dimensions);
  if (lack !== null) return { kind: 'none', reason: `${lack}: define \`${metric}\` among the plan's queries` };
  const gauge = entryOf(GAUGES, metric);
  if (gauge !== undefined) {
    const value = must(definitions, gauge);
    return { kind: 'gauge', value, alive: [value] };
  }
  const requests = must(definitions, 'requests');
  const alive = signsOfLife(definitions);
  const latency = entryOf(LATENCIES, metric);
  if (latency !== undefined) return { kind: 'latency', value: must(definitions, latency), requests, alive };
  const share = entryOf(SHARES, metric);
  if (share === undefined) return { kind: 'none', reason: `CloudWatch has no built-in series for ${metric}` };
  return {
    kind: 'share',
    what: share.what,
    requests,
    parts: share.parts.map((name) => must(definitions, name)),
    alive,
  };
}

/** All that has to be asked for it, each once. */
export function definitionsIn(need: Need): Definition[] {
  switch (need.kind) {
    case 'none':
      return [];
    case 'share':
      return [need.requests, ...need.parts, ...need.alive];
    case 'latency':
      return [need.value, need.requests, ...need.alive];
    case 'gauge':
      return [need.value];
    case 'own':
      return [need.value, ...(need.count === null ? [] : [need.count]), ...need.alive];
  }
}

function ownNeed(metric: string, { queries, counts }: OwnQueries, definitions: Definitions): Need {
  const text = queries[metric] ?? '';
  const countText = Object.hasOwn(counts, metric) ? (counts[metric] ?? '') : null;
  const value = definitions.expression(text, metric, 'query');
  if (typeof value === 'string') return { kind: 'none', reason: value };
  const count = countText === null ? null : definitions.expression(countText, metric, 'count');
  if (typeof count === 'string') return { kind: 'none', reason: `the count: ${count}` };
  const isBalanced = namesIn(`${text} ${countText ?? ''}`).some((name) => isOfGroup(name));
  const signs = isBalanced && definitions.series('requests') !== null ? signsOfLife(definitions) : [];
  return { kind: 'own', value, count, alive: [value, ...(count === null ? [] : [count]), ...signs] };
}

function isOfGroup(name: string): boolean {
  return entryOf(BUILT_IN_SERIES, name)?.some(({ dimensions }) => dimensions.includes('TargetGroup')) === true;
}

function signsOfLife(definitions: Definitions): Definition[] {
  return SIGNS_OF_LIFE.map((name) => must(definitions, name));
}

function must(definitions: Definitions, name: string): Definition {
  const found = definitions.series(name);
  if (found === null) throw new Error(`the series ${name} has no dimensions, which was looked at before`);
  return found;
}

function entryOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
