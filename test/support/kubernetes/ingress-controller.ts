/**
 * What ingress-nginx (1.x) makes of Ingresses, by its own rules as far as they decide which Service answers: an upstream for
 * each Service that a path names, described by the oldest Ingress that names it; locations of the main Ingresses; canaries
 * merged into upstreams where host and path are the same. Endpoints, headers and cookies are left out.
 */
import type { V1Ingress } from '@kubernetes/client-node';

interface Upstream {
  /** Of a canary, and of no location. */
  noServer: boolean;
  weight: number;
  total: number;
  alternatives: string[];
}

export interface RoutingTable {
  /** Percent of each Service; null: no location, 404. */
  routed(host: string, path: string): Record<string, number> | null;
  /** Services whose endpoints NGINX knows. */
  known: string[];
  /** Services that a canary takes a share for, be it 0. */
  canaries: string[];
  /** Paths that are served only since a canary has them, and to whom. */
  ofCanaries: { at: string; allowed: string }[];
}

const annotation = ({ metadata }: V1Ingress, key: string) =>
  metadata?.annotations?.[`nginx.ingress.kubernetes.io/${key}`];
const isCanary = (ingress: V1Ingress) => annotation(ingress, 'canary') === 'true';

export function routingTable(ingresses: readonly V1Ingress[]): RoutingTable {
  const sorted = [...ingresses].sort(byAge);
  const upstreams = new Map<string, Upstream>();
  for (const ingress of sorted) {
    for (const { service } of pathsOf(ingress)) {
      if (upstreams.has(service)) continue;
      const own = isCanary(ingress);
      const weight = own ? Number(annotation(ingress, 'canary-weight') ?? 0) : 0;
      const total = Math.max(100, own ? Number(annotation(ingress, 'canary-weight-total') ?? 0) : 0);
      upstreams.set(service, { noServer: own, weight, total, alternatives: [] });
    }
  }
  const hosts = new Set(sorted.filter((one) => !isCanary(one)).flatMap((one) => pathsOf(one).map(({ host }) => host)));
  const locations = new Map<string, string>();
  const ofCanaries: RoutingTable['ofCanaries'] = [];
  for (const ingress of sorted) {
    for (const { host, path, service } of pathsOf(ingress)) {
      const at = `${hosts.has(host) ? host : '_'} ${path}`;
      if (upstreams.get(service)?.noServer !== false || locations.has(at)) continue;
      locations.set(at, service);
      const allowed = annotation(ingress, 'whitelist-source-range') ?? 'everybody';
      if (isCanary(ingress)) ofCanaries.push({ at, allowed });
    }
  }
  for (const ingress of sorted.filter(isCanary)) {
    for (const { at, host, service } of pathsOf(ingress)) merge(at, host, service);
  }

  function merge(at: string, host: string, service: string): void {
    if (!hosts.has(host) || !upstreams.has(service)) return;
    const isPrimary = [...locations].some(([where, its]) => where.startsWith(`${host} `) && its === service);
    if (isPrimary) return;
    const primary = upstreams.get(locations.get(at) ?? '');
    if (primary === undefined || primary.noServer) return void upstreams.delete(service);
    if (!primary.alternatives.includes(service)) primary.alternatives.push(service);
  }

  return {
    known: [...upstreams.keys()].sort(),
    ofCanaries,
    canaries: [...new Set([...upstreams.values()].flatMap(({ alternatives }) => alternatives))].sort(),
    routed(host, path) {
      const service = locations.get(`${host} ${path}`);
      if (service === undefined) return null;
      const [alternative] = upstreams.get(service)?.alternatives ?? [];
      const policy = alternative === undefined ? undefined : upstreams.get(alternative);
      const share = policy === undefined ? 0 : Math.min(100, (100 * policy.weight) / policy.total);
      const all = { [service]: 100 - share, ...(alternative === undefined ? {} : { [alternative]: share }) };
      return Object.fromEntries(Object.entries(all).filter(([, percent]) => percent > 0));
    },
  };
}

function pathsOf({ spec }: V1Ingress) {
  return (spec?.rules ?? []).flatMap(({ host = '_', http }) =>
    (http?.paths ?? []).map(({ path, backend }) => ({
      at: `${host} ${path}`,
      path,
      host,
      service: backend.service?.name ?? '',
    })),
  );
}

/** Of two of the same second the one whose name is greater comes first. */
function byAge(a: V1Ingress, b: V1Ingress): number {
  const time = ({ metadata }: V1Ingress) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  return time(a) - time(b) || ((a.metadata?.name ?? '') > (b.metadata?.name ?? '') ? -1 : 1);
}
