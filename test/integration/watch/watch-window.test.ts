import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchHeartbeat } from '../../../src/activities/watch-types.ts';
import { createWatchWorld, criteria, START_MS, type WatchWorld } from '../../support/watch-world.ts';

let world: WatchWorld;
beforeEach(async () => {
  world = await createWatchWorld();
});
afterEach(() => world.stop());

const TRIGGERS = criteria('error_rate > 0.5', 'p99_latency > baseline + 50ms');

/** The heartbeat that a watcher which died at `elapsedMs` had sent last. */
function lastBeat(elapsedMs: number): WatchHeartbeat {
  const beat = world.heartbeats.findLast(({ live }) => Date.parse(live.at) <= START_MS + elapsedMs);
  if (beat === undefined) throw new Error('no heartbeat by then');
  return JSON.parse(JSON.stringify(beat)) as WatchHeartbeat;
}

/** A watcher that dies at `elapsedMs`, as a killed worker's would: no verdict, only heartbeats remain. */
async function dieAt(elapsedMs: number, input: Parameters<WatchWorld['watch']>[0]): Promise<WatchHeartbeat> {
  const death = new AbortController();
  world.at(elapsedMs, () => death.abort(new Error('killed')));
  await expect(world.watch(input, { signal: death.signal, isReplaced: false })).rejects.toThrow('killed');
  return lastBeat(elapsedMs);
}

describe('a window', () => {
  it('passes at its end, with every tick judged', async () => {
    const result = await world.watch(
      world.input({ rollback_triggers: TRIGGERS, success_criteria: criteria('http_success_rate > 99.5') }),
    );
    expect(result.verdict).toBe('passed');
    expect(result.evidence.coverage).toEqual({ judged: 30, expected: 30, percent: 100, longest_gap_ms: 1000 });
    expect(result.evidence.at).toBe('2026-01-01T00:00:30.000Z');
    expect(result.evidence.criteria.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok']);
  });

  it('heartbeats every tick with its state and the live values', async () => {
    await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 10 }));
    expect(world.heartbeats.length).toBeGreaterThanOrEqual(11);
    const last = world.heartbeats.at(-1);
    expect(last?.state.judged).toBe(10);
    expect(last?.live.criteria[0]).toMatchObject({ source: 'error_rate > 0.5', value: 0, limit: 0.5 });
  });

  it('heartbeats every second when its resolution is longer', async () => {
    await world.watch(
      world.input({ seconds: 20, rollback_triggers: TRIGGERS }, { resolution_ms: 10_000, window_ms: 10_000 }),
    );
    expect(world.heartbeats.length).toBeGreaterThanOrEqual(19);
  });

  it('ends between two ticks when its duration is no multiple of the resolution', async () => {
    const input = { ...world.input({ rollback_triggers: TRIGGERS }), ends_at_ms: START_MS + 10_500 };
    const result = await world.watch(input);
    expect(result.verdict).toBe('passed');
    expect(result.evidence.coverage).toMatchObject({ judged: 11, expected: 11 });
  });

  it('is judged by the candidate being readable when it has no criteria', async () => {
    const result = await world.watch(world.input({ seconds: 5 }));
    expect(result).toMatchObject({ verdict: 'passed', evidence: { coverage: { judged: 5, expected: 5 } } });
  });
});

