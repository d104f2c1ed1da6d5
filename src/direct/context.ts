/** What the steps of a direct rollback share. */
import { bounded, type Clock } from '../activities/clock.ts';
import type { Platform, TrafficRouter } from '../adapters/types.ts';
import type { Plan } from '../plan/types.ts';

export interface DirectRollback {
  plan: Pick<Plan, 'service' | 'capacity' | 'switch'>;
  platform: Platform;
  router: TrafficRouter;
  clock: Clock;
  signal: AbortSignal;
  /** Go even though the old colour is known not to carry all traffic. */
  force: boolean;
  /** Told of everything as it happens. */
  tell(kind: DirectEvent['kind'], text: string): void;
}

export interface DirectEvent {
  at: string;
  /** Milliseconds since the command began. */
  after_ms: number;
  kind: 'read' | 'capacity' | 'drift' | 'write' | 'failure' | 'proof' | 'work';
  text: string;
}

const CALL_LIMIT_MS = 5_000;

/** Every call is bounded: 5 s, or less when `limitMs` says so. */
export function call<T>(
  { signal }: Pick<DirectRollback, 'signal'>,
  work: (signal: AbortSignal) => Promise<T>,
  limitMs: number = CALL_LIMIT_MS,
): Promise<T> {
  return bounded(Math.max(1, Math.min(CALL_LIMIT_MS, limitMs)), signal, work);
}
