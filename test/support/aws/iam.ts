/** IAM's simulator, which moto does not have: policies as they are under deploy/aws/policies, their placeholders filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/package-root.ts';
import type { AwsCall, AwsFault, Layer } from './fault-proxy.ts';

export const ACCOUNT = '123456789012';

interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

interface Asked {
  action: string;
  resource: string;
  context: Record<string, string[]>;
}

export interface Iam {
  statements: Statement[];
  /** Condition keys that the simulator is said to miss. */
  missing: string[];
}

/** `fill`: placeholder → what stands for it; REGION and ACCOUNT are filled in everywhere. */
export function policy(name: string, fill: Record<string, string>): Statement[] {
  let text = readFileSync(join(packageRoot(), 'deploy', 'aws', 'policies', `${name}.json`), 'utf8');
  // The longest first: one placeholder may begin with another.
  const all = Object.entries({ REGION: 'eu-west-1', ACCOUNT, ...fill }).sort(([a], [b]) => b.length - a.length);
  for (const [placeholder, value] of all) text = text.replaceAll(new RegExp(`\\b${placeholder}\\b`, 'g'), value);
  return (JSON.parse(text) as { Statement: Statement[] }).Statement;
}

/** Who asks is `arn`. */
export function iamLayer(arn: string, iam: Iam): Layer {
  return async (pass, call) => {
    if (call.action === 'GetCallerIdentity') {
      return xml('GetCallerIdentity', `<Arn>${arn}</Arn><Account>${ACCOUNT}</Account><UserId>AIDA</UserId>`);
    }
    if (call.action !== 'SimulatePrincipalPolicy') return pass();
    const results = asked(call).map((one) => member(one, decisionOf(one, iam.statements), iam.missing));
    return xml(
      'SimulatePrincipalPolicy',
      `<IsTruncated>false</IsTruncated><EvaluationResults>${results.join('')}</EvaluationResults>`,
    );
  };
}

/** The first half of the results, with a marker; the second half with the marker. */
export function inTwoPages(): AwsFault {
  return async (pass, call) => {
    const answer = await pass();
    const members = answer.body.match(/<member>[\s\S]*?<\/member>/g) ?? [];
    const second = call.body.includes('Marker=next');
    const half = Math.ceil(members.length / 2);
    const page = second ? members.slice(half) : members.slice(0, half);
    const end = second ? '<IsTruncated>false</IsTruncated>' : '<IsTruncated>true</IsTruncated><Marker>next</Marker>';
    return xml('SimulatePrincipalPolicy', `${end}<EvaluationResults>${page.join('')}</EvaluationResults>`);
  };
}

function xml(action: string, result: string) {
  const body = `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function member({ action, resource }: Asked, decision: string, missing: readonly string[]): string {
  const keys = decision === 'implicitDeny' ? missing.map((key) => `<member>${key}</member>`).join('') : '';
  return `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>${resource}</EvalResourceName><EvalDecision>${decision}</EvalDecision><MissingContextValues>${keys}</MissingContextValues></member>`;
}

function asked({ body }: AwsCall): Asked[] {
  const form = new URLSearchParams(body);
  const listed = (prefix: string) =>
    [...form].filter(([key]) => new RegExp(`^${prefix}\\.member\\.\\d+$`).test(key)).map(([, value]) => value);
  const context: Record<string, string[]> = {};
  for (const [key, name] of form) {
    const entry = /^(ContextEntries\.member\.\d+)\.ContextKeyName$/.exec(key)?.[1];
    if (entry !== undefined) context[name] = listed(`${entry}\\.ContextKeyValues`);
  }
  return listed('ActionNames').flatMap((action) =>
    listed('ResourceArns').map((resource) => ({ action, resource, context })),
  );
}

function decisionOf(one: Asked, statements: readonly Statement[]): string {
  const fitting = statements.filter((statement) => fits(statement, one));
  if (fitting.some(({ Effect }) => Effect === 'Deny')) return 'explicitDeny';
  return fitting.length > 0 ? 'allowed' : 'implicitDeny';
}

function fits({ Action, Resource, Condition = {} }: Statement, { action, resource, context }: Asked): boolean {
  const conditions = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, wanted]) => ({ operator, values: context[key], wanted: [wanted].flat() })),
  );
  return (
    [Action].flat().some((one) => like(one, action)) &&
    [Resource].flat().some((one) => like(one, resource)) &&
    conditions.every(({ operator, values, wanted }) => {
      if (values === undefined) return operator.startsWith('ForAllValues:');
      return values.every((value) => wanted.some((one) => like(one, value)));
    })
  );
}

function like(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
