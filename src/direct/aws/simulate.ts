/** What IAM says that somebody may do, without doing it. */
import type { ContextEntry } from '@aws-sdk/client-iam';
import { everyPage, someAtOnce } from '../../adapters/aws/paging.ts';
import { awsService } from '../../adapters/aws/service.ts';
import { CutoverError } from '../../errors.ts';
import type { AwsRequest } from './resources.ts';

export type Simulated =
  | { kind: 'denied'; denials: Denial[] }
  /** Nothing was simulated. */
  | { kind: 'impossible'; why: string };

export interface Denial {
  request: AwsRequest;
  /** That it is not allowed on. */
  resources: string[];
  /** Condition keys that policies ask for and that are not known. */
  missing: string[];
}

interface Question {
  resource: string;
  context: AwsRequest['context'];
  actions: Set<string>;
}

interface Decision {
  allowed: boolean;
  missing: string[];
}

/** IAM lets few of these through at once. */
const AT_ONCE = 4;
/** The default of SimulatePrincipalPolicy, which has no `*` of its own for what knows no narrower resource. */
const ANY = '*';

/** `arn` as STS tells it. CUTOVER_AWS_CREDENTIALS; whatever else goes wrong makes it impossible. */
export async function simulate(
  arn: string,
  region: string,
  requests: readonly AwsRequest[],
  signal: AbortSignal,
): Promise<Simulated> {
  if (arn.endsWith(':root')) return { kind: 'denied', denials: [] };
  try {
    const principal = await principalOf(arn, region, signal);
    if (principal === null) return { kind: 'impossible', why: `${arn} is neither a user nor a role of IAM` };
    const decisions = await decide(principal, region, requests, signal);
    const denials = requests.map((request) => denialOf(request, decisions)).filter((denial) => denial !== null);
    return { kind: 'denied', denials };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CutoverError) || error.code === 'CUTOVER_AWS_CREDENTIALS') throw error;
    return { kind: 'impossible', why: `${error.details.action}: ${error.details.error ?? error.code}` };
  }
}

/** Whose policies count. Null: somebody of whom IAM simulates nothing. */
async function principalOf(arn: string, region: string, signal: AbortSignal): Promise<string | null> {
  if (/^arn:[^:]+:iam::\d+:(user|role)\//.test(arn)) return arn;
  const [, partition, account, role] = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (role === undefined) return null;
  const plain = `arn:${partition}:iam::${account}:role/${role}`;
  try {
    // A session's ARN lacks the path of its role.
    const { Role } = await awsService('iam', region).read('GetRole', plain, signal, ({ sdk, client }, options) =>
      client.send(new sdk.GetRoleCommand({ RoleName: role }), options),
    );
    return Role?.Arn ?? plain;
  } catch (error) {
    if (error instanceof CutoverError && error.code === 'CUTOVER_AWS_FORBIDDEN') return plain;
    throw error;
  }
}

/** By resource, condition keys and action. */
async function decide(
  principal: string,
  region: string,
  requests: readonly AwsRequest[],
  signal: AbortSignal,
): Promise<Map<string, Decision>> {
  const decisions = new Map<string, Decision>();
  await someAtOnce(questionsOf(requests), AT_ONCE, async ({ resource, context, actions }) => {
    const ContextEntries = Object.entries(context).map(entryOf);
    const common = { PolicySourceArn: principal, ActionNames: [...actions], ResourceArns: [resource] };
    const results = await everyPage(async (Marker) => {
      const input = { ...common, ContextEntries, Marker };
      const page = await awsService('iam', region).read(
        'SimulatePrincipalPolicy',
        principal,
        signal,
        ({ sdk, client }, options) => client.send(new sdk.SimulatePrincipalPolicyCommand(input), options),
      );
      return { items: page.EvaluationResults ?? [], next: page.IsTruncated === true ? page.Marker : undefined };
    });
    for (const { EvalActionName = '', EvalDecision, MissingContextValues = [] } of results) {
      // A statement that denies is no matter of what is not known.
      const missing = EvalDecision === 'explicitDeny' ? [] : MissingContextValues;
      decisions.set(keyOf(resource, context, EvalActionName), { allowed: EvalDecision === 'allowed', missing });
    }
  });
  return decisions;
}

/** One for each resource: what one of several is refused for would not be told apart. */
function questionsOf(requests: readonly AwsRequest[]): Question[] {
  const questions = new Map<string, Question>();
  for (const { action, resources, context } of requests) {
    for (const resource of resources ?? [ANY]) {
      const key = keyOf(resource, context, '');
      const question = questions.get(key) ?? { resource, context, actions: new Set() };
      question.actions.add(action);
      questions.set(key, question);
    }
  }
  return [...questions.values()];
}

function denialOf(request: AwsRequest, decisions: ReadonlyMap<string, Decision>): Denial | null {
  const { action, resources, context } = request;
  const denied = (resources ?? [ANY]).flatMap((resource) => {
    const decision = decisions.get(keyOf(resource, context, action));
    return decision?.allowed === true ? [] : [{ resource, missing: decision?.missing ?? [] }];
  });
  if (denied.length === 0) return null;
  const missing = [...new Set(denied.flatMap((one) => one.missing))];
  return { request, resources: denied.map(({ resource }) => resource), missing };
}

function keyOf(resource: string, context: AwsRequest['context'], action: string): string {
  return JSON.stringify([resource, context, action]);
}

function entryOf([key, value]: [string, string | string[]]): ContextEntry {
  const isList = Array.isArray(value);
  return {
    ContextKeyName: key,
    ContextKeyType: isList ? 'stringList' : 'string',
    ContextKeyValues: isList ? value : [value],
  };
}
