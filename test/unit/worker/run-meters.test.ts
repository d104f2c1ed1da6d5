import { beforeEach, expect, it, vi } from 'vitest';

const told = vi.hoisted(() => ({ calls: [] as unknown[][] }));
vi.mock('@temporalio/workflow', () => {
  const sink = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) =>
          told.calls.push([name, ...args]),
    },
  );
  return { proxySinks: () => ({ meters: sink }) };
});

const { phaseEnded, rollbackRestored } = await import('../../../src/workflows/meters.ts');
type EndedPhase = Parameters<typeof phaseEnded>[0];

beforeEach(() => {
  told.calls = [];
});

function phase(over: Partial<EndedPhase>): EndedPhase {
  return { name: 'warmup', state: 'passed', startedAtMs: 1_000, endedAtMs: 4_000, share: 0, ...over };
}

it.each<{ title: string; record: Partial<EndedPhase>; calls: unknown[][] }>([
  { title: 'that passed', record: {}, calls: [['phaseEnded', 'warmup', 3_000, 'passed']] },
  { title: 'that failed', record: { state: 'failed' }, calls: [['phaseEnded', 'warmup', 3_000, 'failed']] },
  { title: 'that was interrupted', record: { state: 'interrupted' }, calls: [] },
  { title: 'that never began', record: { startedAtMs: null }, calls: [] },
  { title: 'that is a step of the switch', record: { name: 'switch', share: 50 }, calls: [] },
  {
    title: 'that is a failed step of the switch',
    record: { name: 'switch', share: 50, state: 'failed' },
    calls: [['phaseEnded', 'switch', 3_000, 'failed']],
  },
  {
    title: 'that is the whole switch',
    record: { name: 'switch', share: 100 },
    calls: [['phaseEnded', 'switch', 3_000, 'passed']],
  },
])('a phase $title is told of as $calls', ({ record, calls }) => {
  phaseEnded(phase(record));
  expect(told.calls).toEqual(calls);
});

it.each([
  { by: 'cutover', restoredAtMs: 1_250, calls: [['rollbackRestored', 250, 'lease', true]] },
  { by: 'ana@example.com', restoredAtMs: 1_250, calls: [['rollbackRestored', 250, 'lease', false]] },
  { by: 'cutover', restoredAtMs: null, calls: [] },
])('a rollback by $by that was restored at $restoredAtMs is told of as $calls', ({ by, restoredAtMs, calls }) => {
  const interruption = { kind: 'rollback', by, reason: '', force: false, atMs: 1_000 } as const;
  rollbackRestored({ requestedAtMs: 1_000, fromPhase: 'lease', restoredAtMs, interruption });
  expect(told.calls).toEqual(calls);
});
