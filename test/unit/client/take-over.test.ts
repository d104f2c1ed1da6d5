import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { takeOver } from '../../../src/client/take-over.ts';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import { testPlan } from '../../support/plans.ts';
import { fakeSession, grpcError } from './session.ts';
import { at, liveStatus } from './status.ts';

const input = { plan: testPlan(), started_by: 'dana', request_id: 'r-1' };
const start = { workflowId: 'cutover/production/checkout', taskQueue: 'cutover', args: [input] as [typeof input] };
const lease: Partial<DeploymentStatus> = {
  phase: 'lease',
  lease: { ends_at: at(0), old_colour: 'blue', old_healthy: true, old_size: 3 },
};

function ask(answer: () => unknown, newest: () => string = () => 'run-2', status = liveStatus(lease)) {
  const session = fakeSession({
    executeUpdateWithStart: answer,
    handle: () => ({ describe: () => ({ workflowId: start.workflowId, runId: newest() }) }),
  });
  return takeOver(session, start, input, { status, again: false });
}

const accepted = () => ({ taken_over: true, run_id: 'run-1', version: '2.4.1' });

afterEach(() => {
  vi.useRealTimers();
});

describe('taking over a lease', () => {
  it('answers with the run that follows, once it is there', async () => {
    const runs = ['run-1', 'run-1', 'run-2'];
    expect(await ask(accepted, () => runs.shift() ?? 'run-2')).toEqual({
      runId: 'run-2',
      tookOver: { run_id: 'run-1', version: '2.4.1' },
    });
  });

  it('takes over from nobody when the run that answers is the one that was asked for', async () => {
    expect(await ask(() => ({ ...accepted(), taken_over: false, run_id: 'run-3' }))).toEqual({
      runId: 'run-3',
      tookOver: null,
    });
  });

  it('says so when the new run does not begin', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const looking = ask(accepted, () => {
      vi.setSystemTime(Date.now() + 6_000);
      return 'run-1';
    });
    await expect(looking).rejects.toMatchObject({
      code: 'CUTOVER_ALREADY_RUNNING',
      message: expect.stringContaining('which has not begun within 10s'),
    });
  });

  it.each([4, 1])('says that it may still happen when nobody answers in time (gRPC code %d)', async (code) => {
    const asking = ask(() => {
      throw grpcError(code, 'too late');
    });
    await expect(asking).rejects.toMatchObject({
      code: 'CUTOVER_ALREADY_RUNNING',
      message: expect.stringContaining('`--request-id r-1` asks the same again'),
      details: { request_id: 'r-1' },
    });
  });

  it('keeps what else goes wrong apart from a refusal', async () => {
    const failing = (error: Error) =>
      ask(() => {
        throw error;
      });
    await expect(failing(grpcError(14, 'gone'))).rejects.toMatchObject({ code: 'CUTOVER_TEMPORAL_UNREACHABLE' });
    const invalid = ApplicationFailure.create({ type: 'CUTOVER_PLAN_INVALID', message: 'the plan is of another' });
    await expect(failing(new WorkflowUpdateFailedError('refused', invalid))).rejects.toMatchObject({
      code: 'CUTOVER_INTERNAL',
      message: 'the plan is of another',
    });
    const refused = ApplicationFailure.create({ type: 'CUTOVER_ALREADY_RUNNING', message: 'no' });
    await expect(failing(new WorkflowUpdateFailedError('refused', refused))).rejects.toMatchObject({
      code: 'CUTOVER_ALREADY_RUNNING',
    });
  });

  it('asks nobody where the answer is known: no lease, or no worker', async () => {
    const never = () => {
      throw new Error('asked');
    };
    await expect(ask(never, undefined, liveStatus({ phase: 'observation' }))).rejects.toMatchObject({
      code: 'CUTOVER_ALREADY_RUNNING',
      message: expect.stringMatching(/now in observation\. See it: cutover status production\/checkout$/),
    });
    await expect(ask(never, undefined, liveStatus(lease, { answered: false }))).rejects.toMatchObject({
      message: expect.stringContaining('no worker is answering: start one (cutover worker)'),
    });
  });
});
