/** The rules of an Ingress, as far as they name the Services of the two colours. Pure. */
import type { V1Ingress, V1IngressRule, V1ServiceBackendPort } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Colour } from '../../../plan/types.ts';
import { colourNamed } from './weighted.ts';

export type Services = Record<Colour, string>;

/** A host that nobody has, under which a canary Ingress names Services that ingress-nginx is to know. */
export const KEPT_HOST = 'upstreams.cutover.invalid';

/** Paths and the default backend; without what `KEPT_HOST` has. */
export function servicesNamed({ spec }: V1Ingress): string[] {
  const rules = (spec?.rules ?? []).filter(({ host }) => host !== KEPT_HOST);
  const backends = rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend));
  return [...backends, spec?.defaultBackend].flatMap((backend) => backend?.service?.name ?? []);
}

/** Null: its paths name neither colour. Throws CUTOVER_ROUTER_OBJECT when they name both. */
export function colourOf(ingress: V1Ingress, services: Services, name: string): Colour | null {
  const found = new Set(servicesNamed(ingress).flatMap((service) => colourNamed(services, service) ?? []));
  if (found.size < 2) return [...found][0] ?? null;
  const [blue, green] = [services.blue, services.green];
  throw new CutoverError(
    'CUTOVER_ROUTER_OBJECT',
    `${name} names the Services of both colours, ${blue} and ${green}; all of its paths must name the same one`,
  );
}

/** The same rules, with every path that names a colour on `colour`. */
export function movedTo(ingress: V1Ingress, colour: Colour, services: Services): V1IngressRule[] {
  return (ingress.spec?.rules ?? []).map((rule) => {
    if (rule.http === undefined) return rule;
    const paths = rule.http.paths.map((path) => {
      const { service } = path.backend;
      if (service === undefined || colourNamed(services, service.name) === null) return path;
      return { ...path, backend: { ...path.backend, service: { ...service, name: services[colour] } } };
    });
    return { ...rule, http: { ...rule.http, paths } };
  });
}

/** The hosts and paths of `main` that name a colour, on `colour`. */
export function colourRules(main: V1Ingress, colour: Colour, services: Services): V1IngressRule[] {
  return movedTo(main, colour, services).flatMap((rule) => {
    const paths = (rule.http?.paths ?? []).filter(({ backend }) => backend.service?.name === services[colour]);
    return paths.length === 0 ? [] : [{ ...rule, http: { paths } }];
  });
}

/** Both colours under KEPT_HOST, by every port that `main` names them with. */
export function keptRule(main: V1Ingress, services: Services): V1IngressRule {
  const backends = colourRules(main, 'blue', services).flatMap(({ http }) => http?.paths ?? []);
  const ports = distinct(backends.flatMap(({ backend }) => backend.service?.port ?? []));
  const paths = ports.flatMap((port) =>
    [services.blue, services.green].map((name) => ({
      path: `/${KEPT_HOST}/${name}/${port.name ?? port.number}`,
      pathType: 'Exact',
      backend: { service: { name, port } },
    })),
  );
  return { host: KEPT_HOST, http: { paths } };
}

function distinct(ports: readonly V1ServiceBackendPort[]): V1ServiceBackendPort[] {
  return [...new Map(ports.map((port) => [String(port.name ?? port.number), port])).values()];
}
