/** Telling people. */
import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { DeliveryError } from '../adapters/delivery-error.ts';
import type { Adapters } from '../adapters/registry.ts';
import type { NotifyEvent } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import { messageOf } from './clock.ts';
import type { Target } from './watch-types.ts';

/**
 * Tells every notifier of the target, or without a target the worker's log; one that fails does not keep the others from
 * being told. Throws afterwards when any failed: CUTOVER_NOTIFY_FAILED, worth another attempt unless every one of them
 * failed for good. The next attempt tells only those again that had failed, since each drops an event id that it knows.
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
  signal.throwIfAborted();
  const errors = results.filter((result) => result.status === 'rejected').map(({ reason }): unknown => reason);
  if (errors.length === 0) return;
  for (const error of errors) {
    if (isForGood(error)) log.error(`${event.title}: not told: ${messageOf(error)}`, { event: event.id });
  }
  throw failureOf(errors, notifiers.length);
}

/** A receiver that refuses the event, or a key that is missing: the next attempt would meet the same. */
function isForGood(error: unknown): boolean {
  if (error instanceof DeliveryError) return !error.isWorthAnother;
  return error instanceof CutoverError && error.fault === 'user';
}

function failureOf(errors: unknown[], told: number): ApplicationFailure {
  const waitMs = Math.max(...errors.map((error) => (error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0)));
  const { hint } = new CutoverError('CUTOVER_NOTIFY_FAILED', '');
  return ApplicationFailure.create({
    type: 'CUTOVER_NOTIFY_FAILED',
    message: `${errors.length} of ${told} notifiers failed: ${errors.map(messageOf).join('; ')}`,
    nonRetryable: errors.every(isForGood),
    details: [{ hint }],
    ...(waitMs > 0 && { nextRetryDelay: waitMs }),
  });
}
