/** Assembly: whether the credentials in use may do all that a plan's adapters ask of AWS. Changes nothing. */
import { bounded } from '../../activities/clock.ts';
import type { Plan } from '../../plan/types.ts';
import { elsewhereOf, type Identity, identify, learn } from './known.ts';
import { probeReads } from './probes.ts';
import { type AwsRequest, adaptersOf, requestsOf } from './resources.ts';
import { type Denial, simulate } from './simulate.ts';

export interface AwsAccess {
  identity: Identity;
  /** Regions and accounts that the plan's load balancers are in instead. */
  elsewhere: string[];
  requests: number;
  /** Each action of a resource once. */
  refused: RefusedAction[];
  /** Why nothing was simulated, so that only the actions that read were tried; null: all were simulated. */
  notSimulated: string | null;
}

export interface RefusedAction {
  action: string;
  /** What comes of a deployment without it; null: it fails. */
  otherwise: string | null;
  /** Why it is not known for certain; null: it is. */
  doubt: string | null;
  /** Of a policy; it would allow it. */
  statement: { Effect: 'Allow'; Action: string; Resource: string | string[] };
}

const LIMIT_MS = 30_000;
const UNKNOWN_RESOURCE = 'what it is about cannot be read, so that any resource was asked for';

/** Null: the plan asks nothing of AWS. Errors of AwsService. */
export async function askAwsAccess(plan: Plan): Promise<AwsAccess | null> {
  if (adaptersOf(plan).length === 0) return null;
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    const identity = await identify(plan, signal);
    const requests = requestsOf(plan, await learn(plan, identity, signal));
    const common = { identity, elsewhere: elsewhereOf(plan, identity), requests: requests.length };
    const simulated = await simulate(identity.arn, identity.region, requests, signal);
    if (simulated.kind === 'denied') {
      return { ...common, refused: onePerStatement(simulated.denials.map(judged)), notSimulated: null };
    }
    const tried = await probeReads(plan, identity.region, signal);
    const refused = tried.map(({ action, resource }) =>
      refusedOf(action, [resource], otherwiseIn(requests, action), null),
    );
    return { ...common, refused, notSimulated: simulated.why };
  });
}

function judged({ request, resources, missing }: Denial): RefusedAction {
  const doubt =
    request.resources === null
      ? UNKNOWN_RESOURCE
      : missing.length > 0
        ? `its policies ask for ${missing.join(', ')}, which only a real request has`
        : null;
  return refusedOf(request.action, resources, request.otherwise, doubt);
}

function refusedOf(
  action: string,
  resources: readonly string[],
  otherwise: string | null,
  doubt: string | null,
): RefusedAction {
  const [only = '*', ...more] = resources;
  const statement = { Effect: 'Allow' as const, Action: action, Resource: more.length === 0 ? only : [only, ...more] };
  return { action, otherwise, doubt, statement };
}

/** Two adapters may ask for the same; what stops a deployment counts more than what it can do without. */
function onePerStatement(refused: readonly RefusedAction[]): RefusedAction[] {
  const kept = new Map<string, RefusedAction>();
  for (const one of refused) {
    const key = JSON.stringify(one.statement);
    const known = kept.get(key);
    if (known === undefined || known.otherwise !== null) kept.set(key, one);
  }
  return [...kept.values()];
}

function otherwiseIn(requests: readonly AwsRequest[], action: string): string | null {
  const own = requests.filter((request) => request.action === action);
  return own.some(({ otherwise }) => otherwise === null) ? null : (own[0]?.otherwise ?? null);
}
