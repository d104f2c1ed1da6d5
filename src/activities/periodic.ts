/** A question that is asked again and again, never twice at a time, and whose answer nobody has to wait for. */
import { type Clock, messageOf } from './clock.ts';

export interface Periodic<T> {
  /** Asks when it is due and no answer is being waited for. */
  ask(): void;
  /** Resolves when the question under way is answered; null: there is none. */
  underWay(): Promise<void> | null;
  /** The last answer; null: there is none yet, or it is too old to count. */
  answer(): T | null;
}

export interface PeriodicDependencies<T> {
  /** From the beginning of one question to that of the next, at least. */
  pauseMs: number;
  /** How long an answer counts. */
  validMs: number;
  clock: Clock;
  signal: AbortSignal;
  question(signal: AbortSignal): Promise<T>;
  /** The answer when the question throws. */
  failed(message: string): T;
}

/** A tick a little early is as good as due. */
const EARLY = 0.9;

export function createPeriodic<T>(dependencies: PeriodicDependencies<T>): Periodic<T> {
  const { pauseMs, validMs, clock, signal, question, failed } = dependencies;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let last: { at_ms: number; value: T } | null = null;

  async function run(): Promise<void> {
    const value = await question(signal).catch((error: unknown) => failed(messageOf(error)));
    last = { at_ms: clock.now(), value };
  }

  return {
    ask() {
      const elapsedMs = clock.now() - askedAtMs;
      const isEarly = elapsedMs >= 0 && elapsedMs < EARLY * pauseMs;
      if (running !== null || isEarly || signal.aborted) return;
      askedAtMs = clock.now();
      running = run().finally(() => {
        running = null;
      });
    },
    underWay: () => running,
    answer: () => (last !== null && clock.now() - last.at_ms <= validMs ? last.value : null),
  };
}
