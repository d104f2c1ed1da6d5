/** The weighted record sets of one name and type: whose they are, and what they share. */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { CutoverError } from '../../../errors.ts';
import { HIGHEST_DNS_WEIGHT } from '../../../plan/adapters.ts';
import type { Colour, Weights } from '../../../plan/types.ts';
import { sharesOfPair, smallestPair } from '../../../plan/weight-pair.ts';

export type RecordType = 'A' | 'AAAA' | 'CNAME';
const TYPES: readonly string[] = ['A', 'AAAA', 'CNAME'];
const COLOURS: readonly Colour[] = ['blue', 'green'];

export interface RecordPlan {
  /** ID of the hosted zone. */
  zone: string;
  record: string;
  /** Null: every type of A, AAAA and CNAME that the name has. */
  type: RecordType | null;
}

/** A colour may have several sets, each of which weighs the same. */
export interface Group {
  /** `A checkout.example.com`, for people, and the key of its time to live. */
  key: string;
  name: string;
  type: RecordType;
  sets: Record<Colour, ResourceRecordSet[]>;
}

/** Lower-case, with the last dot, and `*` as people write it. */
export function plainName(name: string): string {
  const lower = name.toLowerCase().replaceAll('\\052', '*');
  return lower.endsWith('.') ? lower : `${lower}.`;
}

/** The groups of a name among what its zone holds. Throws CUTOVER_ROUTER_OBJECT unless each is two colours' weighted sets. */
export function groupsOf(
  all: readonly ResourceRecordSet[],
  { record, type }: RecordPlan,
  identifiers: Record<Colour, readonly string[]>,
): Group[] {
  const name = plainName(record);
  const here = all.filter((set) => plainName(set.Name ?? '') === name && TYPES.includes(set.Type ?? ''));
  const types = type === null ? [...new Set(here.map((set) => set.Type as RecordType))] : [type];
  if (types.length === 0) throw wrong(`${name} has no record of type A, AAAA or CNAME`);
  return types.sort().map((one) => {
    const key = `${one} ${name.slice(0, -1)}`;
    const sets = here.filter((set) => set.Type === one);
    const other = sets.find((set) => COLOURS.every((colour) => !isOf(set, identifiers[colour])));
    if (other !== undefined) throw wrong(`${key} has ${described(other)} beside those of the colours`);
    const group = { key, name, type: one, sets: { blue: membersOf('blue'), green: membersOf('green') } };
    const lacking = COLOURS.find((colour) => group.sets[colour].length === 0);
    if (lacking === undefined) return group;
    const named = identifiers[lacking].join(' or ');
    throw wrong(`${key} has no weighted record with the set identifier ${named}, which is ${lacking}'s`);

    function membersOf(colour: Colour): ResourceRecordSet[] {
      return sets.filter((set) => isOf(set, identifiers[colour]));
    }
  });
}

function isOf({ SetIdentifier, Weight }: ResourceRecordSet, identifiers: readonly string[]): boolean {
  return Weight !== undefined && SetIdentifier !== undefined && identifiers.includes(SetIdentifier);
}

function described({ SetIdentifier, Weight }: ResourceRecordSet): string {
  if (SetIdentifier === undefined) return 'a simple record, which has no weight,';
  return `${Weight === undefined ? 'a record without weight' : 'a record'} with the set identifier ${SetIdentifier}`;
}

function wrong(found: string): CutoverError {
  return new CutoverError('CUTOVER_ROUTER_OBJECT', found);
}

export function setsOf({ sets }: Group): ResourceRecordSet[] {
  return [...sets.blue, ...sets.green];
}

function membersOf({ sets }: Group): Weights {
  return { blue: sets.blue.length, green: sets.green.length };
}

/** Route 53 answers with all sets alike when every weight is 0. */
export function sharesOfGroup(group: Group): Weights {
  const total = (colour: Colour) => group.sets[colour].reduce((sum, { Weight = 0 }) => sum + Weight, 0);
  const weights = { blue: total('blue'), green: total('green') };
  return sharesOfPair(weights) ?? (sharesOfPair(membersOf(group)) as Weights);
}

/** Throws CUTOVER_PLAN_ROUTER where no weights up to 255 give the shares. */
export function withShares(group: Group, shares: Weights): Group {
  const now = sharesOfGroup(group);
  if (now.blue === shares.blue && !isAllZero(group)) return group;
  const pair = smallestPair(shares, HIGHEST_DNS_WEIGHT, membersOf(group));
  if (pair === null) {
    const { blue, green } = shares;
    const told = `no weights from 0 to ${HIGHEST_DNS_WEIGHT} give blue ${blue} %, green ${green} % of ${group.key}`;
    throw new CutoverError('CUTOVER_PLAN_ROUTER', told);
  }
  return changed(group, (set, colour) => ({ ...set, Weight: pair[colour] }));
}

function isAllZero(group: Group): boolean {
  return setsOf(group).every(({ Weight }) => Weight === 0);
}

/** The longest that an answer is kept, in seconds; null: an alias, which has that of its target. */
export function ttlOf(group: Group): number | null {
  const all = setsOf(group).flatMap(({ TTL }) => (TTL === undefined ? [] : [TTL]));
  return all.length === 0 ? null : Math.max(...all);
}

/** Aliases stay as they are. */
export function withTtl(group: Group, ttlSeconds: number): Group {
  return changed(group, (set) => (set.TTL === undefined ? set : { ...set, TTL: ttlSeconds }));
}

function changed(group: Group, change: (set: ResourceRecordSet, colour: Colour) => ResourceRecordSet): Group {
  const of = (colour: Colour) => group.sets[colour].map((set) => change(set, colour));
  return { ...group, sets: { blue: of('blue'), green: of('green') } };
}

/** What a colour's answers may hold, as resolvers give it; null: an alias, whose target answers for it. */
export function valuesOf(group: Group, colour: Colour): string[] | null {
  const sets = group.sets[colour];
  if (sets.some(({ AliasTarget }) => AliasTarget !== undefined)) return null;
  return sets.flatMap(({ ResourceRecords = [] }) => ResourceRecords.map(({ Value = '' }) => Value));
}
