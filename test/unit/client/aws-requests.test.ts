import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AWS_ACTIONS } from '../../../src/direct/aws/requests.ts';
import { packageRoot } from '../../../src/package-root.ts';

const FOLDER = join(packageRoot(), 'deploy', 'aws', 'policies');

function policyActions(name: string): string[] {
  const { Statement } = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as {
    Statement: { Action: string | string[] }[];
  };
  return [...new Set(Statement.flatMap(({ Action }) => Action))].sort();
}

describe('what `cutover doctor` asks for', () => {
  it.each(Object.keys(AWS_ACTIONS) as (keyof typeof AWS_ACTIONS)[])('is the policy %s, no more and no less', (name) => {
    expect([...new Set(AWS_ACTIONS[name].map(({ action }) => action))].sort()).toEqual(policyActions(name));
  });

  it('has every policy', () => {
    expect(
      Object.keys(AWS_ACTIONS)
        .map((name) => `${name}.json`)
        .sort(),
    ).toEqual(readdirSync(FOLDER).sort());
  });
});