describe('a rollback trigger', () => {
  it('fires after consecutive breaches, and tells value, limit and count', async () => {
    world.at(5_000, () => {
      world.traffic.green.errors = 30;
    });
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS }));
    expect(result).toMatchObject({ verdict: 'breached', criterion: 'error_rate > 0.5' });
    expect(result.verdict === 'breached' && result.reason).toMatch(/against 0.5 %, \d+ observations, 2 times in a row/);
    // The errors begin at 5.0 s: the ticks at 6 s (or 5 s) and the one after it are breaches.
    expect(Date.parse(result.evidence.at) - START_MS).toBeLessThanOrEqual(7_000);
  });

  it('compares with the active colour while it has traffic', async () => {
    world.traffic.green.seconds = 0.15;
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS }));
    expect(result).toMatchObject({ verdict: 'breached', criterion: 'p99_latency > baseline + 50ms' });
    expect(result.evidence.criteria[1]?.baseline?.source).toBe('concurrent');
  });

  it('goes from the concurrent to the frozen baseline as the active colour loses its traffic', async () => {
    const baselines = { p99_latency: { value: 49, observations: 900, at: '2026-01-01T00:00:00Z' } };
    world.at(3_000, () => {
      world.traffic.blue.rate = 0;
    });
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, baselines }));
    expect(result.verdict).toBe('passed');
    const sources = world.heartbeats.map(({ live }) => live.criteria[1]?.baseline?.source);
    expect(sources.slice(2, 10)).toContain('concurrent');
    expect(sources.at(-1)).toBe('frozen');
  });

  it('has a longer window when requests are few, and then is judged', async () => {
    world.traffic.green.rate = 0.8;
    const result = await world.watch(world.input({ rollback_triggers: criteria('error_rate > 0.5'), seconds: 60 }));
    expect(result.verdict).toBe('passed');
    expect(result.evidence.coverage.percent).toBe(100);
    expect(result.evidence.criteria[0]?.observations).toBeGreaterThanOrEqual(20);
  });

  it('is not fooled by a restarted router', async () => {
    world.at(5_000, () => world.source.restart());
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 20 }));
    expect(result.verdict).toBe('passed');
    expect(result.evidence.criteria[0]?.observations).toBeGreaterThan(500);
  });
});

describe('no data', () => {
  it('ends a window at its limit when no request comes at all', async () => {
    world.traffic.green.rate = 0;
    const result = await world.watch(
      world.input({ rollback_triggers: TRIGGERS, seconds: 300 }, { no_data_limit_ms: 20_000 }),
    );
    expect(result.verdict).toBe('no_data');
    expect(Date.parse(result.evidence.at) - START_MS).toBe(21_000);
    expect(result.verdict === 'no_data' && result.reason).toContain('no requests');
  });

  it('never passes a window at its end, but waits for data and passes then', async () => {
    world.traffic.green.rate = 0;
    world.at(12_000, () => {
      world.traffic.green.rate = 100;
    });
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 10 }));
    expect(result.verdict).toBe('passed');
    expect(Date.parse(result.evidence.at) - START_MS).toBeGreaterThan(12_000);
  });

  it('is ignored when the plan says so', async () => {
    world.traffic.green.rate = 0;
    const result = await world.watch(
      world.input({ rollback_triggers: TRIGGERS, seconds: 10 }, { on_no_data: 'ignore' }),
    );
    expect(result.verdict).toBe('passed');
  });

  it('is what a broken page gives, and the window does not count those ticks', async () => {
    world.at(5_000, () => {
      world.source.mode = 'garbage';
    });
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS }, { no_data_limit_ms: 8_000 }));
    expect(result.verdict).toBe('no_data');
    expect(result.verdict === 'no_data' && result.reason).toContain("router's metrics cannot be read");
    expect(result.evidence.coverage.judged).toBeLessThanOrEqual(5);
  });

  it('is what a hanging page gives', async () => {
    world.at(3_000, () => {
      world.source.mode = 'hang';
    });
    const settings = { resolution_ms: 250, window_ms: 1_000, no_data_limit_ms: 500 };
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS }, settings));
    expect(result.verdict).toBe('no_data');
    expect(result.verdict === 'no_data' && result.reason).toContain('no answer within');
  });

  it('restarts its clock in the state that watching can go on from', async () => {
    world.traffic.green.rate = 0;
    const result = await world.watch(
      world.input({ rollback_triggers: TRIGGERS, seconds: null }, { no_data_limit_ms: 5_000 }),
    );
    expect(result.verdict).toBe('no_data');
    if (result.verdict !== 'no_data') return;
    expect(result.state.no_data_since_ms).toBe(Date.parse(result.evidence.at));
  });
});

