import { describe, expect, it, vi } from 'vitest';
import { breakCircuit } from '../../../src/workflows/circuit.ts';
import { Interrupted, interrupt, interruptionOf } from '../../../src/workflows/interruption.ts';
import { leftMs, lengthen, pause } from '../../../src/workflows/pause.ts';
import { claimedOf, endingOf, newRun, type Run, routedOf } from '../../../src/workflows/run.ts';
import { testPlan } from '../../support/plans.ts';

const NOW_MS = Date.parse('2026-11-21T22:00:00.000Z');

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<typeof import('@temporalio/workflow')>()),
  workflowInfo: () => ({ runStartTime: new Date(NOW_MS) }),
}));

function begun(changes: Partial<Run> = {}): Run {
  return Object.assign(newRun({ plan: testPlan(), started_by: 'dora@example.com' }), changes);
}

describe('what a run knows only later', () => {
  it.each<[string, (run: Run) => unknown, string]>([
    ['the claim', claimedOf, 'the router is not claimed yet'],
    ['what the router holds', routedOf, 'the router is not claimed yet'],
    ['why it was interrupted', interruptionOf, 'the run is not interrupted'],
    ['its ending', endingOf, 'the deployment has not ended yet'],
  ])('is a defect to ask for earlier: %s', (_what, ask, message) => {
    expect(() => ask(begun())).toThrow(message);
  });

  it.each([
    ['a revision', { weights: { blue: 100, green: 0 }, revision: null }, routedOf],
    ['a reason', { outcome: 'succeeded' as const, reason: null }, endingOf],
  ])('is known as a whole, not without %s', (_what, changes, ask) => {
    expect(() => ask(begun(changes))).toThrow('yet');
  });

  it('is told once it is known', () => {
    const weights = { blue: 100, green: 0 };
    expect(routedOf(begun({ weights, revision: '7' }))).toEqual({ weights, revision: '7' });
    expect(endingOf(begun({ outcome: 'stuck', reason: 'drift' }))).toEqual({ outcome: 'stuck', reason: 'drift' });
  });
});

describe('the open window', () => {
  it.each<[string, Partial<Run>, boolean]>([
    ['is open', {}, false],
    ['has an end', { window: 'observation' }, false],
    ['was open when it was paused', {}, true],
  ])('has nothing left when none %s', (_what, changes, isPaused) => {
    const run = begun(changes);
    if (isPaused) pause(run, 'ana@example.com', null);
    expect(leftMs(run)).toBe(0);
  });

  it('cannot be lengthened when there is none', () => {
    const run = begun();
    lengthen(run, 60_000);
    expect(run.phases).toEqual(begun().phases);
  });
});

it('the first interruption counts', () => {
  const run = begun();
  const first = { kind: 'breach', by: 'cutover', reason: 'slow', force: false, atMs: NOW_MS } as const;
  expect(interrupt(run, first)).toBe(first);
  expect(interrupt(run, { ...first, reason: 'slower' })).toBe(first);
});

it('an error burst ends a deployment whose plan has no circuit break', async () => {
  const run = begun();
  await expect(breakCircuit(run, { reason: 'error rate 40 %' }, 5)).rejects.toThrow(Interrupted);
  expect(run.interruption).toMatchObject({ kind: 'breach', reason: 'error rate 40 %' });
});
