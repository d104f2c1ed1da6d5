/** Watchers: how many, how late, and how much of their windows they have judged. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WatchObserver } from '../../activities/watch-observer.ts';

const LAG_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10];

export function createWatchObserver(registry: Registry): WatchObserver {
  const registers = [registry];
  /** The latest coverage of each running watcher, percent. */
  const running = new Map<symbol, number>();
  const lag = new Histogram({
    ...{ name: 'cutover_watch_lag_seconds', help: 'From when a tick was due to its judgement.', registers },
    buckets: LAG_BUCKETS,
  });
  const ticks = new Counter({
    ...{ name: 'cutover_watch_ticks_total', help: 'Ticks of windows, judged or gone by unjudged.', registers },
    labelNames: ['result'] as const,
  });
  ticks.inc({ result: 'judged' }, 0);
  ticks.inc({ result: 'missed' }, 0);
  new Gauge({
    ...{ name: 'cutover_watchers', help: 'Running watchers.', registers },
    collect() {
      this.set(running.size);
    },
  });
  new Gauge({
    ...{
      name: 'cutover_watch_coverage_ratio',
      help: 'Judged ÷ expected ticks of the worst running watcher.',
      registers,
    },
    collect() {
      this.set(Math.min(100, ...running.values()) / 100);
    },
  });
  return {
    began() {
      const watcher = Symbol('watcher');
      running.set(watcher, 100);
      return {
        ticked({ lagMs, judged, missed, coveragePercent }) {
          lag.observe(lagMs / 1_000);
          ticks.inc({ result: 'judged' }, judged);
          ticks.inc({ result: 'missed' }, missed);
          running.set(watcher, coveragePercent);
        },
        ended: () => void running.delete(watcher),
      };
    },
  };
}
