import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageName, StartRequest } from '../../../src/workflows/api.ts';
import { digestOf, namesDigest } from '../../../src/workflows/digest.ts';
import { interrupt } from '../../../src/workflows/interruption.ts';
import { honour, normaliseMessage, refusal, settledNote } from '../../../src/workflows/message-rules.ts';
import { newRun, type RollbackRecord, type Run } from '../../../src/workflows/run.ts';
import { testPlan } from '../../support/plans.ts';

const NOW_MS = Date.parse('2026-11-21T22:00:00.000Z');
const HOUR_MS = 3_600_000;
const ANA = { by: 'ana@example.com' };

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<typeof import('@temporalio/workflow')>()),
  workflowInfo: () => ({ runStartTime: new Date(NOW_MS) }),
}));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  return () => vi.useRealTimers();
});

const APPROVAL = { required: 2, approvers: ['ana@example.com', 'ben@example.com', 'dora@example.com'] };
const SUCCESSOR: StartRequest = { plan: testPlan({ version: '3.0.0' }), started_by: 'chen@example.com' };

function runWith(changes: Partial<Run> = {}): Run {
  const { approval } = testPlan();
  const plan = testPlan({ approval: approval === null ? null : { ...approval, ...APPROVAL } });
  return Object.assign(newRun({ plan, started_by: 'dora@example.com' }), changes);
}

function waiting(changes: Partial<Run> = {}): Run {
  const run = runWith({ phase: 'approval', ...changes });
  run.approval = { state: 'pending', approvedBy: [], expiresAtMs: NOW_MS + HOUR_MS, digest: digestOf(run) };
  return run;
}

function observing(leftMs: number): Run {
  const run = runWith({ phase: 'observation', window: 'observation' });
  run.phases.observation.endsAtMs = NOW_MS + leftMs;
  return run;
}

const BREACH = { kind: 'breach', by: 'cutover', reason: 'slow', force: false, atMs: NOW_MS } as const;

function rollingBack(changes: Partial<RollbackRecord> = {}, others: Partial<Run> = {}): Run {
  const rollback: RollbackRecord = {
    requestedAtMs: NOW_MS,
    interruption: BREACH,
    fromPhase: 'observation',
    restoredAtMs: null,
    state: 'writing',
    force: false,
    unsafe: false,
    note: null,
    ...changes,
  };
  return runWith({ phase: 'rolling_back', interruption: BREACH, rollback, step: 3, ...others });
}

const unsafe = () => {
  const run = runWith({ step: 3 });
  run.phases.switch.startedAtMs = NOW_MS;
  return Object.assign(run, { plan: { ...run.plan, rollback_safe_until: { kind: 'phase', phase: 'switch' } } });
};
const PAUSE = { sinceMs: NOW_MS, by: 'ana@example.com', reason: null, remainingMs: null };
const BROKEN = { trips: 1, openUntilMs: NOW_MS + HOUR_MS, restoring: false };

describe('a payload', () => {
  it.each<[unknown, object]>([
    [undefined, {}],
    [null, {}],
    [7, {}],
    ['it is slow', { reason: 'it is slow' }],
    [{ by: 'ana', reason: '', request_id: 5, force: 'yes', other: 1 }, { by: 'ana' }],
    [
      { force: true, duration: '5m', digest: 'abc' },
      { force: true, duration: '5m', digest: 'abc' },
    ],
    ['x'.repeat(600), { reason: 'x'.repeat(500) }],
    [{ by: 'x'.repeat(600) }, { by: 'x'.repeat(500) }],
  ])('%j becomes a message', (payload, message) => {
    expect(normaliseMessage(payload)).toEqual(message);
  });
});

