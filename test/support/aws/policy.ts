/** The policies of deploy/aws/policies, and what was really asked of AWS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/package-root.ts';
import type { AwsCall } from './fault-proxy.ts';

interface Statement {
  Action: string | string[];
}

/** Asked for by AWS itself, on behalf of whoever calls it: no call of Cutover's shows them. */
const INDIRECT = ['iam:PassRole', 'ec2:RunInstances'];

/** Every action that `deploy/aws/policies/NAME.json` allows and that is a call of its own, sorted. */
export function policyActions(name: string): string[] {
  const text = readFileSync(join(packageRoot(), 'deploy', 'aws', 'policies', `${name}.json`), 'utf8');
  const { Statement } = JSON.parse(text) as { Statement: Statement[] };
  const actions = Statement.flatMap(({ Action }) => Action).filter((action) => !INDIRECT.includes(action));
  return [...new Set(actions)].sort();
}

/** Every action that was asked for, sorted. */
export function sentActions(calls: readonly AwsCall[]): string[] {
  return [...new Set(calls.map(({ service, action }) => `${service}:${action}`))].sort();
}
