/** Telling people. */
import { log } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import type { NotifyEvent } from '../adapters/types.ts';
import { messageOf } from './clock.ts';
import type { Target } from './watch-types.ts';

/**
 * Tells every notifier of the target, or without a target the worker's log; one that fails does not keep the others from being told. Throws afterwards when
 * any failed: the next attempt tells those again that had failed, since each drops an event id that it knows.
 */
export async function notify(
  adapters: Adapters,
  event: NotifyEvent,
  target: Target | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (target === undefined) {
    const level = event.severity === 'attention' ? 'WARN' : 'INFO';
    log.log(level, `${event.title}: ${event.detail}`, { event });
    return;
  }
  const notifiers = adapters.notifiers(target);
  const results = await Promise.allSettled(notifiers.map((notifier) => notifier.send(event, signal)));
  const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => messageOf(reason));
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${notifiers.length} notifiers failed: ${failed.join('; ')}`);
}
