/** The events of one run as a timeline for people. Pure; everything in an event comes from elsewhere. */
import { LEASE_WORKFLOW_TYPE } from '../../workflows/api.ts';
import { decoded, firstValue, innermostMessage, isoOf, isRecord } from '../proto.ts';
import { activityEnded, activityScheduled, activityStarted } from './activities.ts';
import { addEntry, type HistoryEntry, type HistoryEvent, newWalk, textOf, type Walk } from './entry.ts';
import { cancelAsked, signalled, updateAccepted, updateAnswered } from './messages.ts';

/** In the order of the events. */
export function entriesOf(events: readonly HistoryEvent[], runId: string): HistoryEntry[] {
  const walk = newWalk(runId);
  for (const event of events) {
    const at = isoOf(event.eventTime);
    if (at !== null) readEvent(walk, event, at);
  }
  return walk.entries;
}

/** Each kind of event has its own attributes, and an event has those of its kind alone. */
function readEvent(walk: Walk, event: HistoryEvent, at: string): void {
  activityScheduled(walk, event, at);
  activityStarted(walk, event);
  activityEnded(walk, event, at);
  signalled(walk, event, at);
  updateAccepted(walk, event, at);
  updateAnswered(walk, event);
  cancelAsked(walk, event, at);
  started(walk, event, at);
  phaseChanged(walk, event, at);
  timed(walk, event, at);
  workerTrouble(walk, event, at);
  ended(walk, event, at);
}

function started(walk: Walk, event: HistoryEvent, at: string): void {
  const attributes = event.workflowExecutionStartedEventAttributes;
  if (attributes == null || attributes.workflowType?.name === LEASE_WORKFLOW_TYPE) return;
  const input = firstValue(attributes.input);
  const plan = isRecord(input) && isRecord(input.plan) ? input.plan : {};
  const what = `${textOf(plan.service) ?? 'a deployment'} ${textOf(plan.version) ?? ''}`.trim();
  const from = attributes.continuedExecutionRunId ?? '';
  const text = from === '' ? `${what} started` : `${what} started, taking over the lease of run ${from}`;
  addEntry(walk, event, at, { kind: 'start', text, by: isRecord(input) ? textOf(input.started_by) : null });
}

function phaseChanged(walk: Walk, event: HistoryEvent, at: string): void {
  const fields = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
  if (fields == null) return;
  const outcome = keyword(decoded(fields.DeployOutcome));
  if (outcome !== null) addEntry(walk, event, at, { kind: 'outcome', text: words(outcome) });
  const phase = keyword(decoded(fields.DeployPhase));
  if (phase !== null && phase !== 'closed') addEntry(walk, event, at, { kind: 'phase', text: words(phase) });
}

/** The server stores one keyword as itself, or as a list of one. */
function keyword(value: unknown): string | null {
  return textOf(Array.isArray(value) ? value[0] : value);
}

/** A timer that fires is one that nothing came before. */
function timed(walk: Walk, event: HistoryEvent, at: string): void {
  const begun = event.timerStartedEventAttributes?.timerId;
  const summary = textOf(decoded(event.userMetadata?.summary));
  if (begun != null && summary !== null) walk.timers.set(begun, summary);
  const fired = walk.timers.get(event.timerFiredEventAttributes?.timerId ?? '');
  if (fired !== undefined) addEntry(walk, event, at, { kind: 'step', text: `time is over: ${fired}` });
}

function workerTrouble(walk: Walk, event: HistoryEvent, at: string): void {
  const { workflowTaskFailedEventAttributes: failed } = event;
  if (event.workflowTaskTimedOutEventAttributes != null)
    addEntry(walk, event, at, { kind: 'worker', text: 'no worker answered in time; another one was asked' });
  if (failed?.failure != null) {
    const why = innermostMessage(failed.failure) ?? 'unknown';
    addEntry(walk, event, at, {
      kind: 'worker',
      text: `a worker could not go on: ${why}`,
      by: failed.identity ?? null,
    });
  }
}

function ended(walk: Walk, event: HistoryEvent, at: string): void {
  const end = endOf(event);
  if (end !== null) addEntry(walk, event, at, { kind: 'end', ...end });
}

function endOf(event: HistoryEvent): { text: string; by?: string | null } | null {
  const {
    workflowExecutionCompletedEventAttributes: completed,
    workflowExecutionFailedEventAttributes: failed,
    workflowExecutionTerminatedEventAttributes: terminated,
    workflowExecutionContinuedAsNewEventAttributes: continued,
  } = event;
  if (completed != null) {
    const result = firstValue(completed.result);
    const reason = isRecord(result) ? textOf(result.reason) : null;
    return { text: reason === null ? 'ended' : `ended: ${reason}` };
  }
  if (failed != null) return { text: `the run failed: ${innermostMessage(failed.failure) ?? 'unknown'}` };
  if (terminated != null) {
    const reason = terminated.reason ?? '';
    return { text: `terminated${reason === '' ? '' : `: ${reason}`}`, by: terminated.identity ?? null };
  }
  if (event.workflowExecutionCanceledEventAttributes != null) return { text: 'ended, cancelled' };
  if (event.workflowExecutionTimedOutEventAttributes != null) return { text: 'the run timed out' };
  if (continued == null || continued.workflowType?.name === LEASE_WORKFLOW_TYPE) return null;
  return { text: 'ended: the next deployment took over' };
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