describe('a success criterion', () => {
  it('is judged over the whole phase, so that a bad beginning can be made good', async () => {
    world.traffic.green.errors = 10;
    world.at(1_000, () => {
      world.traffic.green.errors = 0;
    });
    const result = await world.watch(world.input({ success_criteria: criteria('http_success_rate > 99.5') }));
    expect(result.verdict).toBe('passed');
    expect(world.heartbeats[2]?.live.criteria[0]?.state).toBe('pending');
  });

  it('fails early once the rest of the phase cannot save it', async () => {
    world.traffic.green.errors = 60;
    const result = await world.watch(world.input({ success_criteria: criteria('http_success_rate > 99.5') }));
    expect(result).toMatchObject({ verdict: 'failed', criterion: 'http_success_rate > 99.5' });
    expect(Date.parse(result.evidence.at) - START_MS).toBeLessThan(30_000);
  });

  it('on a latency fails at the end, not before', async () => {
    world.traffic.green.seconds = 0.4;
    const result = await world.watch(
      world.input({ success_criteria: criteria('p99_latency < baseline + 10ms'), seconds: 10 }),
    );
    expect(result).toMatchObject({ verdict: 'failed', evidence: { at: '2026-01-01T00:00:10.000Z' } });
  });

  it('without enough requests keeps the window open up to the limit, then it is no data', async () => {
    world.traffic.green.rate = 0.2;
    const input = world.input(
      { success_criteria: criteria('http_success_rate > 99.5'), seconds: 30 },
      { no_data_limit_ms: 20_000 },
    );
    const result = await world.watch(input);
    expect(result.verdict).toBe('no_data');
    expect(Date.parse(result.evidence.at) - START_MS).toBe(50_000);
    expect(result.evidence.coverage.percent).toBe(100);
  });
});

describe('a named check', () => {
  const CHECK = criteria('cache_preloaded');

  it('may start false, and passes when it has held for settle at the end', async () => {
    const one = world.source.addInstance('green-1', 'green');
    one.health = { checks: { cache_preloaded: [{ status: 'fail' }] } };
    world.at(10_000, () => {
      one.health = { checks: { cache_preloaded: [{ status: 'pass' }] } };
    });
    expect((await world.watch(world.input({ success_criteria: CHECK, seconds: 20 }))).verdict).toBe('passed');
  });

  it('fails when it has not settled at the end', async () => {
    const one = world.source.addInstance('green-1', 'green');
    one.health = { cache_preloaded: false };
    world.at(17_500, () => {
      one.health = { cache_preloaded: true };
    });
    const result = await world.watch(world.input({ success_criteria: CHECK, seconds: 20 }));
    expect(result).toMatchObject({ verdict: 'failed', criterion: 'cache_preloaded' });
    expect(result.verdict === 'failed' && result.reason).toContain('has held for 2 s only');
  });

  it('must hold on every ready instance', async () => {
    world.source.addInstance('green-1', 'green').health = { cache_preloaded: true };
    world.source.addInstance('green-2', 'green').health = { components: { cache_preloaded: { status: 'DOWN' } } };
    const result = await world.watch(world.input({ success_criteria: CHECK, seconds: 10 }));
    expect(result.verdict === 'failed' && result.reason).toContain('green-2 says DOWN');
  });

  it('that no document names is no data', async () => {
    world.source.addInstance('green-1', 'green').health = { checks: { other: [{ status: 'pass' }] } };
    const result = await world.watch(
      world.input({ success_criteria: CHECK, seconds: 20 }, { no_data_limit_ms: 5_000 }),
    );
    expect(result.verdict === 'no_data' && result.reason).toContain('the health document has other');
  });
});

