/** What activities tell of a deployment: traffic that moved, verdicts, hooks, people called, and every other step. */
import { formatDuration } from '../../plan/duration.ts';
import { workFacts } from '../../plan/scheduled-work.ts';
import type { Weights } from '../../plan/types.ts';
import { formatWeights } from '../../plan/weights.ts';
import { evidenceOf } from '../live.ts';
import { decoded, firstValue, innermostMessage, isRecord } from '../proto.ts';
import { addEntry, type HistoryEntry, type HistoryEvent, type ScheduledActivity, textOf, type Walk } from './entry.ts';

/** A step that took less is told without its time. */
const NOTABLE_MS = 1_000;

export function activityScheduled(walk: Walk, event: HistoryEvent, at: string): void {
  const attributes = event.activityTaskScheduledEventAttributes;
  if (attributes == null) return;
  const activity: ScheduledActivity = {
    name: attributes.activityType?.name ?? 'unknown',
    summary: textOf(decoded(event.userMetadata?.summary)),
    input: firstValue(attributes.input),
    atMs: Date.parse(at),
    attempt: 1,
    failure: null,
  };
  walk.activities.set(String(event.eventId), activity);
  const told = activity.name === 'notify' ? toldPeople(activity.input) : null;
  if (told !== null) addEntry(walk, event, at, { kind: 'people', text: told });
}

/** Attempts are not in history; the last one's start tells how many there were. */
export function activityStarted(walk: Walk, event: HistoryEvent): void {
  const attributes = event.activityTaskStartedEventAttributes;
  const activity = walk.activities.get(String(attributes?.scheduledEventId));
  if (attributes == null || activity === undefined) return;
  activity.attempt = attributes.attempt ?? 1;
  activity.failure = innermostMessage(attributes.lastFailure);
}

type Told = Pick<HistoryEntry, 'kind' | 'text'> & Partial<Pick<HistoryEntry, 'evidence'>>;

export function activityEnded(walk: Walk, event: HistoryEvent, at: string): void {
  const { activityTaskCompletedEventAttributes: completed, activityTaskCanceledEventAttributes: canceled } = event;
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  const id = String((completed ?? failed ?? canceled)?.scheduledEventId);
  const activity = walk.activities.get(id);
  if (activity === undefined) return;
  const tookMs = Date.parse(at) - activity.atMs;
  const told =
    completed != null
      ? completion(activity, firstValue(completed.result), tookMs)
      : failed != null
        ? failure(activity, innermostMessage(failed.failure) ?? 'unknown')
        : null;
  if (told !== null) addEntry(walk, event, at, told);
}

function completion(activity: ScheduledActivity, result: unknown, tookMs: number): Told | null {
  switch (activity.name) {
    case 'notify':
      return null;
    case 'watchWindow':
      return verdict(activity.input, result);
    case 'shiftTraffic':
      return shift(activity.input, result);
    case 'runHook':
      return { kind: 'hook', text: `${hookName(activity.input)}: ${noteOf(result) ?? 'passed'}${retries(activity)}` };
    case 'moveScheduledWork':
      return { kind: 'step', text: `${activity.summary ?? 'scheduled work'}: ${workDone(result)}${retries(activity)}` };
    case 'runSmoke':
      return { kind: 'step', text: smoke(result) };
    default:
      return { kind: 'step', text: `${activity.summary ?? words(activity.name)}${took(tookMs)}${retries(activity)}` };
  }
}

function failure(activity: ScheduledActivity, why: string): Told {
  if (activity.name === 'notify') return { kind: 'people', text: `nobody could be told: ${why}` };
  if (activity.name === 'runHook') return { kind: 'hook', text: `${hookName(activity.input)} failed: ${why}` };
  return { kind: 'step', text: `${activity.summary ?? words(activity.name)} failed: ${why}${retries(activity)}` };
}

function verdict(input: unknown, result: unknown): Told | null {
  if (!isRecord(result)) return null;
  const evidence = evidenceOf(result.evidence);
  const stage = words((isRecord(input) ? textOf(input.stage) : null) ?? 'watch');
  const reason = textOf(result.reason);
  const handedOver = result.verdict === 'replaced';
  if (handedOver && evidence === null) return null;
  const word = handedOver ? 'handed over' : words(textOf(result.verdict) ?? 'ended');
  return { kind: 'watch', text: `${stage}: ${word}${reason === null ? '' : `: ${reason}`}`, evidence };
}

function shift(input: unknown, result: unknown): Told | null {
  if (!isRecord(input) || !isRecord(result)) return null;
  const asked = weightsText(input.weights) ?? 'weights';
  const held = isRecord(result.state) ? weightsText(result.state.weights) : null;
  const note = noteOf(result);
  const more = note === null ? '' : ` (${note})`;
  switch (result.kind) {
    case 'written':
    case 'already':
      return { kind: 'traffic', text: `${input.mode === 'forward' ? '' : 'put back: '}${held ?? asked}${more}` };
    case 'short':
      return { kind: 'traffic', text: `${asked} refused: ${note ?? 'too few instances are ready'}` };
    default:
      return { kind: 'traffic', text: `${asked} not written: the router holds ${held ?? 'something else'}` };
  }
}

function weightsText(value: unknown): string | null {
  if (!isRecord(value) || typeof value.blue !== 'number' || typeof value.green !== 'number') return null;
  return formatWeights(value as unknown as Weights);
}

function smoke(result: unknown): string {
  const checks = isRecord(result) && Array.isArray(result.checks) ? result.checks.filter(isRecord) : [];
  const failed = checks.filter(({ ok }) => ok !== true);
  if (failed.length === 0) return `smoke suite: ${checks.length} passed`;
  const named = failed.map((check) => `${textOf(check.name) ?? '?'} (${textOf(check.note) ?? 'failed'})`);
  return `smoke suite: ${failed.length} of ${checks.length} failed: ${named.join(', ')}`;
}

function workDone(result: unknown): string {
  if (!isRecord(result) || result.kind !== 'moved') return noteOf(result) ?? 'not moved';
  const names = (value: unknown) => (Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);
  const { suspended, resumed, left } = result;
  const facts = workFacts({ suspended: names(suspended), resumed: names(resumed), left: names(left) });
  return facts.length === 0 ? 'it was so already' : facts.join('; ');
}

function hookName(input: unknown): string {
  const hook = isRecord(input) && isRecord(input.hook) ? textOf(input.hook.name) : null;
  const point = isRecord(input) && isRecord(input.event) ? textOf(input.event.point) : null;
  return `${words(point ?? 'hook')}: ${hook ?? 'unnamed'}`;
}

function toldPeople(input: unknown): string | null {
  if (!isRecord(input)) return null;
  const word = input.severity === 'attention' ? 'a person was called: ' : '';
  return `${word}${textOf(input.title) ?? '?'}: ${textOf(input.detail) ?? ''}`;
}

function noteOf(result: unknown): string | null {
  return isRecord(result) ? textOf(result.note) : null;
}

function took(ms: number): string {
  return ms < NOTABLE_MS ? '' : `, took ${formatDuration(Math.round(ms / 1_000) * 1_000)}`;
}

function retries({ attempt, failure: last }: ScheduledActivity): string {
  return attempt <= 1 ? '' : ` (attempt ${attempt}${last === null ? '' : `, after: ${last}`})`;
}

/** `awaitReady` as people say it. */
function words(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}
