/** The settings of the providers `prometheus` and `web` in a plan. */
import { describe, expect, it } from 'vitest';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import { type BadPlan, expectOneError, load } from './support.ts';

const PROMETHEUS = 'url: "https://p:9090"';
const prometheus = (more: string) => `metrics: {prometheus: {${PROMETHEUS}, ${more}}}`;

const BAD: BadPlan[] = [
  ['an exporter that is none', prometheus('exporter: nodejs'), 'VALUE 1:57 metrics.prometheus.exporter', 'nodejs', ''],
  [
    'a file that is none',
    prometheus('bearer_token_file: token'),
    'VALUE 1:66 metrics.prometheus.bearer_token_file',
    'token',
    'absolute path',
  ],
  ['a label that is none', prometheus('labels: {a-b: x}'), 'VALUE 1:56 metrics.prometheus.labels.a-b', 'a-b', ''],
  [
    'a password and a token',
    prometheus('basic_auth: {username: a, password_file: /p}, bearer_token_file: /t'),
    'VALUE 1:47 metrics.prometheus.basic_auth',
    'a request carries one',
    'Keep one',
  ],
  [
    'a certificate alone',
    prometheus('tls: {cert_file: /c}'),
    'VALUE 1:47 metrics.prometheus.tls',
    'together',
    'key_file',
  ],
  ['a key alone', prometheus('tls: {key_file: /k}'), 'VALUE 1:47 metrics.prometheus.tls', 'together', 'cert_file'],
  [
    'certificates without https',
    'metrics: {prometheus: {url: "http://p:9090", tls: {ca_file: /c}}}',
    'VALUE 1:46 metrics.prometheus.tls',
    'https',
    'leave `tls` out',
  ],
  [
    'scrape beside another router than the local one',
    'router: {gateway_api: {route: a}}\nmetrics: scrape',
    'VALUE 2:10 metrics.scrape',
    'gateway_api',
    'prometheus',
  ],
  [
    'a count of nothing',
    prometheus('counts: {orders: x}'),
    'VALUE 1:64 metrics.prometheus.counts.orders',
    'no query',
    'queries',
  ],
  [
    'a delay that is a mistake',
    prometheus('ingestion_delay: 1h'),
    'DURATION 1:64 metrics.prometheus.ingestion_delay',
    'longer than 5m',
    '5m at most',
  ],
  [
    'what the exporter does not have',
    `${prometheus('exporter: haproxy')}\nobservation: {rollback_triggers: [p99_latency > 1s]}`,
    'UNKNOWN_METRIC 2:35 observation.rollback_triggers[0]',
    'the exporter haproxy has no histogram',
    'metrics.prometheus.queries.p99_latency',
  ],
  [
    'what nobody says where it stands',
    'metrics: {web: {url: "http://w", queries: {error_rate: $.e}}}\nobservation: {rollback_triggers: [business_metric_drop > 5]}',
    'UNKNOWN_METRIC 2:35 observation.rollback_triggers[0]',
    '`business_metric_drop` cannot be measured',
    'metrics.web.queries.business_metric',
  ],
  [
    'a path to many values',
    'metrics: {web: {url: "http://w", queries: {error_rate: "$..e"}}}',
    'VALUE 1:56 metrics.web.queries.error_rate',
    '$..e',
    'JSONPath to one value',
  ],
  [
    'a count of nothing at an endpoint',
    'metrics: {web: {url: "http://w", queries: {error_rate: $.e}, counts: {orders: $.o}}}',
    'VALUE 1:79 metrics.web.counts.orders',
    'no query',
    'queries',
  ],
];

describe('a bad provider gives one located error', () => {
  it.each(BAD)('%s', (_title, text, error, message, hint) => expectOneError(text, error, message, hint));
});

describe('the settings of a provider', () => {
  const all = prometheus(
    'fallback: ["https://q:9090"], headers: {A: b}, basic_auth: {username: a, password_file: /p}, ' +
      'tls: {ca_file: /c, cert_file: /d, key_file: /k, server_name: p}, tenant: t, exporter: spring, ' +
      'labels: {app: $service}, status_label: s, where: "a!=\\"b\\"", kubernetes: {namespace: n, container: c}, ' +
      'queries: {orders: q}, counts: {orders: c}, ingestion_delay: 0s',
  );

  it('are normalised: every default filled, durations in milliseconds', () => {
    const { plan } = load(prometheus('queries: {orders: q}'));
    expect(plan.metrics.queries).toEqual({ orders: 'q' });
    expect(plan.metrics.config).toEqual({
      url: 'https://p:9090',
      fallback: [],
      headers: {},
      basic_auth: null,
      bearer_token_file: null,
      tls: null,
      tenant: null,
      exporter: 'node',
      labels: null,
      status_label: null,
      where: null,
      kubernetes: { pods: '$service-$colour-[a-z0-9]+-[a-z0-9]+' },
      counts: {},
      ingestion_delay_ms: 1_000,
    });
    expect(load(all).plan.metrics.config).toMatchObject({ ingestion_delay_ms: 0 });
    const web = 'metrics: {web: {url: "http://w/$colour", queries: {error_rate: $.e}}}';
    expect(load(web).plan.metrics.config).toEqual({ url: 'http://w/$colour', headers: {}, counts: {} });
  });

  it('are held to the same by the worker, which anybody can send raw JSON', () => {
    const { plan } = load(all);
    expect(checkNormalisedPlan(plan)).toEqual([]);
    const config = { ...plan.metrics.config, exporter: 'nodejs', extra: 1 };
    const problems = checkNormalisedPlan({ ...plan, metrics: { ...plan.metrics, config } });
    expect(problems.join('\n')).toMatch(/metrics\.config\.exporter[\s\S]*extra/);
  });
});
