/** What raw answers of the server hold, read with distrust. */
import { defaultPayloadConverter, type Payload } from '@temporalio/common';

interface Timestamp {
  seconds?: { toString(): string } | number | null;
  nanos?: number | null;
}
interface Payloads {
  payloads?: object[] | null;
}

/** Null: there is none. */
export function isoOf(timestamp: Timestamp | null | undefined): string | null {
  if (timestamp?.seconds == null) return null;
  const ms = Number(timestamp.seconds) * 1_000 + (timestamp.nanos ?? 0) / 1e6;
  return ms > 0 ? new Date(ms).toISOString() : null;
}

/** Null: it is none, or of an encoding that this client does not have. */
export function decoded(payload: object | null | undefined): unknown {
  if (payload == null) return null;
  try {
    return defaultPayloadConverter.fromPayload(payload as Payload);
  } catch {
    return null;
  }
}

/** The first of several payloads: arguments, results and details have one, as a rule. */
export function firstValue(payloads: Payloads | null | undefined): unknown {
  return decoded(payloads?.payloads?.[0]);
}

interface Failure {
  message?: string | null;
  cause?: Failure | null;
}

/** The innermost failure's words; the outer ones only say that something failed. Null: there are none. */
export function innermostMessage(failure: Failure | null | undefined): string | null {
  let deepest = failure ?? null;
  while (deepest?.cause != null) deepest = deepest.cause;
  const message = deepest?.message ?? '';
  return message === '' ? null : message;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
