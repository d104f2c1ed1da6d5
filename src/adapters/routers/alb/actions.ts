/** The actions of a listener or a rule: which weights they give the two target groups, and what stands beside them. Pure. */
import { createHash } from 'node:crypto';
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';

export type Groups = Readonly<Record<Colour, string>>;

/** A listener's default actions, or those of a rule. */
export interface Place {
  kind: 'listener' | 'rule';
  arn: string;
  actions: readonly Action[];
  /** Of a rule. */
  conditions: readonly RuleCondition[];
}

const COLOURS = ['blue', 'green'] as const;
const DIGEST_DIGITS = 8;

/**
 * The weight of each colour's target group; null: the group is not there, so that nothing checks the health of its targets.
 * Throws CUTOVER_ROUTER_OBJECT unless the place forwards to these two target groups alone.
 */
export function numbersIn(place: Place, groups: Groups): Record<Colour, number | null> {
  const tuples = tuplesOf(forwardOf(place));
  const others = tuples.filter(({ arn }) => arn !== groups.blue && arn !== groups.green);
  if (others.length > 0) {
    const names = others.map(({ arn }) => arn).join(', ');
    throw refusal(
      place,
      `forwards to ${names} beside the target groups of the two colours; it must forward to these alone`,
    );
  }
  const of = (colour: Colour) => tuples.find(({ arn }) => arn === groups[colour])?.weight ?? null;
  const numbers = { blue: of('blue'), green: of('green') };
  if ((numbers.blue ?? 0) + (numbers.green ?? 0) === 0) throw refusal(place, 'gives both colours the weight 0');
  return numbers;
}

/** Only the two weights are others than they were. A client secret is never told, so that it is kept by name. */
export function withNumbers(place: Place, groups: Groups, numbers: Weights): Action[] {
  const forward = forwardOf(place);
  const known = tuplesOf(forward).map(({ arn }) => arn);
  const arns = [...known, ...COLOURS.map((colour) => groups[colour]).filter((arn) => !known.includes(arn))];
  const targetGroups = arns.map((arn) => ({
    TargetGroupArn: arn,
    Weight: arn === groups.blue ? numbers.blue : numbers.green,
  }));
  return place.actions.map((action) => {
    if (action === forward) {
      // The API takes a group by itself, or a list of them.
      const { TargetGroupArn: _, ForwardConfig: config, ...rest } = action;
      return { ...rest, ForwardConfig: { ...config, TargetGroups: targetGroups } };
    }
    const { AuthenticateOidcConfig: oidc } = action;
    if (oidc === undefined) return action;
    return { ...action, AuthenticateOidcConfig: { ...oidc, UseExistingClientSecret: true } };
  });
}

/** How long a client is kept on the target group that it met first, whatever the weights say; 0: it is not. */
export function stickySecondsOf(place: Place): number {
  const { Enabled: enabled, DurationSeconds: seconds } =
    forwardOf(place).ForwardConfig?.TargetGroupStickinessConfig ?? {};
  return enabled === true ? (seconds ?? 0) : 0;
}

/** Changes with every change to what decides traffic here; the same for what is read after a write of `numbers` as before it. */
export function fingerprintOf(place: Place, numbers: Record<Colour, number | null>): string {
  const forward = forwardOf(place);
  const rest = place.actions.map((action) => {
    if (action === forward) return { Type: 'forward', Order: action.Order, sticky: stickySecondsOf(place) };
    const { AuthenticateOidcConfig: oidc } = action;
    if (oidc === undefined) return action;
    const { ClientSecret: _, UseExistingClientSecret: __, ...told } = oidc;
    return { ...action, AuthenticateOidcConfig: told };
  });
  const text = canonical([numbers.blue, numbers.green, rest, place.conditions]);
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
}

function forwardOf(place: Place): Action {
  const [forward, second] = place.actions.filter(({ Type: type }) => type === 'forward');
  if (forward !== undefined && second === undefined) return forward;
  const found = place.actions.map(({ Type: type }) => type).join(', ') || 'none';
  throw refusal(place, `has the actions ${found}; it must forward to the target groups of the two colours`);
}

function tuplesOf({ TargetGroupArn: single, ForwardConfig: config }: Action): { arn: string; weight: number }[] {
  const listed = (config?.TargetGroups ?? []).map(({ TargetGroupArn: arn = '', Weight: weight = 1 }) => ({
    arn,
    weight,
  }));
  if (listed.length > 0 || single === undefined) return listed;
  return [{ arn: single, weight: 1 }];
}

function refusal({ kind, arn }: Place, found: string): CutoverError {
  return new CutoverError('CUTOVER_ROUTER_OBJECT', `the ${kind} ${arn} ${found}`);
}

/** JSON with its keys in order, and without what is undefined. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
