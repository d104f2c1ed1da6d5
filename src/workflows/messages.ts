/**
 * Every message is a signal and an update of the same name. The update's validator refuses with the reason; a signal
 * that cannot be honoured is recorded, never thrown. Handlers set fields; the story acts on them.
 */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  patched,
  setHandler,
} from '@temporalio/workflow';
import {
  type AnyMessage,
  type DeploymentStatus,
  MESSAGES,
  type MessageName,
  type MessageRecord,
  type Receipt,
  requestOf,
} from './api.ts';
import { publishDetails } from './details.ts';
import { honour, normaliseMessage, refusal, settledNote } from './message-rules.ts';
import type { Run } from './run.ts';
import { statusOf } from './status.ts';

/** The oldest records give way, so that a run that is written to for days stays small. */
const MAX_RECORDS = 100;
/** Runs that are open yet may have taken an id for one request, whatever its message. */
const ID_PER_MESSAGE = 'request-id-per-message';

export const statusQuery = defineQuery<DeploymentStatus>('status');

/** Called before anything is awaited: messages that came earlier are delivered inside `setHandler`. */
export function registerMessages(run: Run): void {
  setHandler(statusQuery, () => statusOf(run), { description: 'Where the deployment is, as versioned JSON' });
  for (const name of MESSAGES) {
    setHandler(defineSignal<[payload: unknown]>(name), (payload) => onSignal(run, name, payload));
    setHandler(defineUpdate<Receipt, [payload: unknown]>(name), (payload) => onUpdate(run, name, payload), {
      validator: (payload) => validate(run, name, payload),
    });
  }
}

function validate(run: Run, name: MessageName, payload: unknown): void {
  const message = normaliseMessage(payload);
  if (run.answered[requestOf(name, message)] !== undefined) return;
  const reason = refusal(run, name, message);
  if (reason === null) return;
  throw ApplicationFailure.create({ type: 'CUTOVER_MESSAGE_REFUSED', message: reason, nonRetryable: true });
}

/** A rollback's answer comes when the traffic is back, or when it is known not to come back by itself. */
async function onUpdate(run: Run, name: MessageName, payload: unknown): Promise<Receipt> {
  const message = normaliseMessage(payload);
  const receipt = answer(run, name, message, 'update');
  if (name !== 'rollback') return receipt;
  await condition(() => run.rollback !== null && run.rollback.state !== 'writing');
  return { ...receipt, message: settledNote(run), phase: run.phase, weights: run.weights };
}

function onSignal(run: Run, name: MessageName, payload: unknown): void {
  const message = normaliseMessage(payload);
  const reason = earlierAnswer(run, name, message) === null ? refusal(run, name, message) : null;
  if (reason === null) answer(run, name, message, 'signal');
  else record(run, name, message, 'signal', false, reason);
}

function answer(run: Run, name: MessageName, message: AnyMessage, via: 'signal' | 'update'): Receipt {
  const earlier = earlierAnswer(run, name, message);
  if (earlier !== null) return { ...earlier, duplicate: true };
  const note = honour(run, name, message);
  record(run, name, message, via, true, note);
  const receipt: Receipt = { accepted: true, duplicate: false, message: note, phase: run.phase, weights: run.weights };
  if (message.request_id !== undefined) run.answered[requestOf(name, message)] = receipt;
  return receipt;
}

/** The answer given to the same request: the same id of the same message. Null: it is a new one. */
function earlierAnswer(run: Run, name: MessageName, message: AnyMessage): Receipt | null {
  const { request_id } = message;
  if (request_id === undefined) return null;
  const own = run.answered[requestOf(name, message)];
  if (own !== undefined) return own;
  const other = Object.entries(run.answered).find(([request]) => request.endsWith(` ${request_id}`));
  return other === undefined || patched(ID_PER_MESSAGE) ? null : other[1];
}

function record(
  run: Run,
  name: MessageName,
  message: AnyMessage,
  via: MessageRecord['via'],
  accepted: boolean,
  note: string,
): void {
  run.messages.push({
    at: new Date().toISOString(),
    name,
    via,
    by: message.by ?? 'unknown',
    reason: message.reason ?? null,
    request_id: message.request_id ?? null,
    accepted,
    note,
  });
  if (run.messages.length > MAX_RECORDS) run.messages.shift();
  publishDetails(run);
}
