import { describe, expect, it } from 'vitest';
import { queryOf } from '../../../../src/adapters/metrics/prometheus/query.ts';
import {
  durationOf,
  inString,
  substitute,
  type Variables,
} from '../../../../src/adapters/metrics/prometheus/variables.ts';
import { EXPORTER_NAMES, lackOf } from '../../../../src/plan/exporters.ts';
import { BUILT_IN_METRICS } from '../../../../src/plan/metrics.ts';
import { settings } from '../../../support/prometheus-provider.ts';

const VARIABLES: Variables = { service: 'shop', environment: 'production', colour: 'green', windowMs: 10_000 };
const query = (metric: string, over: Parameters<typeof settings>[1] = {}) =>
  queryOf(metric, settings('http://prometheus', over), VARIABLES);
const text = (...asked: Parameters<typeof query>) => JSON.stringify(query(...asked)).replaceAll('\\"', '"');

describe('the values of a query', () => {
  it('are put in by name, whole names only', () => {
    const all = '$service $environment $colour $other $window $services $1 $__range';
    expect(substitute(all, VARIABLES, (value) => `<${value}>`)).toBe(
      '<shop> <production> <green> <blue> <10s> $services $1 $__range',
    );
  });

  it('cannot end the string that they stand in', () => {
    const odd = { ...VARIABLES, service: 'a"b\\c\nd' };
    expect(substitute('{s="$service"}', odd, inString)).toBe('{s="a\\"b\\\\c\\nd"}');
  });

  it('have a window in seconds where it is whole', () => {
    expect([10_000, 90_000, 1_500].map(durationOf)).toEqual(['10s', '90s', '1500ms']);
  });
});

describe('the built-in queries', () => {
  it.each([
    ['node', 'http_request_duration_seconds_count{service="shop", colour="green"}', 'sum by (status_code)'],
    ['spring', 'http_server_requests_seconds_count{service="shop", colour="green", uri!~"/actuator.*"}', 'by (status)'],
    ['envoy', 'envoy_cluster_upstream_rq{envoy_cluster_name="shop-green"}', 'sum by (envoy_response_code)'],
    ['istio', 'istio_requests_total{reporter="destination", destination_workload="shop-green"}', 'by (response_code)'],
    ['ingress_nginx', 'nginx_ingress_controller_requests{service="shop-green"}', 'sum by (status)'],
    ['nginx', 'nginx_vts_upstream_requests_total{upstream="shop-green"}', 'sum by (code)'],
    ['haproxy', 'haproxy_backend_http_responses_total{proxy="shop-green"}', 'sum by (code)'],
  ] as const)('%s counts %s', (exporter, series, by) => {
    const asked = text('error_rate', { exporter });
    expect(asked).toContain(`last_over_time(${series}[10s])`);
    expect(asked).toContain(by);
  });

  it('the labels, the status and what is no request are the plan’s to name', () => {
    const over = { labels: { app: '$service', slot: 'x-$other' }, status_label: 'code', where: 'path!~"/$colour"' };
    const asked = text('error_rate', over);
    expect(asked).toContain('seconds_count{app="shop", slot="x-blue", path!~"/green"}[');
    expect(asked).toContain('sum by (code)');
    expect(text('business_metric', over)).toContain('business_metric_total{app="shop", slot="x-blue"}[');
  });

  it('all criteria on statuses ask the same, and all quantiles do', () => {
    const texts = (metrics: string[]) =>
      new Set(metrics.map((metric) => JSON.stringify({ ...query(metric), what: '', q: 0, native: '' })));
    expect(texts(['http_success_rate', 'error_rate', 'availability', 'request_rate']).size).toBe(1);
    expect(texts(['p50_latency', 'p95_latency', 'p99_latency']).size).toBe(1);
  });

  it('latencies come out in milliseconds, whatever the exporter counts in', () => {
    expect(query('p95_latency')).toMatchObject({ kind: 'quantile', q: 0.95, unitMs: 1_000 });
    expect(query('p99_latency', { exporter: 'envoy' })).toMatchObject({ q: 0.99, unitMs: 1 });
    expect(text('p99_latency', { exporter: 'istio' })).toContain('istio_request_duration_milliseconds_bucket{');
  });

  it('processor and memory are of pods, over two minutes at least', () => {
    const kubernetes = { namespace: 'prod', pods: '$service-$colour-.+', container: 'app' };
    const scope = 'namespace="prod", pod=~"shop-green-.+", container="app"';
    const cpu = text('cpu_utilization', { kubernetes });
    expect(cpu).toContain(`rate(container_cpu_usage_seconds_total{${scope}}[120s])`);
    expect(cpu).toContain(`kube_pod_container_resource_limits{${scope}, resource="cpu"}`);
    expect(text('memory_utilization')).toContain(
      'avg_over_time(container_memory_working_set_bytes{pod=~"shop-green-[a-z0-9]+-[a-z0-9]+", container!="", container!="POD"}[120s])',
    );
  });

  it('connections to the database are HikariCP’s with Spring, else a gauge of that name', () => {
    expect(text('db_connection_success', { exporter: 'spring' })).toContain(
      'hikaricp_connections_timeout_total{service="shop", colour="green"}',
    );
    expect(query('db_connection_success')).toMatchObject({
      kind: 'gauge',
      text: 'avg(avg_over_time(db_connection_success{service="shop", colour="green"}[10s]))',
    });
    expect(query('queue')).toMatchObject({ kind: 'gauge', needs: ['queue{service="shop", colour="green"}'] });
  });

  it('what an exporter lacks is said, unless the plan has a query for it', () => {
    const lacking = EXPORTER_NAMES.flatMap((exporter) =>
      Object.keys(BUILT_IN_METRICS)
        .filter((metric) => lackOf(exporter, metric) !== null)
        .map((metric) => `${exporter} ${metric}`),
    );
    expect(lacking).toEqual([
      'nginx availability',
      'haproxy availability',
      'haproxy p50_latency',
      'haproxy p95_latency',
      'haproxy p99_latency',
    ]);
    expect(query('p99_latency', { exporter: 'haproxy' })).toEqual({
      kind: 'none',
      reason: "the exporter haproxy has no histogram of durations: define `p99_latency` among the plan's queries",
    });
    expect(query('p99_latency', { exporter: 'haproxy', queries: { p99_latency: 'x' } })).toEqual({
      kind: 'own',
      text: 'x',
      count: null,
    });
  });
});
