/** How a run tells where it is: phases, search attributes, Web UI details, people called. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { CancellationScope, log, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { NotifyEvent } from '../adapters/types.ts';
import { notifiers } from './activities.ts';
import type { DeployPhase, Outcome, PhaseName } from './api.ts';
import { publishDetails } from './details.ts';
import { AUTOMATIC } from './interruption.ts';
import { phaseEnded } from './meters.ts';
import { candidateShare, type Interruption, type PhaseRecord, type Run } from './run.ts';

const DEPLOY_PHASE = defineSearchAttributeKey('DeployPhase', SearchAttributeType.KEYWORD);
const DEPLOY_OUTCOME = defineSearchAttributeKey('DeployOutcome', SearchAttributeType.KEYWORD);
const DEPLOY_SERVICE = defineSearchAttributeKey('DeployService', SearchAttributeType.KEYWORD);
const DEPLOY_ENVIRONMENT = defineSearchAttributeKey('DeployEnvironment', SearchAttributeType.KEYWORD);

/** Sets what lists and queries find the run by, for runs started without them, from the Web UI. */
export function introduce(run: Run): void {
  const known = workflowInfo().typedSearchAttributes;
  if (known.get(DEPLOY_SERVICE) === undefined) {
    upsertSearchAttributes([
      { key: DEPLOY_SERVICE, value: run.plan.service },
      { key: DEPLOY_ENVIRONMENT, value: run.plan.environment },
      { key: DEPLOY_PHASE, value: run.phase },
    ]);
  }
  publishDetails(run);
}

export function setPhase(run: Run, phase: DeployPhase): void {
  if (run.phase === phase) return;
  run.phase = phase;
  upsertSearchAttributes([{ key: DEPLOY_PHASE, value: phase }]);
  publishDetails(run);
}

/** The outcome, and the phase that follows it, in one event. */
export function setOutcome(run: Run, outcome: Outcome, reason: string, next: DeployPhase): void {
  run.outcome = outcome;
  run.reason = reason;
  run.phase = next;
  upsertSearchAttributes([
    { key: DEPLOY_OUTCOME, value: outcome },
    { key: DEPLOY_PHASE, value: next },
  ]);
  publishDetails(run);
}

/** Opens a phase; `durationMs` fixes its end as an absolute instant, null: it has none. */
export function beginPhase(run: Run, name: PhaseName, durationMs: number | null): PhaseRecord {
  const record = run.phases[name];
  record.state = 'running';
  record.startedAtMs = Date.now();
  record.endsAtMs = durationMs === null ? null : record.startedAtMs + durationMs;
  record.share = candidateShare(run);
  setPhase(run, name);
  return record;
}

export function endPhase(run: Run, record: PhaseRecord, state: 'passed' | 'failed', note?: string): void {
  record.state = state;
  record.endedAtMs = Date.now();
  record.share = candidateShare(run);
  if (note !== undefined) record.note = note;
  phaseEnded(record);
  publishDetails(run);
}

export function skipPhase(run: Run, name: PhaseName, note: string): void {
  run.phases[name].state = 'skipped';
  run.phases[name].note = note;
}

/** Marks what was under way when the story was interrupted: failed, unless a person ended it. */
export function closeOpenPhases(run: Run, interruption: Interruption): void {
  for (const record of Object.values(run.phases)) {
    if (record.state !== 'running') continue;
    record.state = interruption.by === AUTOMATIC ? 'failed' : 'interrupted';
    record.endedAtMs = Date.now();
    record.note = interruption.reason;
  }
}

/**
 * Something a person should know or do now: kept in the status, shown in the Web UI, sent to the notifiers. The same
 * sentence is said once.
 */
export function callPerson(run: Run, title: string, detail: string): void {
  const line = `${title}: ${detail}`;
  if (run.attention.includes(line)) return;
  run.attention.push(line);
  publishDetails(run);
  notify(run, 'attention', title, detail);
}

/**
 * Good news and what is expected of people: a line in the worker's log, which costs nothing in history, unless the
 * plan has somebody told of everything.
 */
export function tell(run: Run, title: string, detail: string): void {
  const { service, environment } = run.plan;
  log.info(`${title}: ${detail}`, { service, environment, phase: run.phase });
  if (run.plan.notifiers.some(({ events }) => events === 'all')) notify(run, 'info', title, detail);
}

/** Sends an event to the notifiers, without waiting for it. */
function notify(run: Run, severity: NotifyEvent['severity'], title: string, detail: string): void {
  const { workflowId, runId } = workflowInfo();
  const at = Date.now();
  const event: NotifyEvent = {
    id: `${runId}/${at}/${title}`,
    at: new Date(at).toISOString(),
    severity,
    deployment: workflowId,
    title,
    detail,
  };
  void CancellationScope.nonCancellable(() =>
    notifiers.notify.executeWithOptions({ summary: `tell: ${title}` }, [event, run.target]),
  ).catch(() => undefined);
}
