/** Between plain values and what Core speaks. */
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { type Duration, optionalTsToMs } from '@temporalio/common/lib/time.js';
import { temporal } from '@temporalio/proto';

type Payload = temporal.api.common.v1.IPayload;
export type Failure = temporal.api.failure.v1.IFailure;
const { TimeoutType, RetryState } = temporal.api.enums.v1;

export function encode(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

export function decode(payload: Payload | null | undefined): unknown {
  return payload == null ? undefined : defaultPayloadConverter.fromPayload(payload);
}

export function failureOf(error: unknown): Failure {
  return defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
}

/** What a failure says, innermost cause last. */
export function failureText(failure: Failure | null | undefined): string {
  if (failure == null) return 'no failure';
  return failure.cause == null ? `${failure.message}` : `${failure.message}: ${failureText(failure.cause)}`;
}

export function durationMs(duration: Duration | null | undefined): number | null {
  return optionalTsToMs(duration) ?? null;
}

export const TIMEOUTS = {
  startToClose: TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE,
  scheduleToClose: TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE,
  heartbeat: TimeoutType.TIMEOUT_TYPE_HEARTBEAT,
} as const;

export function timeoutFailure(kind: keyof typeof TIMEOUTS, cause: Failure | null): Failure {
  return { message: `activity ${kind} timeout`, timeoutFailureInfo: { timeoutType: TIMEOUTS[kind] }, cause };
}

export const CANCELLED: Failure = { message: 'activity cancelled', canceledFailureInfo: {} };

/** The failure as the workflow sees it, with the activity that it is of. */
export function activityFailure(type: string, id: string, cause: Failure): Failure {
  return {
    message: cause.canceledFailureInfo == null ? 'Activity task failed' : 'Activity cancelled',
    cause,
    activityFailureInfo: {
      activityType: { name: type },
      activityId: id,
      retryState: RetryState.RETRY_STATE_UNSPECIFIED,
      identity: '',
    },
  };
}

/** Commands as text, to be compared: payloads readable, the rest as it is. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    ArrayBuffer.isView(inner) ? Buffer.from(inner.buffer, inner.byteOffset, inner.byteLength).toString('utf8') : inner,
  );
}
