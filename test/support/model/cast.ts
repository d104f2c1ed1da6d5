/** Plays every attempt of every activity, with what the scenario has befall it. */
import type { Attempt } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { ModelWorld } from './model-world.ts';
import { isMutation, playMutation } from './mutations.ts';
import { playOther } from './others.ts';
import type { Scenario } from './scenario.ts';
import { playWatcher } from './watchers.ts';

export interface Cast {
  execute(attempt: Attempt): void;
  /** From here on nothing fails. */
  calm(): void;
}

export function createCast(
  scenario: Scenario,
  world: ModelWorld,
  time: VirtualTime,
  onWrite: (nth: number) => void,
): Cast {
  const attempts = new Map<string, number>();
  const watchers = new Map<string, number>();
  let isCalm = false;

  function nthAttempt(type: string): number {
    const nth = (attempts.get(type) ?? 0) + 1;
    attempts.set(type, nth);
    return nth;
  }

  /** The attempts of one watcher count once. */
  function nthWatcher(key: string): number {
    const nth = watchers.get(key) ?? watchers.size + 1;
    watchers.set(key, nth);
    return nth;
  }

  return {
    execute(attempt) {
      const { type, key } = attempt;
      const nth = type === 'watchWindow' ? nthWatcher(key) : nthAttempt(type);
      if (type === 'watchWindow') {
        const entry = scenario.watchers.find((watcher) => watcher.nth === nth);
        void playWatcher(world, time, attempt, isCalm ? null : (entry?.word ?? null));
      } else if (isMutation(type)) {
        if (type === 'shiftTraffic') onWrite(nth);
        const entry = scenario.faults.find(({ activity, nth: of }) => activity === type && of === nth);
        void playMutation(world, attempt, isCalm ? null : (entry?.fault ?? null));
      } else {
        const entry = scenario.others.find(({ activity, nth: of }) => activity === type && of === nth);
        void playOther({ world, time, attempt }, isCalm ? null : (entry?.fault ?? null));
      }
    },
    calm() {
      isCalm = true;
    },
  };
}
