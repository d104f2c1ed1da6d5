/** Windows that nobody judged in time, bursts that stop the share, and what a person is told, on the model server. */
import { describe, expect, it } from 'vitest';
import { inPhase, phaseOf, send, tookMs, useModel } from '../support/model/use-model.ts';
import { criterion } from '../support/plans.ts';

const deploy = useModel();
/** The guard’s is the first. */
const HEALTH_WATCHER = 2;

describe('a window', () => {
  it('whose watcher reports at the last moment is not inconclusive, and grows by what nobody watched', async () => {
    // Each attempt is missed after 5 s: the eleventh begins between the timer at 47 s and the limit at 52 s.
    const { status } = await deploy({
      watchers: [{ nth: HEALTH_WATCHER, word: { verdict: 'silent', attempts: 10 } }],
    });
    expect(status.outcome).toBe('succeeded');
    expect(phaseOf(status, 'health_check').note).toMatch(/^lengthened by .*: nobody watched$/);
    expect(tookMs(status, 'health_check')).toBeGreaterThan(60_000);
  });

  it('whose watcher cannot work rolls back, and says why', async () => {
    const { status } = await deploy({ watchers: [{ nth: HEALTH_WATCHER, word: { verdict: 'broken' } }] });
    expect(status).toMatchObject({
      outcome: 'rolled_back',
      reason: 'health_check cannot be watched: the provider is misconfigured',
    });
  });

  it('that people lengthen, paused or not, is watched to its new end', async () => {
    const { status, updates } = await deploy({
      events: [
        inPhase('observation', 5_000, send('extend_observation', { duration: '30s' })),
        inPhase('observation', 20_000, send('pause')),
        inPhase('observation', 25_000, send('extend_observation', { duration: '5s' })),
        inPhase('observation', 30_000, send('resume')),
      ],
    });
    expect(updates.map(({ state }) => state)).toEqual(Array(4).fill('completed'));
    expect(status.outcome).toBe('succeeded');
    // 15 s of the plan, 35 s more, and 10 s of pause.
    expect(tookMs(status, 'observation')).toBeGreaterThanOrEqual(60_000);
    expect(tookMs(status, 'observation')).toBeLessThan(62_000);
  });
});

describe('a guard without data', () => {
  /** The guard’s limit is 5 s. */
  const silentFor = (afterMs: number) => [{ nth: 1, word: { verdict: 'no_data' as const, afterMs } }];

  it('says nothing of a candidate that has no proven share yet', async () => {
    const { status } = await deploy({ watchers: silentFor(5_000), convergence: [{ nth: 1, ms: 9_000 }] });
    expect(status).toMatchObject({ outcome: 'succeeded', attention: [] });
  });

  it('says nothing when its clock began before the share was proven', async () => {
    const { status } = await deploy({ watchers: silentFor(5_000), convergence: [{ nth: 1, ms: 3_000 }] });
    expect(status).toMatchObject({ outcome: 'succeeded', attention: [] });
  });

  it('is inconclusive after a whole limit of proven traffic', async () => {
    const { status, shares } = await deploy({ watchers: silentFor(5_000) });
    expect(status).toMatchObject({ outcome: 'inconclusive', reason: 'no data' });
    expect(shares).toEqual([5, 0]);
  });

  it('is inconclusive however short the steps are', async () => {
    const { status } = await deploy({
      plan: { healthShare: 5, performanceShare: 10, windowMs: 4_000 },
      watchers: silentFor(6_000),
    });
    expect(status).toMatchObject({ outcome: 'inconclusive', reason: 'no data' });
    expect(phaseOf(status, 'performance_validation').state).not.toBe('passed');
  });
});

describe('the circuit break', () => {
  const plan = { circuitBreak: true };
  const watchers = [{ nth: HEALTH_WATCHER, word: { verdict: 'tripped' as const, afterMs: 2_000 } }];
  /** After the health check’s. */
  const ITS_WRITE = 2;

  it.each<[string, Parameters<typeof deploy>[0]]>([
    ['by the first write', {}],
    [
      'by a write whose answer was lost',
      { faults: [{ activity: 'shiftTraffic', nth: ITS_WRITE, fault: { kind: 'lost' } }] },
    ],
    ['a while after the write', { convergence: [{ nth: ITS_WRITE, ms: 3_000 }] }],
  ])('stops the share %s, and gives it back', async (_how, trouble) => {
    const { status, shares } = await deploy({ plan, watchers, ...trouble });
    expect(status.outcome).toBe('succeeded');
    expect(status.circuit).toEqual({ trips: 1, open_until: null });
    expect(status.attention).toEqual(['Error burst: an error burst; 5 % was stopped, burst 1 of 2']);
    expect(shares).toEqual([5, 0, 5, 100]);
  });

  it.each<[string, string, Parameters<typeof deploy>[0]]>([
    [
      'is not proven to have stopped',
      'an error burst; stopping its share was not proven',
      { convergence: [{ nth: ITS_WRITE, ms: 25_000 }] },
    ],
    [
      'cannot be taken away because somebody else has moved it',
      'an error burst',
      {
        faults: [{ activity: 'shiftTraffic', nth: ITS_WRITE, fault: { kind: 'late', ms: 500 } }],
        events: [{ when: { write: ITS_WRITE, afterMs: 100 }, act: { kind: 'foreign', blue: 30 } }],
      },
    ],
  ])('rolls back when the share %s', async (_what, reason, trouble) => {
    const { status } = await deploy({ plan, watchers, ...trouble });
    expect(status).toMatchObject({ outcome: 'rolled_back', reason, weights: { blue: 100, green: 0 } });
  });
});

describe('the baseline', () => {
  it('is frozen for what any criterion of the plan compares with it, checks of its own too', async () => {
    const compared = criterion('cpu_utilization < baseline + 5%');
    if (compared.kind !== 'metric') throw new Error('not a metric');
    const call = { kind: 'http', method: 'GET', url: '/ready', headers: {}, json: null, status: null } as const;
    const { status, scheduled } = await deploy({
      plan: { baseline: true },
      changes: {
        checks: {
          cpu_calm: { call: { kind: 'metric', criterion: compared }, timeout_ms: 1_000 },
          ready: { call, timeout_ms: 1_000 },
        },
      },
    });
    const measured = scheduled.filter(({ type }) => type === 'measureBaseline').map(({ args }) => args[0]);
    expect(measured).toEqual([
      expect.objectContaining({ colour: 'blue', metrics: ['cpu_utilization', 'p99_latency'] }),
    ]);
    expect(status.baselines).toHaveProperty('p99_latency');
  });
});