describe('a message is refused', () => {
  it.each<[MessageName, string, Run | (() => Run), object, string]>([
    ['rollback', 'after the end', () => runWith({ closed: true }), {}, 'the deployment has ended'],
    ['rollback', 'in clean-up', () => runWith({ cleanUpBegun: true }), {}, 'clean-up has begun'],
    ['rollback', 'once another deployment takes over', () => runWith({ successor: SUCCESSOR }), {}, '3.0.0 takes over'],
    ['rollback', 'when data makes it unsafe', unsafe, {}, 'send it with force'],
    ['pause', 'when it is paused', () => runWith({ pause: PAUSE }), {}, 'already, by ana@example.com'],
    ['pause', 'during a rollback', () => rollingBack(), {}, 'a rollback is under way'],
    ['pause', 'in clean-up', () => runWith({ cleanUpBegun: true }), {}, 'clean-up has begun'],
    ['pause', 'once another deployment takes over', () => runWith({ successor: SUCCESSOR }), {}, '3.0.0 takes over'],
    ['resume', 'when it is not paused', () => runWith(), {}, 'not paused'],
    ['promote', 'when it is paused', () => runWith({ pause: PAUSE }), {}, 'resume it first'],
    ['promote', 'during a rollback', () => rollingBack(), {}, 'being rolled back'],
    ['promote', 'in approval', () => waiting(), {}, 'send approve'],
    ['promote', 'in the lease', () => runWith({ phase: 'lease' }), {}, 'ended by release'],
    ['promote', 'where nothing waits', () => runWith({ phase: 'provision' }), {}, 'no wait to end early'],
    [
      'promote',
      'while a share is being given back',
      () => runWith({ phase: 'warmup', circuit: { ...BROKEN, restoring: true } }),
      {},
      'no wait to end early',
    ],
    ['release', 'before the lease', () => runWith({ phase: 'observation' }), {}, 'nothing to release'],
    ['release', 'when taken over', () => runWith({ phase: 'lease', successor: SUCCESSOR }), {}, 'nothing to release'],
    ['release', 'when stuck by itself', () => rollingBack({ state: 'stuck' }, { phase: 'stuck' }), {}, 'nothing to'],
    ['approve', 'when none is pending', () => runWith({ phase: 'warmup' }), ANA, 'no approval is pending'],
    ['approve', 'without a name', () => waiting(), {}, 'say who you are'],
    ['reject', 'from somebody else', () => waiting(), { by: 'eve' }, 'eve is not an approver'],
    ['approve', 'from who started it', () => waiting(), { by: 'dora@example.com' }, 'cannot approve it'],
    ['approve', 'for something else', () => waiting(), { ...ANA, digest: '0123456789' }, 'is not what waits'],
    [
      'extend_observation',
      'outside of it',
      () => runWith({ phase: 'warmup' }),
      { duration: '5m' },
      'not in observation',
    ],
    ['extend_observation', 'without a duration', () => observing(HOUR_MS), {}, 'say by how much'],
    ['extend_observation', 'by nothing', () => observing(HOUR_MS), { duration: '0s' }, 'say by how much'],
    ['extend_observation', 'by words', () => observing(HOUR_MS), { duration: 'soon' }, 'say by how much'],
    ['extend_observation', 'into the past', () => observing(HOUR_MS), { duration: '-1h' }, '1h are left'],
  ])('%s %s', (name, _when, make, message, reason) => {
    const run = typeof make === 'function' ? make() : make;
    expect(refusal(run, name, message)).toContain(reason);
  });

  it('approve twice by the same person', () => {
    const run = waiting();
    expect(honour(run, 'approve', ANA)).toBe('approved by ana@example.com; 1 more needed');
    expect(refusal(run, 'approve', ANA)).toBe('ana@example.com has approved it already');
    expect(run.approval).toMatchObject({ state: 'pending', approvedBy: ['ana@example.com'] });
  });
});

