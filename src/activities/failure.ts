/** How an error leaves an activity. */
import { ApplicationFailure } from '@temporalio/common';
import { CutoverError } from '../errors.ts';

/**
 * A CutoverError keeps its code as the failure's type; one that is the user's fault is not retried, since the next
 * attempt would meet the same. Anything else passes through and is retried by the caller's policy.
 */
export function toFailure(error: unknown): unknown {
  return error instanceof CutoverError ? failureOf(error, error.fault === 'user') : error;
}

/** For an error that is the user's to mend, and yet may be gone at the next attempt: a hook's receiver was restarted. */
export function retryable(error: CutoverError): ApplicationFailure {
  return failureOf(error, false);
}

function failureOf(error: CutoverError, nonRetryable: boolean): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable,
    details: [{ hint: error.hint, ...error.details }],
    cause: error,
  });
}

/** The same activities, with every CutoverError turned into its ApplicationFailure. */
export function withFailures<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
