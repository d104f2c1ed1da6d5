/** Rules of the Gateway API, and what Cutover exposes in them. */
import type { Colour } from '../../../plan/types.ts';
import type { Exposed } from '../../types.ts';
import type { Header, Ownership, RuleShape } from './exposed-rules.ts';

export interface BackendRef {
  name: string;
  /** Absent: 1. */
  weight?: number;
  filters?: unknown;
}
interface HeaderMatch {
  /** Absent: Exact. */
  type?: string;
  name: string;
  value: string;
}
interface Match {
  headers?: HeaderMatch[];
}
/** Of requests of the type RequestMirror; others are passed on as they are. */
interface Filter {
  type: string;
  requestMirror?: {
    backendRef: { name: string };
    percent?: number;
    fraction?: { numerator: number; denominator?: number };
  };
}
export interface Rule {
  name?: string;
  matches?: Match[];
  filters?: Filter[];
  backendRefs?: BackendRef[];
}
/**
 * A copy has the matches of its rule, each with the header, so it goes before the rule and no other (the more headers, the
 * more specific). It has no name: clusters before version 1.4 of the Gateway API would drop it.
 */
export function ruleShape(
  name: string,
  services: Record<Colour, string>,
  isShared: (rule: Rule) => boolean,
): RuleShape<Rule> {
  return {
    name,
    isShared,
    headerRule({ name: _, ...rule }, header, { colour }) {
      const matches = (rule.matches ?? [{}]).flatMap((match) => refined(match, header));
      const candidate = (rule.backendRefs ?? []).filter((ref) => ref.name === services[colour]);
      if (matches.length === 0) return null;
      return { ...rule, matches, backendRefs: candidate.map((ref) => ({ ...ref, weight: 1 })) };
    },
    ownsRule({ matches = [], backendRefs = [] }, header, { colour }): Ownership {
      const [only] = backendRefs;
      if (backendRefs.length !== 1 || only?.name !== services[colour]) return null;
      if (matches.length === 0 || !matches.every((match) => headerIn(match, header) !== null)) return null;
      return matches.every((match) => isExact(headerIn(match, header), header)) ? 'own' : 'changed';
    },
    withMirror(rule, percent, exposed) {
      const { filters = [] } = rule;
      if (filters.some((filter) => isMirror(filter, services, exposed))) return null;
      const candidate = (rule.backendRefs ?? []).find((ref) => ref.name === services[exposed.colour]);
      if (candidate === undefined) return null;
      const { weight: _weight, filters: _filters, ...backendRef } = candidate;
      return { ...rule, filters: [...filters, mirrorTo(backendRef, percent)] };
    },
    withoutMirror(rule, exposed) {
      const { filters = [], ...rest } = rule;
      const kept = filters.filter((filter) => !isMirror(filter, services, exposed));
      if (kept.length === filters.length) return rule;
      return kept.length === 0 ? rest : { ...rest, filters: kept };
    },
    ownsMirror({ filters = [] }, percent, exposed): Ownership {
      const mirrors = filters.filter((filter) => isMirror(filter, services, exposed));
      const [only] = mirrors;
      if (only === undefined) return null;
      return mirrors.length === 1 && percentOf(only) === percent ? 'own' : 'changed';
    },
  };
}

/** None when no request could have both what the match asks for and the header: only the first of a name counts. */
function refined(match: Match, header: Header): Match[] {
  const asked = headerIn(match, header);
  if (asked === null) return [{ ...match, headers: [...(match.headers ?? []), { type: 'Exact', ...header }] }];
  return isExact(asked, header) ? [match] : [];
}

function headerIn({ headers = [] }: Match, { name }: Header): HeaderMatch | null {
  return headers.find((one) => one.name.toLowerCase() === name.toLowerCase()) ?? null;
}

function isExact(found: HeaderMatch | null, { value }: Header): boolean {
  return found !== null && (found.type ?? 'Exact') === 'Exact' && found.value === value;
}

function isMirror({ requestMirror }: Filter, services: Record<Colour, string>, { colour }: Exposed): boolean {
  return requestMirror?.backendRef.name === services[colour];
}

/** `percent` is a whole number; both are in the standard channel since version 1.3. */
function mirrorTo(backendRef: { name: string }, percent: number): Filter {
  const part = Number.isInteger(percent)
    ? { percent }
    : { fraction: { numerator: Math.round(percent * 100), denominator: 10_000 } };
  return { type: 'RequestMirror', requestMirror: { backendRef, ...part } };
}

function percentOf({ requestMirror }: Filter): number {
  const { percent, fraction } = requestMirror ?? {};
  if (fraction === undefined) return percent ?? 100;
  return (100 * fraction.numerator) / (fraction.denominator ?? 100);
}
