import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/** The way for an activity to wait without holding up the server's clock: a benign failure with a delayed retry. */
export function later(delayMs: number): never {
  throw ApplicationFailure.create({
    message: 'not yet',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, Math.ceil(delayMs)),
  });
}
