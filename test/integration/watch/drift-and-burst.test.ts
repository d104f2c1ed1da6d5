import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchInput } from '../../../src/activities/watch-types.ts';
import { createWatchWorld, criteria, START_MS, type WatchWorld } from '../../support/watch-world.ts';

let world: WatchWorld;
beforeEach(async () => {
  world = await createWatchWorld();
});
afterEach(() => world.stop());

const GREEN = { blue: 0, green: 100 };
const BLUE = { blue: 100, green: 0 };
const TRIGGERS = criteria('error_rate > 0.5');

const watched = (over: Parameters<WatchWorld['input']>[0] = {}, settings: Partial<WatchInput['settings']> = {}) =>
  world.input({ rollback_triggers: TRIGGERS, weights: GREEN, ...over }, settings);

function elapsedMs({ evidence }: { evidence: { at: string } | null }): number {
  return Date.parse(evidence?.at ?? '') - START_MS;
}

describe('drift', () => {
  it('ends the watch within 5 s and a tick, with what the router holds and a state to go on from', async () => {
    world.at(7_500, () => {
      world.router.weights = BLUE;
      world.router.revision = '9';
    });
    const result = await world.watch(watched());
    expect(result).toMatchObject({ verdict: 'drift', router: { weights: BLUE, revision: '9' } });
    expect(elapsedMs(result)).toBeLessThanOrEqual(12_000);
    expect(result.verdict === 'drift' && result.state.judged).toBe(elapsedMs(result) / 1_000);
  });

  it('that stood from the start is found at the second tick', async () => {
    world.router.weights = { blue: 50, green: 50 };
    const result = await world.watch(watched());
    expect(result.verdict).toBe('drift');
    expect(elapsedMs(result)).toBeLessThanOrEqual(2_000);
  });

  it('right before the end is found at the end', async () => {
    world.at(29_700, () => {
      world.router.weights = BLUE;
    });
    const result = await world.watch(watched());
    expect(result).toMatchObject({ verdict: 'drift', router: { weights: BLUE } });
    expect(elapsedMs(result)).toBe(30_000);
  });

  it('is not concluded from one read', async () => {
    world.at(4_950, () => {
      world.router.weights = BLUE;
    });
    world.at(5_100, () => {
      world.router.weights = GREEN;
    });
    expect((await world.watch(watched())).verdict).toBe('passed');
  });

  const exposed = { header: { name: 'X-Cutover', value: 'candidate' }, mirror_percent: 10 };
  const stands = { ...exposed, colour: 'green' as const };
  const exposing = () => watched({ weights: BLUE, exposed });

  it.each<[string, WatchWorld['router']['exposed']]>([
    ['all', undefined],
    ['one part', { ...stands, mirror_percent: null }],
    ['some', { ...stands, partly: true }],
  ])('is the loss of %s of what was exposed', async (_what, left) => {
    Object.assign(world.router, { weights: BLUE, exposed: stands });
    world.at(7_500, () => Object.assign(world.router, { exposed: left }));
    const result = await world.watch(exposing());
    expect(result).toMatchObject({ verdict: 'drift', router: { weights: BLUE } });
    expect(elapsedMs(result)).toBeLessThanOrEqual(12_000);
  });

  it('is not what stands as it was exposed', async () => {
    Object.assign(world.router, { weights: BLUE, exposed: stands });
    expect((await world.watch(exposing())).verdict).toBe('passed');
  });

  it('is not another revision of the same weights', async () => {
    world.at(5_000, () => {
      world.router.revision = '9';
    });
    expect((await world.watch(watched())).verdict).toBe('passed');
  });

  it('is not a router that cannot be read, and that keeps nothing from passing', async () => {
    world.router.down = true;
    expect((await world.watch(watched())).verdict).toBe('passed');
  });

  it('is asked for every 5 s at most, whatever the resolution', async () => {
    await world.watch(watched({}, { resolution_ms: 250, window_ms: 2_500 }));
    expect(world.router.reads).toBeGreaterThanOrEqual(6);
    expect(world.router.reads).toBeLessThanOrEqual(8);
  });

  it('is not asked for by a guard', async () => {
    expect((await world.watch(watched({ weights: null }))).verdict).toBe('passed');
    expect(world.router.reads).toBe(0);
  });

  it('is not asked for by a watcher that an earlier version started', async () => {
    const { weights: _weights, checks: _checks, circuit_break: _circuit, ...older } = watched();
    expect((await world.watch(older as WatchInput)).verdict).toBe('passed');
    expect(world.router.reads).toBe(0);
  });

  it('does not go before a trigger that fires at the same tick', async () => {
    world.router.weights = BLUE;
    world.traffic.green.errors = 50;
    const result = await world.watch(watched({}, { consecutive: 1 }));
    expect(result.verdict).toBe('breached');
  });
});

