import { describe, expect, it } from 'vitest';
import { foldLeases, type ListedRun } from '../../../src/client/list-fold.ts';
import type { DeploymentSummary } from '../../../src/client/summary.ts';

function run(startedAt: number, changes: Partial<DeploymentSummary> = {}, isLease = false): ListedRun {
  const summary: DeploymentSummary = {
    workflow_id: 'cutover/production/shop',
    run_id: `run-${startedAt}`,
    service: 'shop',
    environment: 'production',
    target: null,
    version: '1.0.0',
    started_by: 'dana',
    started_at: new Date(startedAt * 1_000).toISOString(),
    closed_at: null,
    phase: 'closed',
    outcome: null,
    execution: 'completed',
    ...changes,
  };
  return { summary, isLease };
}

describe('runs as deployments', () => {
  it('a lease that is a run of its own and the run before it are one', () => {
    const lease = run(20, { phase: 'lease', outcome: 'succeeded', execution: 'running', started_by: null }, true);
    const { deployments, unfinished } = foldLeases([lease, run(10, { execution: 'continued_as_new' })]);
    expect(deployments).toEqual([
      {
        ...lease.summary,
        started_by: 'dana',
        started_at: new Date(10_000).toISOString(),
      },
    ]);
    expect(unfinished.size).toBe(0);
  });

  it('what the next deployment continues from was taken over', () => {
    const { deployments } = foldLeases([
      run(30, { execution: 'running', phase: 'warmup', version: '3.0.0' }),
      run(20, { execution: 'continued_as_new', phase: 'lease', outcome: 'succeeded', version: '2.0.0' }, true),
      run(10, { execution: 'continued_as_new', phase: 'observation', version: '2.0.0' }),
    ]);
    expect(deployments).toMatchObject([
      { version: '3.0.0', execution: 'running', phase: 'warmup' },
      { version: '2.0.0', execution: 'taken_over', phase: 'closed', outcome: 'succeeded', run_id: 'run-20' },
    ]);
  });

  it('a lease without its first run is told, and named unfinished', () => {
    const { deployments, unfinished } = foldLeases([run(20, { execution: 'running', phase: 'lease' }, true)]);
    expect(deployments).toHaveLength(1);
    expect(unfinished.get('cutover/production/shop')).toBe(deployments[0]);
  });

  it('services do not mix, and the newest start is first', () => {
    const other = { workflow_id: 'cutover/production/cart', service: 'cart' };
    const { deployments } = foldLeases([
      run(40, { phase: 'lease', execution: 'running' }, true),
      run(30, other),
      run(10, { execution: 'continued_as_new' }),
    ]);
    expect(deployments.map(({ service }) => service)).toEqual(['cart', 'shop']);
  });
});
