/** A hook that has a CDN forget: one invalidation for all attempts, waited for until it is everywhere. */
import type { Cdn, Invalidation } from '../adapters/types.ts';
import { formatDuration } from '../plan/duration.ts';
import type { CloudFrontCall } from '../plan/types.ts';
import { messageOf } from './clock.ts';
import type { Done } from './hook.ts';
import { type Polling, poll } from './polling.ts';
import type { HookInput } from './types.ts';

const PAUSE_MS = { min: 1_000, max: 5_000 };
/** So much before Temporal gives up the attempt it says itself what it waited for. */
const EARLY = 0.95;

/** What may pass (throttling, a lost answer) is tried again within the attempt's time, under the same key. */
export async function invalidate(
  { distribution, paths }: CloudFrontCall,
  cdn: Cdn | null,
  polling: Polling,
  { hook, idempotency_key }: HookInput,
): Promise<Done> {
  if (cdn === null) return { wrong: 'this worker invalidates nothing', said: '' };
  const { timeout_ms: timeoutMs } = hook;
  let begun: Invalidation | null = null;
  let problem = 'CloudFront has not answered';
  const read = async (signal: AbortSignal) => {
    try {
      begun =
        begun === null
          ? await cdn.invalidate(distribution, paths, idempotency_key, signal)
          : await cdn.invalidation(distribution, begun.id, signal);
      return begun;
    } catch (error) {
      if (!signal.aborted) problem = messageOf(error);
      throw error;
    }
  };
  const stateOf = ({ id, status }: Invalidation) => `invalidation ${id} of ${distribution} is ${status}`;
  try {
    const end = await poll<Invalidation>(polling, {
      read,
      isDone: ({ done }) => done,
      waitingFor: (seen) => (seen === null ? `asking ${distribution} to forget ${paths.join(' ')}` : stateOf(seen)),
      deadlineMs: polling.clock.now() + EARLY * timeoutMs,
      pauseMs: PAUSE_MS,
    });
    if (end?.done === true) return { wrong: null, said: stateOf(end) };
    return { wrong: `after ${formatDuration(timeoutMs)}: ${end === null ? problem : stateOf(end)}`, said: '' };
  } catch (error) {
    polling.signal.throwIfAborted();
    return { wrong: messageOf(error), said: '' };
  }
}