describe('a watcher that died', () => {
  it('is gone on with from its heartbeat, and the short hole is within coverage', async () => {
    const input = world.input({ rollback_triggers: TRIGGERS, seconds: 100 });
    const beat = await dieAt(50_000, input);
    await world.clock.advance(3_000);
    const result = await world.watch(input, { earlier: beat });
    expect(result.verdict).toBe('passed');
    expect(result.evidence.coverage).toMatchObject({ expected: 100 });
    expect(result.evidence.coverage.judged).toBeLessThan(100);
    expect(result.evidence.coverage.longest_gap_ms).toBeGreaterThan(3_000);
  });

  it('leaves the whole phase to be judged: what came while nobody watched is in the counters', async () => {
    const input = world.input({ success_criteria: criteria('http_success_rate > 99.5'), seconds: 100 });
    const beat = await dieAt(50_000, input);
    world.traffic.green.errors = 40;
    await world.clock.advance(4_000);
    world.traffic.green.errors = 0;
    const result = await world.watch(input, { earlier: beat });
    expect(result.verdict).toBe('failed');
    const reading = result.evidence.criteria[0];
    expect(reading?.observations).toBeGreaterThan(5_400);
    expect(reading?.value).toBeCloseTo(100 - 160 / 55, 1);
  });

  it('has its window lengthened by the unwatched time, and the lengthened window passes', async () => {
    const input = world.input({ rollback_triggers: TRIGGERS, seconds: 60 });
    const beat = await dieAt(20_000, input);
    await world.clock.advance(15_000);
    const gap = await world.watch(input, { earlier: beat });
    expect(gap.verdict).toBe('gap');
    if (gap.verdict !== 'gap') return;
    expect(gap.grow_ms).toBeGreaterThanOrEqual(14_000);
    expect(gap.grow_ms).toBeLessThanOrEqual(17_000);
    const ends_at_ms = START_MS + 60_000 + gap.grow_ms;
    const result = await world.watch({ ...input, ends_at_ms, resume: gap.state });
    expect(result.verdict).toBe('passed');
    expect(Date.parse(result.evidence.at)).toBe(ends_at_ms);
    expect(result.evidence.coverage).toMatchObject({ expected: 60, judged: 60 });
  });

  it('past the end gets all that is left to watch as growth', async () => {
    const input = world.input({ rollback_triggers: TRIGGERS, seconds: 30 });
    const beat = await dieAt(10_000, input);
    await world.clock.advance(25_000);
    const gap = await world.watch(input, { earlier: beat });
    expect(gap.verdict).toBe('gap');
    if (gap.verdict !== 'gap') return;
    const left = START_MS + 30_000 + gap.grow_ms - world.clock.now();
    expect(left).toBeGreaterThanOrEqual(19_000);
  });

  it('had a breach already: one more fires', async () => {
    const input = world.input({ rollback_triggers: TRIGGERS, seconds: 60 });
    world.at(19_500, () => {
      world.traffic.green.errors = 50;
    });
    const beat = await dieAt(20_500, input);
    expect(beat.state.breaches['error_rate > 0.5']).toBe(1);
    const result = await world.watch(input, { earlier: beat });
    expect(result.verdict).toBe('breached');
    expect(Date.parse(result.evidence.at) - START_MS).toBeLessThanOrEqual(22_000);
  });

  it('is gone on with even when its heartbeat is damaged', async () => {
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 5 }), {
      earlier: { state: { judged: 'x' } },
    });
    expect(result.verdict).toBe('passed');
  });
});

describe('a guard', () => {
  it('never passes and ends by its cancellation, with the state to go on from', async () => {
    const stop = new AbortController();
    world.at(50_000, () => stop.abort(new Error('cancelled')));
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: null }), {
      signal: stop.signal,
    });
    expect(result.verdict).toBe('replaced');
    expect(result.evidence.coverage.judged).toBeGreaterThan(45);
  });

  it('has no gap after a long absence, and goes on judging', async () => {
    const input = world.input({ rollback_triggers: TRIGGERS, seconds: null });
    const beat = await dieAt(10_000, input);
    await world.clock.advance(60_000);
    world.traffic.green.errors = 50;
    expect((await world.watch(input, { earlier: beat })).verdict).toBe('breached');
  });
});

describe('a clock that jumps', () => {
  it('forward shows as unwatched time, and the window grows', async () => {
    world.at(10_000, () => world.clock.jump(30_000));
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 120 }));
    expect(result).toMatchObject({ verdict: 'gap' });
  });

  it('backward neither stops the judging nor counts a tick twice', async () => {
    world.at(20_000, () => world.clock.jump(-8_000));
    const result = await world.watch(world.input({ rollback_triggers: TRIGGERS, seconds: 30 }));
    expect(result.verdict).toBe('passed');
    expect(result.evidence.coverage).toMatchObject({ judged: 30, expected: 30 });
    expect(world.heartbeats.length).toBeGreaterThan(36);
  });
});
