/** The same adapters, with every call of theirs told to a meter: how long it took, and how it ended. */
import type { Target } from '../activities/watch-types.ts';
import { CutoverError } from '../errors.ts';
import type { Adapters } from './registry.ts';
import type { Sample } from './types.ts';

export type AdapterRole = 'platform' | 'router' | 'metrics' | 'notifier';

/**
 * - `ok`: it answered, be it with a conflict. `no_data`: a metrics provider could not read its source.
 * - `error`: it threw, or its caller's time limit came first. `cancelled`: nobody wanted the answer any more.
 */
export type AdapterResult = 'ok' | 'no_data' | 'error' | 'cancelled';

export interface AdapterCall {
  role: AdapterRole;
  /** As in the plan: `local`, `scrape`, … */
  kind: string;
  /** The method's name. */
  operation: string;
  seconds: number;
  result: AdapterResult;
  /** Of an error: the CutoverError's code, `timeout`, or `other`; else null. */
  code: string | null;
}

export interface AdapterMeter {
  /** Called once for each call; must not throw. */
  called(call: AdapterCall): void;
}

/** Wraps what `adapters` makes. A call that ignores its abort signal is told of when the signal is aborted. */
export function measured(adapters: Adapters, meter: AdapterMeter): Adapters {
  return {
    platform: (target, urgent) => measure(adapters.platform(target, urgent), 'platform', target.platform.kind, meter),
    router: (target, urgent) => measure(adapters.router(target, urgent), 'router', target.router.kind, meter),
    metrics: (target) => measure(adapters.metrics(target), 'metrics', target.metrics.kind, meter),
    notifiers: (target: Target) =>
      adapters.notifiers(target).map((notifier) => measure(notifier, 'notifier', notifier.kind ?? 'other', meter)),
  };
}

/** A proxy, so that whatever else an adapter has stays as it is. Only methods that answer by a promise are calls. */
function measure<T extends object>(adapter: T, role: AdapterRole, kind: string, meter: AdapterMeter): T {
  return new Proxy(adapter, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const startedAtMs = performance.now();
        const answer: unknown = value.apply(object, args);
        if (!(answer instanceof Promise)) return answer;
        let isTold = false;
        const tell = (result: AdapterResult, code: string | null) => {
          if (isTold) return;
          isTold = true;
          const seconds = (performance.now() - startedAtMs) / 1_000;
          meter.called({ role, kind, operation: String(property), seconds, result, code });
        };
        const signal = args.find((argument) => argument instanceof AbortSignal);
        follow(answer, signal ?? null, tell);
        return answer;
      };
    },
  });
}

function follow(
  answer: Promise<unknown>,
  limit: AbortSignal | null,
  tell: (result: AdapterResult, code: string | null) => void,
): void {
  const aborted = () => {
    if (isCancelled(limit?.reason)) tell('cancelled', null);
    else tell('error', 'timeout');
  };
  limit?.addEventListener('abort', aborted, { once: true });
  answer
    .then(
      (value) => tell(lacksData(value) ? 'no_data' : 'ok', null),
      (error: unknown) => {
        if (limit?.aborted === true) aborted();
        else tell('error', error instanceof CutoverError ? error.code : 'other');
      },
    )
    .finally(() => limit?.removeEventListener('abort', aborted));
}

/** Temporal cancels activities with a CancelledFailure; a time limit aborts with an error of another name. */
function isCancelled(reason: unknown): boolean {
  return reason instanceof Error && (reason.name === 'CancelledFailure' || reason.name === 'AbortError');
}

/** Too few requests are data; a source that could not be read is not. */
function lacksData(value: unknown): boolean {
  return Array.isArray(value) && value.some((one: Sample) => one?.kind === 'no_data' && one.quiet !== true);
}
