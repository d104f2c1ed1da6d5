import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/client/cli.ts';
import { openVersions } from '../../../src/client/commands/clean.ts';
import type { Session } from '../../../src/client/session.ts';
import { leftOf } from '../../../src/direct/aws/clean/leftover.ts';

interface OpenRun {
  id: string;
  /** Null: the run has no memo. */
  version: string | null;
}

function sessionOf(runs: readonly OpenRun[], asked: string[] = []): Session {
  async function* list({ query }: { query: string }) {
    asked.push(query);
    for (const { id, version } of runs) {
      yield {
        type: 'deployment',
        workflowId: id,
        runId: 'r',
        status: { name: 'RUNNING' },
        startTime: new Date(0),
        memo: version === null ? undefined : { version },
        typedSearchAttributes: { getAll: () => [], get: () => undefined },
      };
    }
  }
  const connection = { withDeadline: (_: number, call: () => unknown) => call() };
  return { connection, workflows: { list } } as unknown as Session;
}

describe('what `cutover clean` keeps', () => {
  it('is every version that an open deployment of the service names, wherever it deploys to', async () => {
    const asked: string[] = [];
    const runs = [
      { id: 'cutover/production/checkout', version: '2.0.0' },
      { id: 'cutover/staging/checkout@eu', version: '2.1.0' },
    ];
    expect(await openVersions(sessionOf(runs, asked), { service: 'checkout' })).toEqual(new Set(['2.0.0', '2.1.0']));
    expect(asked[0]).toContain("DeployService = 'checkout'");
    expect(asked[0]).toContain("ExecutionStatus = 'Running'");
    expect(asked[0]).not.toContain('DeployEnvironment =');
  });

  it('is everything while it cannot be told what an open one deploys', async () => {
    const runs = [{ id: 'cutover/production/checkout', version: null }];
    await expect(openVersions(sessionOf(runs), { service: 'checkout' })).rejects.toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringContaining('production/checkout is open'),
    });
  });

  const made = (version: string, isUsed = false) => ({ version, isUsed });

  it('is the newest, what serves under whichever number, and what a deployment names', () => {
    const all = [made('5'), made('4'), made('3'), made('2', true), made('2'), made('1')];
    const left = (newest: number, versions: string[] = []) =>
      leftOf(all, { newest, versions: new Set(versions) }).map(({ version }) => version);
    expect(left(1)).toEqual(['4', '3', '1']);
    expect(left(3)).toEqual(['1']);
    expect(left(1, ['3', '1'])).toEqual(['4']);
    expect(left(6)).toEqual([]);
  });

  it('is one of each kind at least', async () => {
    const parse = (keep: string) =>
      createProgram().parseAsync(['clean', 'plan.yaml', '--keep', keep], { from: 'user' });
    await expect(parse('0')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
    await expect(parse('many')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });
});
