/**
 * What Cutover puts into the rules of a route beside the weights: for each rule that names both colours a copy of it, right
 * before it, for requests with a header, and a mirror in the rule itself. Both are known again by the fence's annotation, and
 * taken out whole: what is written next is always made from the rules as people wrote them.
 */
import { CutoverError } from '../../../errors.ts';
import type { Exposure } from '../../../plan/types.ts';
import type { Exposed } from '../../types.ts';
import type { Stored } from './fence-annotation.ts';

export type Header = NonNullable<Exposure['header']>;

/** How much of something stands in an object. */
type Extent = 'all' | 'some' | 'none';
export type Standing = Record<'header' | 'mirror', Extent>;
export const NOTHING_STANDS: Standing = { header: 'none', mirror: 'none' };

/** `own`: as Cutover writes it. `changed`: Cutover's, but somebody else has changed it. Null: it is none of Cutover's. */
export type Ownership = 'own' | 'changed' | null;

/** How the rules of one kind of route hold it. */
export interface RuleShape<R> {
  /** The object, for people. */
  name: string;
  /** Whether it is a rule whose weights are written. */
  isShared(rule: R): boolean;
  /** The copy for requests with the header; null: none that the rule is for can have it. `number`: of the copy, from 1. */
  headerRule(rule: R, header: Header, exposed: Exposed, number: number): R | null;
  /** Whether it is such a copy. Asked of any rule. */
  ownsRule(rule: R, header: Header, exposed: Exposed): Ownership;
  /** Null: the rule mirrors already, and Cutover's own could not be told from that. */
  withMirror(rule: R, percent: number, exposed: Exposed): R | null;
  withoutMirror(rule: R, exposed: Exposed): R;
  ownsMirror(rule: R, percent: number, exposed: Exposed): Ownership;
}

/** Throws CUTOVER_ROUTER_OBJECT when there is no rule to which it could be added. */
export function addExposed<R>(rules: readonly R[], exposed: Exposed, shape: RuleShape<R>): R[] {
  const { header, mirror_percent: percent } = exposed;
  let copies = 0;
  const all = rules.flatMap((rule) => {
    if (!shape.isShared(rule)) return [rule];
    const copy = header === null ? null : shape.headerRule(rule, header, exposed, copies + 1);
    if (copy !== null) copies += 1;
    const mirrored = percent === null ? rule : shape.withMirror(rule, percent, exposed);
    if (mirrored === null) throw refused(shape, 'mirrors its requests already; leave out `mirror_percentage`');
    return copy === null ? [mirrored] : [copy, mirrored];
  });
  if (header === null || copies > 0) return all;
  throw refused(shape, `has no rule for both colours that requests with ${header.name}: ${header.value} could come to`);
}

export function removeExposed<R>(rules: readonly R[], exposed: Exposed, shape: RuleShape<R>): R[] {
  const kept = rules.filter((rule) => !isOwn(rule, exposed, shape));
  if (exposed.mirror_percent === null) return kept;
  return kept.map((rule) => (shape.isShared(rule) ? shape.withoutMirror(rule, exposed) : rule));
}

export function standingIn<R>(rules: readonly R[], exposed: Exposed, shape: RuleShape<R>): Standing {
  const { header, mirror_percent: percent } = exposed;
  const shared = removeExposed(rules, exposed, shape).filter(shape.isShared);
  const mirrored = rules.filter((rule) => !isOwn(rule, exposed, shape) && shape.isShared(rule));
  const expected = header === null ? [] : shared.map((rule) => shape.headerRule(rule, header, exposed, 1));
  return {
    header:
      header === null
        ? 'none'
        : extentOf(
            rules.map((rule) => shape.ownsRule(rule, header, exposed)).filter((owned) => owned !== null),
            expected.filter((rule) => rule !== null).length,
          ),
    mirror:
      percent === null
        ? 'none'
        : extentOf(
            mirrored.map((rule) => shape.ownsMirror(rule, percent, exposed)).filter((owned) => owned !== null),
            mirrored.length,
          ),
  };
}

interface Found {
  stored: Stored | null;
  standing: Standing;
}

/** What is left of what was exposed, for a router's state; null: nothing. */
export function standingExposed({ stored, standing }: Found): (Exposed & { partly?: true }) | null {
  const { exposed } = stored ?? {};
  const { header, mirror } = standing;
  if (exposed === undefined || (header === 'none' && mirror === 'none')) return null;
  return {
    colour: exposed.colour,
    header: header === 'none' ? null : exposed.header,
    mirror_percent: mirror === 'none' ? null : exposed.mirror_percent,
    ...(header === 'some' || mirror === 'some' ? { partly: true } : {}),
  };
}

/** Whether the object exposes just what is wanted. */
export function fits({ stored, standing }: Found, wanted: Exposed | null): boolean {
  const before = stored?.exposed;
  const isSameColour = before?.colour === wanted?.colour;
  const header = wanted?.header ?? null;
  const percent = wanted?.mirror_percent ?? null;
  const isSameHeader = before?.header?.name === header?.name && before?.header?.value === header?.value;
  const headerFits = header === null ? standing.header === 'none' : standing.header === 'all' && isSameHeader;
  const isSamePercent = before?.mirror_percent === percent;
  const mirrorFits = percent === null ? standing.mirror === 'none' : standing.mirror === 'all' && isSamePercent;
  return headerFits && mirrorFits && (wanted === null || isSameColour);
}

function isOwn<R>(rule: R, exposed: Exposed, shape: RuleShape<R>): boolean {
  return exposed.header !== null && shape.ownsRule(rule, exposed.header, exposed) !== null;
}

function extentOf(owned: readonly Ownership[], expected: number): Extent {
  if (owned.length === 0) return 'none';
  return owned.length === expected && owned.every((one) => one === 'own') ? 'all' : 'some';
}

function refused<R>({ name }: RuleShape<R>, what: string): CutoverError {
  return new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} ${what}`);
}
