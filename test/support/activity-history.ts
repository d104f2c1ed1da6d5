/** What a run's history says of its activities. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

export interface ActivityRecord {
  type: string;
  input: unknown;
  /** Of the attempt that ended it; null: none has. */
  attempt: number | null;
  result: unknown;
}

export function activitiesOf({ events }: temporal.api.history.v1.IHistory): ActivityRecord[] {
  const byEvent = new Map<number, ActivityRecord>();
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskStartedEventAttributes: started } = event;
    const completed = event.activityTaskCompletedEventAttributes;
    if (scheduled != null) {
      const type = scheduled.activityType?.name ?? '';
      byEvent.set(Number(event.eventId), { type, input: decode(scheduled.input), attempt: null, result: null });
    }
    const record = byEvent.get(Number(started?.scheduledEventId ?? completed?.scheduledEventId));
    if (record !== undefined && started != null) record.attempt = started.attempt ?? null;
    if (record !== undefined && completed != null) record.result = decode(completed.result);
  }
  return [...byEvent.values()];
}

function decode(payloads: temporal.api.common.v1.IPayloads | null | undefined): unknown {
  const [payload] = payloads?.payloads ?? [];
  return payload === undefined ? null : defaultPayloadConverter.fromPayload(payload);
}
