/** How many requests a worker makes of an API server: a token bucket per context and bound. */
import { TokenBucket } from 'limiter';
import { CutoverError } from '../../errors.ts';
import { BURST_SECONDS, DEFAULT_REQUESTS_PER_SECOND } from '../../plan/schema/platforms.ts';

export interface RequestLimit {
  perSecond: number;
  /** So many at once, after a time in which there were fewer. */
  burst: number;
}

/** Resolves when a request may be sent; rejects with the signal's reason, or CUTOVER_KUBERNETES_BOUND after WAIT_MS. */
export type TakeTurn = (signal: AbortSignal) => Promise<void>;

export interface Caller {
  /** Waits for nothing; the others make up for it. */
  urgent?: boolean | undefined;
  /** The deployment that it is a part of; absent: a caller of its own. */
  party?: string | undefined;
}

/** Less than an attempt of a short write has, so that what it waited for is told, and not that it took too long. */
const WAIT_MS = 4_000;
/** A party that has asked for nothing for so long comes after those that are here. */
const GONE_MS = 60_000;
/** So many are known before those that are gone are looked for. */
const KNOWN_PARTIES = 1_000;

interface Waiter {
  order: number;
  go(): void;
}

interface Gate {
  take(order: number, signal: AbortSignal): Promise<void>;
  force(): void;
}

const gates = new Map<string, Gate>();
const parties = new Map<string, { order: number; askedAtMs: number }>();
let callers = 0;

/**
 * The turns of one caller, such as an activity's adapter. The deployment that was here first goes first, with all of its
 * steps and with every attempt of each: one that has begun ends in time, where turns by request, or by attempt, would have
 * the steps of all of them time out halfway. Plans with the same bound share it.
 */
export function turnsOf(context: string | null, limit: Partial<RequestLimit>, { urgent, party }: Caller): TakeTurn {
  const { perSecond = DEFAULT_REQUESTS_PER_SECOND } = limit;
  const { burst = BURST_SECONDS * perSecond } = limit;
  const key = JSON.stringify([context, perSecond, burst]);
  const gate = gates.get(key) ?? createGate({ perSecond, burst });
  gates.set(key, gate);
  if (urgent === true) return async () => gate.force();
  callers += 1;
  const own = callers;
  return (signal) => gate.take(party === undefined ? own : orderOf(party), signal);
}

function orderOf(party: string): number {
  const now = performance.now();
  const known = parties.get(party);
  if (known !== undefined && now - known.askedAtMs <= GONE_MS) {
    known.askedAtMs = now;
    return known.order;
  }
  if (parties.size >= KNOWN_PARTIES) {
    for (const [name, { askedAtMs }] of parties) if (now - askedAtMs > GONE_MS) parties.delete(name);
  }
  callers += 1;
  parties.set(party, { order: callers, askedAtMs: now });
  return callers;
}

function waitedTooLong(perSecond: number, waiting: number): CutoverError {
  const message = `waited ${WAIT_MS / 1_000} s for its turn as one of ${waiting} requests; this worker makes ${perSecond} a second of the API server`;
  return new CutoverError('CUTOVER_KUBERNETES_BOUND', message);
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
        const leave = (reason: unknown) => {
          waiting.splice(waiting.indexOf(waiter), 1);
          release();
          reject(reason);
        };
        const abort = () => leave(signal.reason);
        const late = setTimeout(() => leave(waitedTooLong(perSecond, waiting.length)), WAIT_MS);
        const release = () => {
          clearTimeout(late);
          signal.removeEventListener('abort', abort);
        };
        const waiter = {
          order,
          go() {
            release();
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
