/**
 * What each adapter can do, known without reaching it: what it cannot do is refused when the plan is read. Pure.
 */
import { parseDuration } from './duration.ts';

export type AdapterRole = 'platform' | 'router' | 'metrics';
export const ADAPTER_ROLES: readonly AdapterRole[] = ['platform', 'router', 'metrics'];

interface CommonDescriptor {
  kind: string;
  /** False: the schema knows it, this version cannot run it. */
  built: boolean;
}
export interface PlatformDescriptor extends CommonDescriptor {
  role: 'platform';
}
export interface RouterDescriptor extends CommonDescriptor {
  role: 'router';
  /** False: a colour has all of the traffic or none. */
  partial_traffic: boolean;
  /** Requests with a header of the plan's can be sent to a colour whatever its share. */
  header_routing: boolean;
  /** Copies of requests can be sent to a colour, and their answers dropped. */
  mirroring: boolean;
  /** Percent; no colour with traffic can have less. */
  smallest_share: number;
  /** Writes are refused atomically when the revision is not the expected one. */
  conditional_writes: boolean;
  /** Shares are given in the proportion of whole numbers up to this one; null: any share that a plan can name. */
  highest_weight: number | null;
  /** The soonest that new requests follow a write everywhere; null: no bound is known from the plan. */
  convergence_floor_ms: (config: Readonly<Record<string, unknown>>) => number | null;
}
export interface MetricsDescriptor extends CommonDescriptor {
  role: 'metrics';
  min_resolution_ms: number;
  /** Answers for spans before anybody asked, so that a gap can be judged afterwards. */
  history: boolean;
}
export type AdapterDescriptor = PlatformDescriptor | RouterDescriptor | MetricsDescriptor;

const SECOND_MS = 1_000;
export const DEFAULT_DNS_TTL_MS = 60 * SECOND_MS;
/** Target groups have weights from 1 to 999. */
export const SMALLEST_ALB_SHARE = 0.1;
/** In which Route 53 ordinarily has told all of its name servers. */
export const DNS_PROPAGATION_MS = 60 * SECOND_MS;
export const HIGHEST_DNS_WEIGHT = 255;

const noFloor = (): null => null;
const floorOf = (ms: number) => () => ms;

/** Resolvers keep an answer for its TTL: until then old clients go where they went. */
function dnsFloor(config: Readonly<Record<string, unknown>>): number {
  return (typeof config.ttl === 'string' ? parseDuration(config.ttl) : null) ?? DEFAULT_DNS_TTL_MS;
}

/** Clients stay on the target group that their cookie names, whatever the weights say. */
function stickyFloor({ sticky_for: stickyFor }: Readonly<Record<string, unknown>>): number | null {
  return typeof stickyFor === 'string' ? parseDuration(stickyFor) : null;
}

function platform(kind: string, built = false): PlatformDescriptor {
  return { kind, role: 'platform', built };
}

function router(kind: string, rest: Partial<Omit<RouterDescriptor, 'kind' | 'role'>> = {}): RouterDescriptor {
  const common = {
    built: false,
    partial_traffic: true,
    header_routing: false,
    mirroring: false,
    smallest_share: 0,
    conditional_writes: true,
    highest_weight: null,
    convergence_floor_ms: noFloor,
  };
  return { kind, role: 'router', ...common, ...rest };
}

function metrics(kind: string, rest: Partial<Omit<MetricsDescriptor, 'kind' | 'role'>> = {}): MetricsDescriptor {
  return { kind, role: 'metrics', built: false, min_resolution_ms: SECOND_MS, history: true, ...rest };
}

/**
 * Conditional writes: Kubernetes objects have `resourceVersion`; Route 53 refuses a batch that deletes other record sets than
 * those that stand. ELBv2 accepts any write, and so do the runtime interfaces of Envoy, NGINX and HAProxy.
 */
export const DESCRIPTORS: readonly AdapterDescriptor[] = [
  platform('local', true),
  platform('kubernetes', true),
  platform('ecs', true),
  platform('asg', true),
  router('local', { built: true, header_routing: true, convergence_floor_ms: floorOf(0) }),
  router('service_selector', { built: true, partial_traffic: false }),
  router('gateway_api', { built: true, header_routing: true, mirroring: true }),
  router('istio', { built: true, header_routing: true, mirroring: true }),
  router('ingress_nginx', { built: true }),
  router('traefik', { built: true }),
  router('alb', {
    built: true,
    conditional_writes: false,
    smallest_share: SMALLEST_ALB_SHARE,
    convergence_floor_ms: stickyFloor,
  }),
  router('nlb', { built: true, conditional_writes: false, partial_traffic: false }),
  router('route53', { built: true, highest_weight: HIGHEST_DNS_WEIGHT, convergence_floor_ms: dnsFloor }),
  router('envoy', { conditional_writes: false }),
  router('nginx', { conditional_writes: false }),
  router('haproxy', { conditional_writes: false }),
  metrics('scrape', { built: true, min_resolution_ms: 250, history: false }),
  metrics('prometheus', { built: true }),
  metrics('cloudwatch', { built: true }),
  metrics('web', { built: true, history: false }),
];

export function adapterKinds(role: AdapterRole): string[] {
  return DESCRIPTORS.filter((descriptor) => descriptor.role === role).map(({ kind }) => kind);
}

/** Null: no adapter of that name. */
export function findDescriptor<R extends AdapterRole>(role: R, kind: string) {
  type Found = Extract<AdapterDescriptor, { role: R }>;
  const isIt = (descriptor: AdapterDescriptor): descriptor is Found =>
    descriptor.role === role && descriptor.kind === kind;
  return DESCRIPTORS.find(isIt) ?? null;
}
