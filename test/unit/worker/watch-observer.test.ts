import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchObserver, WatchTick } from '../../../src/activities/watch-observer.ts';
import { createMeters } from '../../../src/worker/metrics/meters.ts';
import { createWatchWorld, criteria, START_MS, type WatchWorld } from '../../support/watch-world.ts';

let world: WatchWorld;
beforeEach(async () => {
  world = await createWatchWorld();
});
afterEach(() => world.stop());

const TRIGGERS = criteria('error_rate > 0.5');

/** Remembers the ticks of every watcher, and how many have ended. */
function recorder() {
  const ticks: WatchTick[] = [];
  let running = 0;
  const observer: WatchObserver = {
    began() {
      running += 1;
      return {
        ticked: (tick) => void ticks.push(tick),
        ended: () => {
          running -= 1;
        },
      };
    },
  };
  const total = (key: 'judged' | 'missed') => ticks.reduce((all, tick) => all + tick[key], 0);
  return { ticks, observer, total, running: () => running };
}

describe('who observes a watcher', () => {
  it('is told of each of its ticks', async () => {
    const { ticks, observer, total, running } = recorder();
    await world.watch(world.input({ seconds: 10, rollback_triggers: TRIGGERS }), { observer });
    expect(ticks).toHaveLength(10);
    expect(ticks.every(({ lagMs }) => lagMs >= 0 && lagMs < 1_000)).toBe(true);
    expect([total('judged'), total('missed'), ticks.at(-1)?.coveragePercent]).toEqual([10, 0, 100]);
    expect(running()).toBe(0);
  });

  it('is told of ticks without data', async () => {
    const { observer, total } = recorder();
    world.at(3_500, () => {
      world.source.mode = 'broken';
    });
    world.at(6_500, () => {
      world.source.mode = 'ok';
    });
    await world.watch(world.input({ seconds: 10, rollback_triggers: TRIGGERS }, { coverage_percent: 50 }), {
      observer,
    });
    expect(total('judged') + total('missed')).toBe(10);
    expect(total('missed')).toBeGreaterThanOrEqual(3);
  });

  it('is told by its successor of what went by while a watcher was dead', async () => {
    const first = recorder();
    const death = new AbortController();
    world.at(3_500, () => death.abort(new Error('killed')));
    const input = world.input({ seconds: 20, rollback_triggers: TRIGGERS }, { coverage_percent: 50 });
    const dying = world.watch(input, { signal: death.signal, isReplaced: false, observer: first.observer });
    await expect(dying).rejects.toThrow('killed');
    expect([first.total('judged'), first.running()]).toEqual([3, 0]);
    const earlier = world.heartbeats.findLast(({ live }) => Date.parse(live.at) <= START_MS + 3_500);
    world.clock.jump(5_000);
    // Killed at 4 s, back at 9 s: the ticks from 4 s to 9 s are lost, and the one of 10 s is judged.
    const second = recorder();
    await world.watch(input, { earlier, observer: second.observer });
    expect(second.ticks[0]).toMatchObject({ judged: 1, missed: 6 });
    expect(first.total('judged') + second.total('judged') + second.total('missed')).toBe(20);
  });

  it('can be the worker’s own meters', async () => {
    const { registry, observer } = createMeters();
    await world.watch(world.input({ seconds: 5, rollback_triggers: TRIGGERS }), { observer });
    const page = await registry.metrics();
    expect(page).toContain('cutover_watch_ticks_total{result="judged"} 5\n');
    expect(page).toContain('cutover_watch_lag_seconds_count 5\n');
    expect(page).toContain('cutover_watchers 0\n');
  });
});
