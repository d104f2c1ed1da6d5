/** HTTP routes of a VirtualService, and what Cutover exposes in them. */
import type { Colour } from '../../../plan/types.ts';
import type { Header, Ownership, RuleShape } from './exposed-rules.ts';

export interface Place {
  host: string;
  subset?: string;
}
export interface Destination {
  destination: Place;
  /** Absent: all of it, where it is the only one; else 0. */
  weight?: number;
}
type HeaderMatches = Record<string, { exact?: string }>;
interface Match {
  headers?: HeaderMatches;
  withoutHeaders?: HeaderMatches;
}
export interface HttpRoute {
  name?: string;
  match?: Match[];
  route?: Destination[];
  mirror?: Place;
  mirrorPercentage?: { value?: number };
  mirrors?: unknown[];
}
/** What the copies are named that lead requests with a header to the candidate. */
const OWN_ROUTE = 'cutover-header-';

/** Routes are tried in their order: a copy stands right before its route, and takes from no other. */
export function routeShape(
  name: string,
  colourAt: (place: Place) => Colour | null,
  isShared: (one: HttpRoute) => boolean,
): RuleShape<HttpRoute> {
  return {
    name,
    isShared,
    headerRule(one, header, { colour }, number) {
      const match = (one.match ?? [{}]).flatMap((each) => refined(each, header));
      const candidate = (one.route ?? []).filter(({ destination }) => colourAt(destination) === colour);
      if (match.length === 0) return null;
      return {
        ...one,
        name: `${OWN_ROUTE}${number}`,
        match,
        route: candidate.map((destination) => ({ ...destination, weight: 100 })),
      };
    },
    ownsRule({ name: own = '', match = [], route = [] }, header, { colour }): Ownership {
      if (!own.startsWith(OWN_ROUTE)) return null;
      const [only] = route;
      const leadsThere = route.length === 1 && only !== undefined && colourAt(only.destination) === colour;
      const isFor = match.length > 0 && match.every((each) => exactIn(each.headers, header) === header.value);
      return leadsThere && isFor ? 'own' : 'changed';
    },
    withMirror(one, percent, { colour }) {
      if (one.mirror !== undefined || one.mirrors !== undefined) return null;
      const candidate = (one.route ?? []).find(({ destination }) => colourAt(destination) === colour);
      if (candidate === undefined) return null;
      return { ...one, mirror: candidate.destination, mirrorPercentage: { value: percent } };
    },
    withoutMirror(one, { colour }) {
      if (one.mirror === undefined || colourAt(one.mirror) !== colour) return one;
      const { mirror: _mirror, mirrorPercentage: _percentage, ...rest } = one;
      return rest;
    },
    ownsMirror({ mirror, mirrorPercentage }, percent, { colour }): Ownership {
      if (mirror === undefined || colourAt(mirror) !== colour) return null;
      return mirrorPercentage?.value === percent ? 'own' : 'changed';
    },
  };
}

/** None when no request could have both what the match asks for and the header. Istio wants its names in small letters. */
function refined(match: Match, header: Header): Match[] {
  const name = header.name.toLowerCase();
  const has = (headers: HeaderMatches = {}) => Object.keys(headers).some((key) => key.toLowerCase() === name);
  if (has(match.withoutHeaders)) return [];
  if (!has(match.headers)) return [{ ...match, headers: { ...match.headers, [name]: { exact: header.value } } }];
  return exactIn(match.headers, header) === header.value ? [match] : [];
}

/** Null: the header is not asked for, or not with just one value. */
function exactIn(headers: HeaderMatches = {}, { name }: Header): string | null {
  const key = Object.keys(headers).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? null : (headers[key]?.exact ?? null);
}