describe('drift of the version', () => {
  const running = (over: Parameters<WatchWorld['input']>[0] = {}) => watched({ version: '2.0.0', ...over });

  it('ends the watch within 5 s and a tick, with what the candidate runs', async () => {
    world.at(7_500, () => {
      world.candidate.version = '6.6.6';
    });
    const result = await world.watch(running());
    expect(result).toMatchObject({ verdict: 'drift', router: null, version: '6.6.6' });
    expect(elapsedMs(result)).toBeLessThanOrEqual(12_000);
    // Looked at again as it is now before it was believed.
    expect(world.candidate.reads.at(-1)).toBe(0);
  });

  it('right before the end is found at the end', async () => {
    world.at(29_700, () => {
      world.candidate.version = null;
    });
    const result = await world.watch(running());
    expect(result).toMatchObject({ verdict: 'drift', router: null, version: null });
    expect(elapsedMs(result)).toBe(30_000);
  });

  it('gives way to other weights, which say where the traffic is', async () => {
    world.candidate.version = '6.6.6';
    world.router.weights = BLUE;
    expect(await world.watch(running())).toMatchObject({ verdict: 'drift', router: { weights: BLUE } });
  });

  it('is not concluded from one look, nor from none', async () => {
    world.at(4_950, () => {
      world.candidate.version = '6.6.6';
    });
    world.at(5_100, () => {
      world.candidate.version = '2.0.0';
    });
    expect((await world.watch(running())).verdict).toBe('passed');
    world.candidate.down = true;
    const nowMs = world.clock.now();
    const later = { started_at_ms: nowMs, ends_at_ms: nowMs + 10_000 };
    expect((await world.watch(running(later))).verdict).toBe('passed');
  });

  it('is looked for every 5 s at most, by looks that an open watch can answer', async () => {
    await world.watch(running());
    expect(world.candidate.reads.length).toBeLessThanOrEqual(8);
    expect(Math.min(...world.candidate.reads)).toBeGreaterThanOrEqual(60_000);
  });

  it('is not looked for by a guard, nor by a watcher that an earlier version started', async () => {
    world.candidate.version = '6.6.6';
    expect((await world.watch(running({ weights: null }))).verdict).toBe('passed');
    const nowMs = world.clock.now();
    const later = { started_at_ms: nowMs, ends_at_ms: nowMs + 10_000 };
    expect((await world.watch(watched(later))).verdict).toBe('passed');
    expect(world.candidate.reads).toEqual([]);
  });
});

describe('a circuit break', () => {
  const guarded = (over: Parameters<WatchWorld['input']>[0] = {}, settings: Partial<WatchInput['settings']> = {}) =>
    world.input({ rollback_triggers: TRIGGERS, circuit_break: { error_rate: 20 }, ...over }, settings);

  it('trips at the very tick that a burst ends in, before any trigger', async () => {
    world.at(9_050, () => {
      world.traffic.green.errors = 50;
    });
    const result = await world.watch(guarded());
    expect(result.verdict).toBe('tripped');
    expect(elapsedMs(result)).toBe(10_000);
    expect(result.verdict === 'tripped' && result.reason).toMatch(
      /^[\d.]+ % of \d+ requests failed within one tick, the circuit breaks at 20 %$/,
    );
    expect(result.verdict === 'tripped' && result.state.judged).toBe(10);
  });

  it('is judged on the requests of one tick: earlier ones do not thin a burst out', async () => {
    world.traffic.green.rate = 400;
    world.at(15_000, () => {
      world.traffic.green = { rate: 10, errors: 0, seconds: 0.03 };
    });
    world.at(16_000, () => {
      world.traffic.green.errors = 100;
    });
    const result = await world.watch(guarded({}, { consecutive: 100 }));
    expect(result.verdict).toBe('tripped');
    expect(elapsedMs(result)).toBe(17_000);
  });

  it('does not trip below its limit, nor on fewer than 5 requests', async () => {
    world.traffic.green.errors = 10;
    expect((await world.watch(guarded({ rollback_triggers: criteria('error_rate > 90') }))).verdict).toBe('passed');
    world.traffic.green = { rate: 4, errors: 100, seconds: 0.03 };
    const nowMs = world.clock.now();
    const input = guarded({ rollback_triggers: criteria('p99_latency > 5s') }, { on_no_data: 'ignore' });
    const result = await world.watch({ ...input, started_at_ms: nowMs, ends_at_ms: nowMs + 10_000 });
    expect(result.verdict).toBe('passed');
  });

  it('does not trip on a page that cannot be read', async () => {
    world.traffic.green.errors = 100;
    world.source.mode = 'broken';
    const result = await world.watch(guarded({}, { no_data_limit_ms: 5_000 }));
    expect(result.verdict).toBe('no_data');
  });

  it('is not judged when the plan has none', async () => {
    world.traffic.green.errors = 100;
    const input = world.input({ rollback_triggers: criteria('p99_latency > 5s') });
    expect((await world.watch(input)).verdict).toBe('passed');
  });
});
