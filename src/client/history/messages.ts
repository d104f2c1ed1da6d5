/** What people sent to a deployment, by whom, and what came of it. */
import { MESSAGES, type MessageRecord, START_UPDATE } from '../../workflows/api.ts';
import { firstValue, innermostMessage, isRecord } from '../proto.ts';
import { addEntry, type HistoryEntry, type HistoryEvent, textOf, type Walk } from './entry.ts';

const NAMES: readonly string[] = MESSAGES;

export function signalled(walk: Walk, event: HistoryEvent, at: string): void {
  const attributes = event.workflowExecutionSignaledEventAttributes;
  const name = attributes?.signalName ?? '';
  if (attributes == null || !NAMES.includes(name)) return;
  const payload = firstValue(attributes.input);
  const by = byOf(payload) ?? attributes.identity ?? null;
  addEntry(walk, event, at, { kind: 'message', text: wordsOf(name, payload), by, message: { name, via: 'signal' } });
}

/** Only what the deployment has accepted is an event; its answer comes with a later one. */
export function updateAccepted(walk: Walk, event: HistoryEvent, at: string): void {
  const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  const name = request?.input?.name ?? '';
  if (request == null || !(NAMES.includes(name) || name === START_UPDATE)) return;
  const payload = firstValue(request.input?.args);
  const by = byOf(payload) ?? request.meta?.identity ?? null;
  const entry = addEntry(walk, event, at, {
    kind: 'message',
    text: wordsOf(name, payload),
    by,
    message: { name, via: 'update' },
  });
  walk.updates.set(String(event.eventId), entry);
}

export function updateAnswered(walk: Walk, event: HistoryEvent): void {
  const attributes = event.workflowExecutionUpdateCompletedEventAttributes;
  const entry = walk.updates.get(String(attributes?.acceptedEventId));
  if (attributes == null || entry === undefined) return;
  const receipt = firstValue(attributes.outcome?.success);
  const failure = innermostMessage(attributes.outcome?.failure);
  // The start of the run itself is told already.
  if (isRecord(receipt) && receipt.taken_over === false) {
    walk.entries.splice(walk.entries.indexOf(entry), 1);
    return;
  }
  const answer = failure ?? (isRecord(receipt) ? textOf(receipt.message) : null);
  if (answer !== null) entry.text += `: ${answer}`;
}

export function cancelAsked(walk: Walk, event: HistoryEvent, at: string): void {
  const attributes = event.workflowExecutionCancelRequestedEventAttributes;
  if (attributes == null) return;
  const cause = attributes.cause ?? '';
  const text = `cancel${cause === '' ? '' : ` (${cause})`}`;
  addEntry(walk, event, at, {
    kind: 'message',
    text,
    by: attributes.identity ?? null,
    message: { name: 'cancel', via: 'cancel' },
  });
}

/**
 * What came of the signals, which only the deployment knows. Its records are bounded, the oldest give way: the latest
 * signal of a name belongs to its latest record.
 */
export function answerSignals(entries: readonly HistoryEntry[], records: readonly MessageRecord[]): void {
  for (const name of NAMES) {
    const sent = entries.filter(({ message }) => message?.via === 'signal' && message.name === name).reverse();
    const known = records.filter((record) => record.via === 'signal' && record.name === name).reverse();
    for (const [index, entry] of sent.entries()) {
      const record = known[index];
      if (record !== undefined) entry.text += `: ${record.accepted ? record.note : `refused: ${record.note}`}`;
    }
  }
}

function wordsOf(name: string, payload: unknown): string {
  if (name === START_UPDATE) return `start of ${versionOf(payload) ?? 'the next deployment'}: the lease ends`;
  const reason = typeof payload === 'string' ? payload : isRecord(payload) ? textOf(payload.reason) : null;
  const duration = isRecord(payload) ? textOf(payload.duration) : null;
  const facts = [duration, isRecord(payload) && payload.force === true ? 'force' : null, reason];
  const told = facts.filter((fact) => fact !== null).join(', ');
  return `${words(name)}${told === '' ? '' : ` (${told})`}`;
}

function versionOf(payload: unknown): string | null {
  return isRecord(payload) && isRecord(payload.plan) ? textOf(payload.plan.version) : null;
}

function byOf(payload: unknown): string | null {
  return isRecord(payload) ? (textOf(payload.by) ?? textOf(payload.started_by)) : null;
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