describe('a message is honoured', () => {
  it.each<[MessageName, string, () => Run, object]>([
    ['rollback', 'with force, when data makes it unsafe', unsafe, { force: true }],
    ['rollback', 'before any traffic moved', () => Object.assign(unsafe(), { step: 0 }), {}],
    ['pause', 'while the failed candidate is kept', () => rollingBack({}, { phase: 'keep_failed' }), {}],
    ['reject', 'from an approver', () => waiting(), ANA],
    ['reject', 'from an approver who started it', () => waiting(), { by: 'dora@example.com' }],
    ['promote', 'past a held hook', () => runWith({ heldHook: 'held' }), {}],
    ['promote', 'past a broken circuit', () => runWith({ circuit: BROKEN }), {}],
    ['release', 'in the lease', () => runWith({ phase: 'lease' }), {}],
    ['release', 'of a kept candidate', () => runWith({ phase: 'keep_failed' }), {}],
    ['release', 'of an unsafe rollback', () => rollingBack({ state: 'stuck', unsafe: true }, { phase: 'stuck' }), {}],
    ['extend_observation', 'to something that is left', () => observing(HOUR_MS), { duration: '-59m' }],
  ])('%s %s', (name, _when, make, message) => {
    expect(refusal(make(), name, message)).toBeNull();
  });

  it('approve: by the number of people that the plan asks for, bound to what is shown', () => {
    const run = waiting();
    const digest = run.approval?.digest ?? '';
    expect(refusal(run, 'approve', { ...ANA, digest })).toBeNull();
    honour(run, 'approve', ANA);
    expect(honour(run, 'approve', { by: 'ben@example.com' })).toBe('approved by ben@example.com: going on');
    expect(run.approval?.state).toBe('approved');
    expect(honour(runWith(), 'approve', ANA)).toBe('nothing to approve');
  });

  it('reject: ends the approval and rolls back', () => {
    const run = waiting();
    expect(honour(run, 'reject', { ...ANA, reason: 'too slow' })).toBe('rejected: rolling back');
    expect(run.approval?.state).toBe('rejected');
    expect(run.interruption).toMatchObject({ kind: 'reject', reason: 'rejected by ana@example.com: too slow' });
  });

  it('rollback: by whoever asks first, with no payload at all', () => {
    const run = runWith({ step: 3 });
    expect(honour(run, 'rollback', {})).toBe('rolling back');
    expect(run.interruption).toEqual({
      kind: 'rollback',
      by: 'unknown',
      reason: 'rolled back by unknown',
      force: false,
      atMs: NOW_MS,
    });
    expect(honour(run, 'rollback', ANA)).toBe('a rollback is under way already');
    expect(run.interruption?.by).toBe('unknown');
  });

  it('rollback: with force, forces one that was asked for in the same moment', () => {
    const run = runWith({ step: 3 });
    honour(run, 'rollback', ANA);
    expect(honour(run, 'rollback', { force: true })).toBe('a rollback is under way already');
    expect(run.interruption).toMatchObject({ by: 'ana@example.com', force: true });
  });

  it('rollback: forces one that is under way, and tries a stuck one again', () => {
    const running = rollingBack();
    expect(honour(running, 'rollback', ANA)).toBe('a rollback is under way already');
    expect(honour(running, 'rollback', { force: true })).toBe('forced: going back in any case');
    expect(running.rollback?.force).toBe(true);
    const stuck = rollingBack({ state: 'stuck' });
    honour(stuck, 'rollback', {});
    expect(stuck.rollback?.state).toBe('writing');
    const held = rollingBack({ state: 'stuck', unsafe: true });
    honour(held, 'rollback', {});
    expect(held.rollback?.state).toBe('stuck');
    expect(honour(rollingBack({ state: 'restored' }), 'rollback', {})).toContain('already');
  });

  it('pause and resume: keep what is left of the window', () => {
    const run = observing(HOUR_MS);
    honour(run, 'pause', { ...ANA, reason: 'lunch' });
    expect(run.pause).toEqual({ sinceMs: NOW_MS, ...ANA, reason: 'lunch', remainingMs: HOUR_MS });
    expect(run.phases.observation.endsAtMs).toBeNull();
    vi.setSystemTime(NOW_MS + HOUR_MS);
    expect(honour(run, 'resume', ANA)).toBe('going on');
    expect(run.phases.observation.endsAtMs).toBe(NOW_MS + 2 * HOUR_MS);
  });

  it('pause and resume: outside of a window keep nothing', () => {
    const run = runWith({ phase: 'provision' });
    honour(run, 'pause', {});
    expect(run.pause).toEqual({ sinceMs: NOW_MS, by: 'unknown', reason: null, remainingMs: null });
    honour(run, 'resume', {});
    expect(run.pause).toBeNull();
  });

  it('extend_observation: moves its end, and what is left of it while it is paused', () => {
    const run = observing(HOUR_MS);
    expect(honour(run, 'extend_observation', { duration: '30m' })).toBe(
      'the observation now ends at 2026-11-21T23:30:00.000Z',
    );
    honour(run, 'pause', ANA);
    expect(refusal(run, 'extend_observation', { duration: '-90m' })).toContain('1h30m are left');
    expect(honour(run, 'extend_observation', { duration: '-60m' })).toBe(
      '30m of the observation are left once it is resumed',
    );
  });

  it('promote: ends one wait, that of the hook first', () => {
    const run = observing(HOUR_MS);
    Object.assign(run, { heldHook: 'held', circuit: { ...BROKEN } });
    expect(honour(run, 'promote', ANA)).toBe('going on without it');
    expect(honour(run, 'promote', ANA)).toBe('another try now');
    expect(run.circuit?.restoring).toBe(true);
    expect(honour(run, 'promote', ANA)).toContain('the phase ends now');
    expect(run.phases.observation.endsAtMs).toBe(NOW_MS);
  });

  it.each<[Run['phase'], string]>([
    ['lease', 'the old colour will be removed'],
    ['stuck', 'the traffic stays where it is'],
    ['keep_failed', 'the failed candidate will be removed'],
  ])('release: in %s', (phase, note) => {
    const run = runWith({ phase });
    expect(honour(run, 'release', ANA)).toContain(note);
    expect(run.released).toBe(true);
  });
});

