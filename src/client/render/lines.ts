/** What changed between two looks at a deployment, as plain lines for a log. */
import { formatShare } from '../../plan/exposure.ts';
import { formatWeights } from '../../plan/weights.ts';
import type { CriterionReading, Evidence, MessageRecord, PhaseStatus } from '../../workflows/api.ts';
import { shortId } from '../deployment-id.ts';
import type { LiveStatus } from '../live-status.ts';
import { noteChanges } from './change-notes.ts';
import { shortDigest } from './notes.ts';
import { sanitiseAll } from './sanitise.ts';
import { shellWord } from './shell-word.ts';
import { words } from './text.ts';
import { readingFacts, remaining, span } from './values.ts';

/** Without a time in front; `before` null: the first look, which tells where the deployment is. */
export function changeLines(before: LiveStatus | null, after: LiveStatus): string[] {
  const safe = sanitiseAll(after);
  const old = before === null ? null : sanitiseAll(before);
  return [
    ...(old === null ? introduction(safe) : []),
    ...answerLines(old, safe),
    ...phaseChanges(old, safe),
    ...criterionChanges(old, safe),
    ...weightChanges(old, safe),
    ...approvalChanges(old, safe),
    ...noteChanges(old, safe),
    ...newOnes(old?.attention ?? [], safe.attention).map((line) => `attention: ${line}`),
    ...newMessages(old, safe).map(messageLine),
    ...rollbackChanges(old, safe),
    ...outcomeChanges(old, safe),
  ];
}

function introduction(status: LiveStatus): string[] {
  const was = status.previous_version === null ? '' : ` (was ${status.previous_version})`;
  const line = `${status.service} ${status.version}${was} → ${status.environment}, started by ${status.started_by} at ${status.started_at}: ${status.workflow_id}`;
  return status.live.url === null ? [line] : [line, status.live.url];
}

function answerLines(old: LiveStatus | null, { live }: LiveStatus): string[] {
  const wasAnswered = old?.live.answered ?? true;
  if (live.answered) return wasAnswered ? [] : ['answering again'];
  if (!wasAnswered || live.execution !== 'running') return [];
  return [`${live.note ?? 'no worker is answering'}; what the server has recorded stays`];
}

function phaseChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  if (now.phases.length === 0) return old?.phase === now.phase ? [] : [`phase: ${words(now.phase)}`];
  const lines = now.phases.flatMap((phase) => {
    const earlier = old?.phases.find((candidate) => candidate.name === phase.name);
    const same = earlier?.state === phase.state && earlier.note === phase.note && earlier.ends_at === phase.ends_at;
    return same || (earlier === undefined && phase.state === 'pending') ? [] : [phaseLine(phase)];
  });
  const named = now.phases.some((phase) => phase.name === now.phase);
  return named || old?.phase === now.phase ? lines : [...lines, `phase: ${words(now.phase)}`];
}

function phaseLine(phase: PhaseStatus): string {
  const share = phase.share === null ? '' : ` at ${formatShare(phase.share, phase.exposed)}`;
  const note = phase.note === null ? '' : ` (${phase.note})`;
  return `${words(phase.name)}: ${phase.state}${share}${phaseTime(phase)}${note}`;
}

function phaseTime({ state, started_at, ends_at, ended_at }: PhaseStatus): string {
  if (started_at === null) return '';
  if (ended_at !== null) return `, took ${span(Date.parse(ended_at) - Date.parse(started_at))}`;
  return state === 'running' && ends_at !== null ? `, until ${ends_at}` : '';
}

/** A criterion is told of when its state changes; its value alone changes every second. */
function criterionChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  const earlier = evidenceOf(old)?.criteria ?? [];
  return (evidenceOf(now)?.criteria ?? [])
    .filter((reading) => {
      const before = earlier.find(
        (candidate) => candidate.source === reading.source && candidate.kind === reading.kind,
      );
      const quiet = before === undefined && (reading.state === 'pending' || reading.state === 'ok');
      return !quiet && before?.state !== reading.state;
    })
    .map(criterionLine);
}

function evidenceOf(status: LiveStatus | null): Evidence | null {
  if (status === null) return null;
  const recorded = status.phases.findLast((phase) => phase.evidence !== null)?.evidence ?? null;
  return status.live.evidence ?? recorded;
}

function criterionLine(reading: CriterionReading): string {
  const facts = readingFacts(reading).join(', ');
  const name = reading.kind === 'trigger' ? `roll back when ${reading.source}` : reading.source;
  return `criterion ${name}: ${words(reading.state)}${facts === '' ? '' : ` (${facts})`}`;
}

function weightChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  const { weights } = now;
  if (weights === null || (old?.weights?.blue === weights.blue && old.weights.green === weights.green)) return [];
  return [`traffic: ${formatWeights(weights)}`];
}

function approvalChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  const { approval } = now;
  if (approval === null) return [];
  const earlier = old?.approval ?? null;
  if (earlier?.state === approval.state && earlier.approved_by.length === approval.approved_by.length) return [];
  if (approval.state !== 'pending')
    return [`approval: ${words(approval.state)} ${approval.approved_by.join(', ')}`.trimEnd()];
  const open = approval.approvers.filter((person) => !approval.approved_by.includes(person));
  const missing = approval.required - approval.approved_by.length;
  const command = `cutover approve ${shortId(now.workflow_id)} --by ${shellWord(open[0] ?? 'NAME')} --digest ${shortDigest(approval.digest)}`;
  return [`approval: waiting for ${missing} of ${open.join(', ')} until ${approval.expires_at}: ${command}`];
}

/** The records are bounded, the oldest give way: what is new is found by identity, not by position. */
function newMessages(old: LiveStatus | null, now: LiveStatus): MessageRecord[] {
  const known = new Set((old?.messages ?? []).map(messageKey));
  return now.messages.filter((message) => !known.has(messageKey(message)));
}

function messageKey(message: MessageRecord): string {
  return JSON.stringify([message.at, message.name, message.via, message.by, message.request_id, message.note]);
}

function messageLine(message: MessageRecord): string {
  const reason = message.reason === null ? '' : ` (${message.reason})`;
  return `${words(message.name)} by ${message.by}${reason}: ${message.accepted ? message.note : `refused: ${message.note}`}`;
}

function rollbackChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  const { rollback } = now;
  if (rollback === null || (old?.rollback?.state === rollback.state && old.rollback.note === rollback.note)) return [];
  const took =
    rollback.restored_after_ms === null ? rollback.state : `traffic back after ${rollback.restored_after_ms} ms`;
  const note = rollback.note === null ? '' : `; ${rollback.note}`;
  return [`rollback from ${words(rollback.from_phase)} by ${rollback.by} (${rollback.reason}): ${took}${note}`];
}

function outcomeChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  const lines: string[] = [];
  if (now.outcome !== null && old?.outcome !== now.outcome) {
    lines.push(`${words(now.outcome)}${now.reason === null ? '' : `: ${now.reason}`}`);
  }
  if (now.live.execution === 'taken_over' && old?.live.execution !== 'taken_over')
    lines.push('its lease has ended: the next deployment took over');
  const lease = now.phase === 'lease' && old?.phase !== 'lease' ? now.lease : null;
  if (lease !== null) {
    const left = remaining(Date.parse(lease.ends_at) - Date.now());
    lines.push(`${lease.old_colour} is kept for ${left}: cutover rollback ${shortId(now.workflow_id)}`);
  }
  return lines;
}

function newOnes(old: readonly string[], now: readonly string[]): string[] {
  return now.filter((line) => !old.includes(line));
}
