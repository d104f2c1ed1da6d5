/** When what a scenario has in store happens: at an instant, after a phase began, after a traffic write began. */
import type { VirtualTime } from './clock.ts';
import type { Act, Scenario, When } from './scenario.ts';

export interface Cues {
  started(): void;
  phaseBegan(phase: string): void;
  /** The nth attempt of a traffic write. */
  writeBegan(nth: number): void;
  /** Nothing more happens. */
  stop(): void;
}

export function createCues(events: Scenario['events'], time: VirtualTime, perform: (act: Act) => void): Cues {
  const waiting = new Set(events);
  let stopped = false;
  function reached(delayMs: (when: When) => number | null): void {
    for (const event of waiting) {
      const ms = delayMs(event.when);
      if (ms === null) continue;
      waiting.delete(event);
      time.after(ms, () => {
        if (!stopped) perform(event.act);
      });
    }
  }
  return {
    started: () => reached((when) => ('at' in when ? when.at : null)),
    phaseBegan: (phase) => reached((when) => ('phase' in when && when.phase === phase ? when.afterMs : null)),
    writeBegan: (nth) => reached((when) => ('write' in when && when.write === nth ? when.afterMs : null)),
    stop() {
      stopped = true;
    },
  };
}