describe('who asked for a rollback is answered', () => {
  const claimed = {
    fence: { run: 'r', epoch: 1, step: 0 },
    active: 'blue' as const,
    candidate: 'green' as const,
    fullSize: 4,
    previousVersion: null,
  };
  it.each<[string, () => Run, string]>([
    ['before it begins', () => runWith(), 'rolling back'],
    ['when a person is needed', () => rollingBack({ state: 'stuck' }), 'held: a person is needed'],
    ['with what holds it', () => rollingBack({ state: 'stuck', note: 'blue is not ready' }), 'held: blue is not ready'],
    [
      'when it is done',
      () => rollingBack({ state: 'restored', restoredAtMs: NOW_MS + 80 }, { claimed }),
      'all traffic is on blue, 80 ms after the request',
    ],
    [
      'when nothing had been claimed',
      () => rollingBack({ state: 'restored', restoredAtMs: NOW_MS }),
      'all traffic is on the old colour, 0 ms after the request',
    ],
  ])('%s', (_when, make, note) => {
    expect(settledNote(make())).toBe(note);
  });
});

describe('the digest', () => {
  it('changes with version, plan and evidence, and with nothing else', () => {
    const run = runWith();
    const digest = digestOf(run);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    interrupt(run, BREACH);
    expect(digestOf(run)).toBe(digest);
    run.phases.warmup.note = 'lengthened';
    expect(digestOf(run)).not.toBe(digest);
  });

  it.each([
    ['sha256:0123abcd', true],
    ['0123ABCD', true],
    ['0123abc', false],
    ['sha256:', false],
    ['0123abce', false],
  ])('is named by %s: %s', (text, named) => {
    expect(namesDigest(text, `sha256:0123abcd${'0'.repeat(56)}`)).toBe(named);
  });
});
