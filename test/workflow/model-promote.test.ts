/** `promote` on the model server: it ends one wait early, and passes nothing by itself. */
import { describe, expect, it } from 'vitest';
import type { PhaseName } from '../../src/workflows/api.ts';
import { inPhase, phaseOf, send, tookMs, useModel } from '../support/model/use-model.ts';

const deploy = useModel();
const MINUTE_MS = 60_000;
const LONG = { warmup: true, performanceShare: 10, windowMs: 2 * MINUTE_MS, observationMs: 5 * MINUTE_MS } as const;

describe('promote', () => {
  it.each<PhaseName>(['warmup', 'health_check', 'performance_validation', 'decision_window', 'observation'])(
    'ends %s early, by its watcher’s word on what was watched',
    async (phase) => {
      const { status, updates } = await deploy({ plan: LONG, events: [inPhase(phase, 1_000, send('promote'))] });
      expect(updates).toEqual([
        { name: 'promote', state: 'completed', value: expect.objectContaining({ phase, accepted: true }) },
      ]);
      expect(updates[0]?.value).toMatchObject({ message: expect.stringContaining('the phase ends now') });
      expect(phaseOf(status, phase).state).toBe('passed');
      expect(tookMs(status, phase)).toBeLessThan(MINUTE_MS);
      expect(status.outcome).toBe('succeeded');
    },
  );

  it('does not pass a criterion that is not met', async () => {
    // Before it: the warmup’s watcher, the guard, and the health check’s first one, which promote replaces.
    const { status, shares } = await deploy({
      plan: LONG,
      watchers: [{ nth: 4, word: { verdict: 'failed', afterMs: 0 } }],
      events: [inPhase('health_check', 1_000, send('promote'))],
    });
    expect(phaseOf(status, 'health_check')).toMatchObject({ state: 'failed', note: 'error_rate > 1' });
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(shares).toEqual([5, 0]);
  });

  it('ends a step of a gradual switch, and no approval', async () => {
    const { status, updates, shares } = await deploy({
      plan: { ...LONG, strategy: 'gradual', approval: 'rollback' },
      approvalAfterMs: 2_000,
      events: [inPhase('approval', 1_000, send('promote')), inPhase('switch', 2_000, send('promote'))],
    });
    expect(updates).toMatchObject([
      { state: 'rejected', value: expect.stringContaining('promote is no approval: send approve') },
      { state: 'completed' },
    ]);
    expect(shares).toEqual([5, 10, 25, 60, 100]);
    // One of the two steps was watched for as long as the plan says.
    expect(tookMs(status, 'switch')).toBeGreaterThanOrEqual(2 * MINUTE_MS);
    expect(tookMs(status, 'switch')).toBeLessThan(3 * MINUTE_MS);
    expect(status.outcome).toBe('succeeded');
  });

  it('is refused while paused, in the lease, and in a rollback', async () => {
    const { status, updates } = await deploy({
      plan: LONG,
      events: [
        inPhase('observation', 1_000, send('pause')),
        inPhase('observation', 2_000, send('promote')),
        inPhase('observation', 3_000, send('resume')),
        inPhase('observation', 4_000, send('promote')),
        inPhase('lease', 1_000, send('promote')),
        inPhase('lease', 2_000, send('rollback')),
        inPhase('lease', 3_000, send('promote')),
      ],
    });
    const refused = updates.filter(({ state }) => state === 'rejected').map(({ value }) => value);
    expect(refused).toEqual([
      expect.stringContaining('it is paused: resume it first'),
      expect.stringContaining('the lease is ended by release'),
      expect.stringContaining('it is being rolled back'),
    ]);
    expect(updates).toHaveLength(7);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });
});
