import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { exitCodeOfError, exitCodeOfOutcome } from '../../../src/client/exit-codes.ts';
import { reportOf } from '../../../src/client/output.ts';
import { planDetails, planSummary } from '../../../src/client/render/plan-details.ts';
import { toCutoverError } from '../../../src/client/rpc-errors.ts';
import { CutoverError } from '../../../src/errors.ts';
import { testPlan } from '../../support/plans.ts';

function grpc(code: number, details: string): ServiceError {
  return new ServiceError('call failed', {
    cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
  });
}

describe('errors', () => {
  it.each([
    [grpc(14, 'No connection established'), 'CUTOVER_TEMPORAL_UNREACHABLE', 6],
    [grpc(4, 'Deadline exceeded'), 'CUTOVER_TEMPORAL_UNREACHABLE', 6],
    [grpc(7, 'Request unauthorized.'), 'CUTOVER_TEMPORAL_UNREACHABLE', 6],
    [grpc(5, 'Namespace prod is not found.'), 'CUTOVER_TEMPORAL_UNREACHABLE', 6],
    [grpc(5, 'workflow not found'), 'CUTOVER_NOT_FOUND', 2],
    [grpc(13, 'shard lost'), 'CUTOVER_INTERNAL', 1],
    [new TypeError('oops'), 'CUTOVER_INTERNAL', 1],
  ])('%s has a code and an exit code', (error, code, exit) => {
    const coded = toCutoverError(error, { address: 'a:1', namespace: 'n', workflowId: 'cutover/a/b' });
    expect(coded.code).toBe(code);
    expect(exitCodeOfError(coded)).toBe(exit);
  });

  it('keep the code they have', () => {
    const error = new CutoverError('CUTOVER_USAGE', 'so');
    expect(toCutoverError(error, { address: '', namespace: '' })).toBe(error);
    expect(reportOf(error)).toEqual({ code: 'CUTOVER_USAGE', message: 'so', hint: error.hint });
  });

  it('are 1 when nobody knows them', () => {
    expect(exitCodeOfError(new Error('x'))).toBe(1);
    expect(reportOf('x')).toMatchObject({ code: 'CUTOVER_INTERNAL', message: 'x' });
  });
});

describe('outcomes', () => {
  it.each([
    ['succeeded', 0],
    ['rolled_back', 3],
    ['rejected', 4],
    ['inconclusive', 5],
    ['stuck', 5],
  ] as const)('%s is exit code %i', (outcome, exit) => {
    expect(exitCodeOfOutcome(outcome)).toBe(exit);
  });
});

describe('a plan in the Web UI', () => {
  it('is one line, bounded in length', () => {
    expect(planSummary(testPlan({ version: '2.4.1' }))).toBe('checkout 2.4.1 → production');
    expect(Buffer.byteLength(planSummary(testPlan({ version: 'v'.repeat(255) })))).toBeLessThanOrEqual(200);
  });

  it('is a table in which no text of the plan becomes markup', () => {
    const plan = testPlan();
    if (plan.approval !== null) plan.approval.approvers = ['<b>|`x`\n'];
    const details = planDetails(plan, 'dana');
    expect(details).toContain('| warmup | 3m | 0 % | cache_preloaded; roll back when error_rate \\> 1 |');
    expect(details).toMatch(/\| approval \| at most 1h \| \| 1 of \\<b\\> {2}x {2}; else rollback \|/);
  });
});
