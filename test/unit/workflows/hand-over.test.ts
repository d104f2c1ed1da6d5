import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { deploymentWorkflowId, type StartReceipt, type StartRequest } from '../../../src/workflows/api.ts';
import { registerStart } from '../../../src/workflows/hand-over.ts';
import { outcomeOf } from '../../../src/workflows/interruption.ts';
import { lengthen } from '../../../src/workflows/pause.ts';
import { rootMessage } from '../../../src/workflows/root-message.ts';
import {
  type Claimed,
  candidateShare,
  claimedOf,
  type Interruption,
  newRun,
  type Run,
  weightsFor,
} from '../../../src/workflows/run.ts';
import { testPlan } from '../../support/plans.ts';

interface Handlers {
  handle(request: unknown): StartReceipt;
  validate(request: unknown): void;
}

const sdk = vi.hoisted(() => ({ handlers: null as unknown }));

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<typeof import('@temporalio/workflow')>()),
  workflowInfo: () => ({ runStartTime: new Date(0), runId: 'run-1', workflowId: 'cutover/production/checkout' }),
  setCurrentDetails: () => undefined,
  setHandler(_definition: unknown, handle: unknown, { validator }: { validator: unknown }) {
    sdk.handlers = { handle, validate: validator };
  },
}));

const PAUSE = { sinceMs: 0, by: 'ana@example.com', reason: null, remainingMs: null };
const FIRST: StartRequest = { plan: testPlan(), started_by: 'dora@example.com', request_id: 'first' };
const NEXT: StartRequest = { plan: testPlan({ version: '3.0.0' }), started_by: 'chen@example.com', request_id: 'next' };
const CLAIMED: Claimed = {
  fence: { run: 'run-1', epoch: 1, step: 0 },
  active: 'green',
  candidate: 'blue',
  fullSize: 4,
  previousVersion: null,
};

let run: Run;
let start: Handlers;
beforeEach(() => {
  run = newRun(FIRST);
  run.phase = 'lease';
  registerStart(run);
  start = sdk.handlers as Handlers;
});

describe('a start on a deployment that runs', () => {
  it('takes over from its lease, and is answered alike when it comes again', () => {
    start.validate(NEXT);
    expect(start.handle(NEXT)).toEqual({ taken_over: true, run_id: 'run-1', version: '2.0.0' });
    expect(run.successor).toBe(NEXT);
    start.validate(NEXT);
    expect(start.handle(NEXT)).toMatchObject({ taken_over: true });
  });

  it('is told that it runs already when it is its own', () => {
    run.phase = 'warmup';
    start.validate(FIRST);
    expect(start.handle(FIRST)).toEqual({ taken_over: false, run_id: 'run-1', version: '2.0.0' });
    expect(run.successor).toBeNull();
  });

  it.each<[string, Partial<Run>, unknown, string]>([
    ['outside of the lease', { phase: 'observation' }, NEXT, '2.0.0 is being deployed, now in observation'],
    ['while it is paused', { pause: PAUSE }, NEXT, 'now in lease; it is paused by ana@example.com'],
    ['once it is released', { released: true }, NEXT, 'now in lease'],
    [
      'once it is interrupted',
      { interruption: { kind: 'rollback', by: 'ana', reason: 'slow', force: false, atMs: 0 } },
      NEXT,
      'now in lease',
    ],
    ['after another one', { successor: NEXT }, { ...NEXT, request_id: 'third' }, '3.0.0 takes over already'],
    ['after another one, without a request id', { successor: NEXT }, { plan: NEXT.plan, started_by: 'x' }, 'already'],
    [
      'for another service',
      {},
      { ...NEXT, plan: testPlan({ service: 'basket' }) },
      'not of cutover/production/checkout',
    ],
    ['without anything', {}, undefined, '{plan, started_by}'],
    ['as a text', {}, 'checkout', '{plan, started_by}'],
    ['without a person', {}, { plan: NEXT.plan }, '{plan, started_by}'],
    ['without a plan', {}, { started_by: 'chen@example.com' }, '{plan, started_by}'],
    ['with an empty plan', {}, { plan: {}, started_by: 'chen@example.com' }, '{plan, started_by}'],
    ['with no plan', {}, { plan: null, started_by: 'chen@example.com' }, '{plan, started_by}'],
    ['of a nameless person', {}, { plan: NEXT.plan, started_by: 5 }, '{plan, started_by}'],
  ])('is refused %s', (_when, changes, request, message) => {
    Object.assign(run, changes);
    expect(() => start.validate(request)).toThrow(message);
  });
});

describe('a run', () => {
  it('is named by environment, service and target', () => {
    expect(deploymentWorkflowId(testPlan())).toBe('cutover/production/checkout');
    expect(deploymentWorkflowId(testPlan({ target: 'eu-west-1' }))).toBe('cutover/production/checkout@eu-west-1');
  });

  it('knows its share once it has claimed and written', () => {
    expect(() => claimedOf(run)).toThrow('not claimed');
    expect(candidateShare(run)).toBe(0);
    run.claimed = CLAIMED;
    expect(candidateShare(run)).toBe(0);
    run.weights = weightsFor('blue', 10);
    expect(run.weights).toEqual({ blue: 10, green: 90 });
    expect(candidateShare(run)).toBe(10);
    expect(weightsFor('green', 10)).toEqual({ blue: 90, green: 10 });
  });

  it('without an open window has nothing to lengthen', () => {
    const before = structuredClone(run.phases);
    lengthen(run, 60_000);
    expect(run.phases).toEqual(before);
  });

  it.each<[Interruption['kind'], string]>([
    ['reject', 'rejected'],
    ['no_data', 'inconclusive'],
    ['superseded', 'stuck'],
    ['rollback', 'rolled_back'],
    ['cancel', 'rolled_back'],
    ['breach', 'rolled_back'],
    ['failure', 'rolled_back'],
    ['drift', 'rolled_back'],
  ])('interrupted by %s ends as %s', (kind, outcome) => {
    expect(outcomeOf({ kind, by: 'x', reason: 'y', force: false, atMs: 0 })).toBe(outcome);
  });
});

it('tells the innermost cause of a failure, whatever was thrown', () => {
  const cause = ApplicationFailure.create({ message: 'connection refused' });
  const failure = new ActivityFailure('Activity task failed', 'shift', '1', RetryState.TIMEOUT, undefined, cause);
  expect(rootMessage(failure)).toBe('connection refused');
  expect(rootMessage('a text')).toBe('a text');
});
