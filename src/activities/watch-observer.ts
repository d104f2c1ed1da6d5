/** What a worker may want to know of its watchers, tick by tick. */
import { type CoverageFigures, coverageAt, type Span, type Watched } from '../decision/coverage.ts';

export interface WatchTick {
  /** From the instant at which the tick was due to its judgement. */
  lagMs: number;
  /** Ticks judged since the last time: 1, or 0 without data. */
  judged: number;
  /** Ticks that went by unjudged since the last time: no data, too late, or nobody was watching. */
  missed: number;
  /** Of the window so far, percent. */
  coveragePercent: number;
}

export interface WatcherMeter {
  ticked(tick: WatchTick): void;
  /** The watcher has ended, however. */
  ended(): void;
}

/** Its methods must not throw. */
export interface WatchObserver {
  /** A watcher has begun. */
  began(): WatcherMeter;
}

export type TickCounter = (coverage: CoverageFigures) => Pick<WatchTick, 'judged' | 'missed' | 'coveragePercent'>;

/** What went by since an earlier watcher's last judged tick (`before`; null: there was none) is counted by the first tick. */
export function createTickCounter(span: Span, before: Watched | null): TickCounter {
  const missedOf = ({ expected, judged }: CoverageFigures) => expected - judged;
  let last = before === null ? null : coverageAt(span, before, before.last_tick_ms);
  return (coverage) => {
    const judged = coverage.judged - (last?.judged ?? 0);
    const missed = missedOf(coverage) - (last === null ? 0 : missedOf(last));
    last = coverage;
    return { judged: Math.max(0, judged), missed: Math.max(0, missed), coveragePercent: coverage.percent };
  };
}
