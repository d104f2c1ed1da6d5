import { WorkflowContinuedAsNewError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { followRuns } from '../../../src/client/runs.ts';
import { fakeSession } from './session.ts';

const ID = 'cutover/production/shop';

interface FakeRun {
  type: string;
  status: string;
  next?: string;
}

function follow(runs: Record<string, FakeRun>, runId?: string) {
  const session = fakeSession({
    handle: (asked) => {
      const id = asked ?? Object.keys(runs)[0] ?? '';
      const run = runs[id];
      return {
        describe: () => {
          if (run === undefined) throw new WorkflowNotFoundError('gone', ID, id);
          return { workflowId: ID, runId: id, type: run.type, status: { name: run.status } };
        },
        result: () => {
          if (run?.next !== undefined) throw new WorkflowContinuedAsNewError('next', run.next);
          throw new WorkflowFailedError('failed', undefined, 'NON_RETRYABLE_FAILURE');
        },
      };
    },
  });
  return followRuns(session, ID, runId);
}

const first = { type: 'deployment', status: 'CONTINUED_AS_NEW', next: 'lease' };

describe('the runs of a deployment', () => {
  it('go on into its lease', async () => {
    const found = await follow({ first, lease: { type: 'deployment_lease', status: 'RUNNING' } });
    expect(found).toMatchObject({ description: { runId: 'lease' }, successorRunId: null });
  });

  it('end where the next deployment takes over, from the lease as from the first run', async () => {
    const lease = { type: 'deployment_lease', status: 'CONTINUED_AS_NEW', next: 'other' };
    const other = { type: 'deployment', status: 'RUNNING' };
    expect(await follow({ first, lease, other })).toMatchObject({
      description: { runId: 'lease' },
      successorRunId: 'other',
    });
    expect(await follow({ first: { ...first, next: 'other' }, other }, 'first')).toMatchObject({
      description: { runId: 'first' },
      successorRunId: 'other',
    });
  });

  it('end with the last one that the server keeps', async () => {
    expect(await follow({ first })).toMatchObject({ description: { runId: 'first' }, successorRunId: null });
    expect(await follow({ first: { type: 'deployment', status: 'CONTINUED_AS_NEW' } })).toMatchObject({
      successorRunId: null,
    });
    await expect(follow({ first }, 'never')).rejects.toMatchObject({ code: 'CUTOVER_NOT_FOUND' });
  });

  it('are followed for a bounded time, whatever the server says', async () => {
    const circle = { type: 'deployment_lease', status: 'CONTINUED_AS_NEW', next: 'circle' };
    expect(await follow({ circle })).toMatchObject({ description: { runId: 'circle' }, successorRunId: null });
  });
});
