/** What a policy under deploy/aws/policies allows, and what was really asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/package-root.ts';
import type { AwsCall } from './fault-proxy.ts';

interface Statement {
  Sid: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
}

/** Asked for by AWS itself, on behalf of whoever calls it: no call of Cutover's shows them. */
const INDIRECT = ['iam:PassRole', 'ec2:RunInstances'];

export function policyOf(name: string): Statement[] {
  const text = readFileSync(join(packageRoot(), 'deploy', 'aws', 'policies', `${name}.json`), 'utf8');
  return (JSON.parse(text) as { Statement: Statement[] }).Statement;
}

/** `service:Action` of every call that they allow, each once, in order. */
export function actionsOf(statements: readonly Statement[]): string[] {
  return sorted(statements.flatMap(({ Action: action }) => action).filter((action) => !INDIRECT.includes(action)));
}

/** IAM calls `cloudwatch` what is signed for `monitoring`. */
export function actionsAsked(calls: readonly AwsCall[]): string[] {
  return sorted(calls.map(({ service, action }) => `${service.replace('monitoring', 'cloudwatch')}:${action}`));
}

function sorted(actions: readonly string[]): string[] {
  return [...new Set(actions)].sort();
}
