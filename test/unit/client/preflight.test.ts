import { describe, expect, it } from 'vitest';
import { preflight } from '../../../src/client/preflight.ts';
import { testPlan } from '../../support/plans.ts';
import { fakeSession, grpcError } from './session.ts';

interface Scene {
  count?: (request: { query: string }) => unknown;
  lastPollMs?: number | null;
}

function check({ count = () => ({}), lastPollMs = Date.now() }: Scene) {
  const seconds = lastPollMs === null ? null : Math.floor(lastPollMs / 1_000);
  const session = fakeSession({
    service: {
      describeNamespace: () => ({}),
      countWorkflowExecutions: count,
      describeTaskQueue: () => ({ pollers: seconds === null ? [] : [{ lastAccessTime: { seconds, nanos: 0 } }] }),
    },
    handle: () => ({
      describe: () => {
        throw grpcError(5, 'workflow not found');
      },
    }),
  });
  return preflight(session, testPlan());
}

describe('what a start needs', () => {
  it('is there', async () => {
    const found = await check({});
    expect(found).toMatchObject({ ready: true, would_take_over: null });
    expect(found.checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['namespace', true],
      ['search_attributes', true],
      ['workers', true],
      ['service', true],
    ]);
  });

  it('names the search attributes that are missing, and what creates them', async () => {
    const { ready, checks } = await check({
      count: ({ query }) => {
        if (query.startsWith('DeployPhase')) throw grpcError(3, 'no such attribute');
        return {};
      },
    });
    expect(ready).toBe(false);
    expect(checks[1]?.message).toBe(
      'missing: DeployPhase. Create them: temporal operator search-attribute create --name DeployPhase --type Keyword',
    );
  });

  it('counts a worker that has not polled for longer than a poll lasts as gone', async () => {
    for (const lastPollMs of [Date.now() - 70_000, null]) {
      const { ready, checks } = await check({ lastPollMs });
      expect(ready).toBe(false);
      expect(checks[2]).toMatchObject({ ok: false, message: expect.stringContaining('cutover-watch (activity)') });
    }
  });

  it('cannot be told when Temporal refuses this client', async () => {
    const refusing = check({
      count: () => {
        throw grpcError(7, 'not allowed');
      },
    });
    await expect(refusing).rejects.toMatchObject({ code: 'CUTOVER_TEMPORAL_UNREACHABLE' });
  });
});
