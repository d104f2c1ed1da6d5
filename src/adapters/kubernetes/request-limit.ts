/** How many requests a worker makes of an API server: a token bucket per context and bound. */
import { TokenBucket } from 'limiter';
import { BURST_SECONDS, DEFAULT_REQUESTS_PER_SECOND } from '../../plan/schema/platforms.ts';

export interface RequestLimit {
  perSecond: number;
  /** So many at once, after a time in which there were fewer. */
  burst: number;
}

/** Resolves when a request may be sent; rejects with the signal's reason. */
export type TakeTurn = (signal: AbortSignal) => Promise<void>;

interface Waiter {
  order: number;
  go(): void;
}

interface Gate {
  take(order: number, signal: AbortSignal): Promise<void>;
  force(): void;
}

const gates = new Map<string, Gate>();
let callers = 0;

/**
 * The turns of one caller, such as an activity's adapter. Who was here first goes first, also with its later requests: a
 * step of a deployment that has begun ends in time, where turns by request would have every step time out halfway. Plans
 * with the same bound share it. An `urgent` caller waits for nothing; the others make up for it.
 */
export function turnsOf(context: string | null, limit: Partial<RequestLimit>, urgent: boolean): TakeTurn {
  const { perSecond = DEFAULT_REQUESTS_PER_SECOND } = limit;
  const { burst = BURST_SECONDS * perSecond } = limit;
  const key = JSON.stringify([context, perSecond, burst]);
  const gate = gates.get(key) ?? createGate({ perSecond, burst });
  gates.set(key, gate);
  callers += 1;
  const order = callers;
  if (!urgent) return (signal) => gate.take(order, signal);
  return async () => gate.force();
}

function createGate({ perSecond, burst }: RequestLimit): Gate {
  const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: 'second' });
  bucket.content = burst;
  const waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | null = null;

  function admit(): void {
    while (waiting.length > 0 && bucket.tryRemoveTokens(1)) waiting.shift()?.go();
    timer = waiting.length === 0 ? null : setTimeout(admit, Math.max(1, bucket.getWaitTime(1)));
  }

  function enqueue(waiter: Waiter): void {
    const at = waiting.findIndex(({ order }) => order > waiter.order);
    waiting.splice(at === -1 ? waiting.length : at, 0, waiter);
    if (timer === null) admit();
  }

  return {
    async take(order, signal) {
      signal.throwIfAborted();
      if (waiting.length === 0 && bucket.tryRemoveTokens(1)) return;
      await new Promise<void>((resolve, reject) => {
        const abort = () => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(signal.reason);
        };
        const waiter = {
          order,
          go() {
            signal.removeEventListener('abort', abort);
            resolve();
          },
        };
        signal.addEventListener('abort', abort, { once: true });
        enqueue(waiter);
      });
    },
    force() {
      bucket.drip();
      bucket.content -= 1;
    },
  };
}
