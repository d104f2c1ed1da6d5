import type { WorkflowClient } from '@temporalio/client';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFleet } from '../../../src/worker/metrics/fleet.ts';

interface Waiting {
  /** Null: the run does not answer. */
  openedAt: string | null;
  state?: string;
}

/** What Temporal knows. */
interface Known {
  open: Record<string, number>;
  closed: Record<string, number>;
  waiting: Record<string, Waiting>;
  /** What every call throws or waits for instead; null: it answers. */
  trouble: (() => Promise<never>) | null;
}

const ROUND_MS = 15_000;
const START_MS = Date.parse('2026-01-01T12:00:00Z');

let known: Known;
let registry: Registry;
let errors: unknown[];
let queries: string[];
let asked: string[];
let end: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  known = { open: {}, closed: {}, waiting: {}, trouble: null };
  registry = new Registry();
  [errors, queries, asked] = [[], [], []];
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

function client(): WorkflowClient {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);
  const fake = {
    withDeadline: <T>(_deadline: number, work: () => Promise<T>) => work(),
    async count(query: string) {
      queries.push(query);
      await known.trouble?.();
      const outcome = /DeployOutcome="(\w+)"/.exec(query)?.[1];
      if (outcome !== undefined) return { count: known.closed[outcome] ?? 0, groups: [] };
      const phase = /DeployPhase="(\w+)"/.exec(query)?.[1];
      return { count: phase === undefined ? sum(known.open) : (known.open[phase] ?? 0), groups: [] };
    },
    async *list() {
      for (const runId of Object.keys(known.waiting)) yield { workflowId: `cutover/production/${runId}`, runId };
    },
    getHandle: (_id: string, runId: string) => ({
      async query() {
        asked.push(runId);
        const { openedAt, state = 'running' } = known.waiting[runId] ?? { openedAt: null };
        if (openedAt === null) throw new Error('no worker has it');
        return { phases: [{ name: 'approval', state, started_at: openedAt }] };
      },
    }),
  };
  return fake as unknown as WorkflowClient;
}

/** Begins to ask; the first round is over when this returns. */
async function follow(): Promise<void> {
  void createFleet(registry, (error) => errors.push(error)).follow(client(), end.signal);
  await vi.advanceTimersByTimeAsync(0);
}

async function series(name: string): Promise<string[]> {
  const page = await registry.metrics();
  return page.split('\n').filter((line) => line.startsWith(name));
}

describe('the deployments of the namespace', () => {
  it('are counted, open by phase and closed by outcome', async () => {
    known.open = { observation: 2, stuck: 1 };
    known.closed = { succeeded: 7 };
    await follow();
    const lines = await series('cutover_deployments{');
    expect(lines).toContain('cutover_deployments{phase="observation",outcome=""} 2');
    expect(lines).toContain('cutover_deployments{phase="stuck",outcome=""} 1');
    expect(lines).toContain('cutover_deployments{phase="switch",outcome=""} 0');
    expect(lines).toContain('cutover_deployments{phase="closed",outcome="succeeded"} 7');
    expect(lines).toContain('cutover_deployments{phase="closed",outcome="rolled_back"} 0');
    expect(await series('cutover_deployments_read')).toEqual([
      `cutover_deployments_read_timestamp_seconds ${START_MS / 1_000}`,
    ]);
  });

  it('are not asked for by phase while none is open, nor at a scrape', async () => {
    await follow();
    expect(queries.filter((query) => query.includes('AND DeployPhase='))).toEqual([]);
    const before = queries.length;
    expect(await series('cutover_deployments{phase="switch"')).toEqual([
      'cutover_deployments{phase="switch",outcome=""} 0',
    ]);
    expect(queries).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(queries).toHaveLength(2 * before);
  });

  it('are left out once the last count is a minute old, and are back with the next one', async () => {
    known.open = { lease: 1 };
    await follow();
    known.trouble = () => Promise.reject(new Error('unavailable'));
    await vi.advanceTimersByTimeAsync(3 * ROUND_MS);
    expect(await series('cutover_deployments{phase="lease"')).toHaveLength(1);
    expect(errors).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(await series('cutover_deployments{')).toEqual([]);
    expect(await series('cutover_oldest_unanswered_approval_seconds')).toEqual([]);
    known.trouble = null;
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(await series('cutover_deployments{phase="lease"')).toHaveLength(1);
    expect(await series('cutover_oldest_unanswered_approval_seconds')).toHaveLength(1);
  });

  it('are asked for again after a server that kept silent', async () => {
    known.trouble = () => new Promise(() => undefined);
    await follow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(errors).toMatchObject([{ message: 'no answer within 10000 ms' }]);
    expect(await series('cutover_deployments')).toEqual([]);
    known.trouble = null;
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(await series('cutover_deployments{phase="lease"')).toHaveLength(1);
  });

  it('are not asked for any more once the worker ends, and that is no error', async () => {
    known.trouble = () => new Promise(() => undefined);
    await follow();
    end.abort(new Error('ending'));
    await vi.advanceTimersByTimeAsync(4 * ROUND_MS);
    expect(errors).toEqual([]);
    expect(queries).toHaveLength(1);
  });
});

describe('the oldest approval', () => {
  const oldest = () => series('cutover_oldest_unanswered_approval_seconds');

  it('is 0 while nobody waits', async () => {
    await follow();
    expect(await oldest()).toEqual(['cutover_oldest_unanswered_approval_seconds 0']);
  });

  it('is as old as its phase, and each run is asked once', async () => {
    known.waiting = { one: { openedAt: '2026-01-01T11:00:00Z' }, two: { openedAt: '2026-01-01T11:30:00Z' } };
    await follow();
    expect(await oldest()).toEqual(['cutover_oldest_unanswered_approval_seconds 3600']);
    await vi.advanceTimersByTimeAsync(2 * ROUND_MS);
    expect(await oldest()).toEqual(['cutover_oldest_unanswered_approval_seconds 3630']);
    expect(asked).toEqual(['one', 'two']);
    known.waiting = { two: { openedAt: '2026-01-01T11:30:00Z' } };
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(await oldest()).toEqual(['cutover_oldest_unanswered_approval_seconds 1845']);
  });

  it('is unknown while those that wait do not answer, or have left the phase', async () => {
    known.waiting = { mute: { openedAt: null }, gone: { openedAt: '2026-01-01T10:00:00Z', state: 'passed' } };
    await follow();
    expect(await oldest()).toEqual([]);
    known.waiting = { mute: { openedAt: '2026-01-01T11:59:00Z' } };
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(await oldest()).toEqual(['cutover_oldest_unanswered_approval_seconds 75']);
  });

  it('is asked of twenty runs a round at most', async () => {
    const openedAt = '2026-01-01T11:00:00Z';
    known.waiting = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`run-${index}`, { openedAt }]));
    await follow();
    expect(asked).toHaveLength(20);
    await vi.advanceTimersByTimeAsync(20 * ROUND_MS);
    expect(new Set(asked).size).toBe(200);
    expect(asked).toHaveLength(200);
  });
});
