/**
 * What the common exporters call the same things: requests by status, and how long they took. The provider `prometheus`
 * asks for these names, and a plan that asks for more than its exporter has is refused when it is read. Pure.
 */

export const EXPORTER_NAMES = ['node', 'spring', 'envoy', 'istio', 'ingress_nginx', 'nginx', 'haproxy'] as const;
export type ExporterName = (typeof EXPORTER_NAMES)[number];

export interface Exporter {
  /** Counter of requests. */
  requests: string;
  /** Its label with the status. */
  status: string;
  /** `codes`: 503. `classes`: 5xx, which cannot tell a gateway's "no instance answered" from an application's error. */
  statuses: 'codes' | 'classes';
  /** Histogram of durations, without `_bucket`, and milliseconds in one of its units; null: it has none. */
  duration: { name: string; unit_ms: number } | null;
  /** Label → value that selects one colour of a service; `$service` and so on are put in. */
  labels: Readonly<Record<string, string>>;
  /** Further matchers of PromQL: what is no request of a client. */
  where: string;
  about: string;
}

const BY_COLOUR = { service: '$service', colour: '$colour' };
const BOTH = '$service-$colour';
const SECONDS = 1_000;

export const EXPORTERS: Readonly<Record<ExporterName, Exporter>> = {
  node: {
    requests: 'http_request_duration_seconds_count',
    status: 'status_code',
    statuses: 'codes',
    duration: { name: 'http_request_duration_seconds', unit_ms: SECONDS },
    labels: BY_COLOUR,
    where: '',
    about: 'prom-client and its middlewares',
  },
  spring: {
    requests: 'http_server_requests_seconds_count',
    status: 'status',
    statuses: 'codes',
    duration: { name: 'http_server_requests_seconds', unit_ms: SECONDS },
    labels: BY_COLOUR,
    where: 'uri!~"/actuator.*"',
    about: 'Spring Boot Actuator, Micrometer',
  },
  envoy: {
    requests: 'envoy_cluster_upstream_rq',
    status: 'envoy_response_code',
    statuses: 'codes',
    duration: { name: 'envoy_cluster_upstream_rq_time', unit_ms: 1 },
    labels: { envoy_cluster_name: BOTH },
    where: '',
    about: "Envoy's /stats/prometheus",
  },
  istio: {
    requests: 'istio_requests_total',
    status: 'response_code',
    statuses: 'codes',
    duration: { name: 'istio_request_duration_milliseconds', unit_ms: 1 },
    labels: { reporter: 'destination', destination_workload: BOTH },
    where: '',
    about: "Istio's standard metrics, told by the destination",
  },
  ingress_nginx: {
    requests: 'nginx_ingress_controller_requests',
    status: 'status',
    statuses: 'codes',
    duration: { name: 'nginx_ingress_controller_request_duration_seconds', unit_ms: SECONDS },
    labels: { service: BOTH },
    where: '',
    about: 'the ingress-nginx controller',
  },
  nginx: {
    requests: 'nginx_vts_upstream_requests_total',
    status: 'code',
    statuses: 'classes',
    duration: { name: 'nginx_vts_upstream_request_duration_seconds', unit_ms: SECONDS },
    labels: { upstream: BOTH },
    where: '',
    about: 'NGINX with nginx-module-vts',
  },
  haproxy: {
    requests: 'haproxy_backend_http_responses_total',
    status: 'code',
    statuses: 'classes',
    duration: null,
    labels: { proxy: BOTH },
    where: '',
    about: "HAProxy's own exporter",
  },
};

/** Why `exporter` has no built-in query for `metric`; null: it has one. */
export function lackOf(exporter: ExporterName, metric: string): string | null {
  const { statuses, duration } = EXPORTERS[exporter];
  if (metric === 'availability' && statuses === 'classes') {
    return `the exporter ${exporter} counts classes of statuses (5xx), not 502, 503 and 504`;
  }
  if (/^p(50|95|99)_latency$/.test(metric) && duration === null) {
    return `the exporter ${exporter} has no histogram of durations`;
  }
  return null;
}
