/** What surrounds the phases: what a person should know, may do, and has done. */
import type { Outcome } from '../../workflows/api.ts';
import { shortId } from '../deployment-id.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { words } from './text.ts';
import { remaining } from './values.ts';

const SHOWN_MESSAGES = 5;

export function noAnswerLines({ live }: LiveStatus, { colors }: Canvas): string[] {
  if (live.answered || live.execution !== 'running') return [];
  return [
    '',
    colors.yellow(` ! ${live.note ?? 'no worker is answering'}. What the server has recorded stays; nothing is lost.`),
  ];
}

export function attentionLines(status: LiveStatus, { colors }: Canvas): string[] {
  if (status.attention.length === 0) return [];
  return ['', ...status.attention.map((line) => colors.yellow(` ! ${line}`))];
}

/** Who is asked, and the command to type. */
export function approvalLines(status: LiveStatus, { colors, nowMs }: Canvas): string[] {
  const { approval } = status;
  if (approval === null || approval.state !== 'pending' || status.phase !== 'approval') return [];
  const missing = approval.required - approval.approved_by.length;
  const open = approval.approvers.filter((person) => !approval.approved_by.includes(person));
  const given = approval.approved_by.length === 0 ? '' : `; approved by ${approval.approved_by.join(', ')}`;
  const left = remaining(Date.parse(approval.expires_at) - nowMs);
  return [
    '',
    colors.bold(` Waiting for ${missing} of: ${open.join(', ')}${given} (${left} left)`),
    `   cutover approve ${shortId(status.workflow_id)} --by ${shellWord(open[0] ?? 'NAME')}`,
    `   cutover reject ${shortId(status.workflow_id)} --by ${shellWord(open[0] ?? 'NAME')} --reason "…"`,
  ];
}

export function leaseLines(status: LiveStatus, { colors, nowMs }: Canvas): string[] {
  const { lease } = status;
  if (lease === null || status.phase !== 'lease') return [];
  const health = lease.old_healthy === false ? colors.red('not ready') : 'ready';
  const id = shortId(status.workflow_id);
  return [
    '',
    ` ${lease.old_colour} is kept, ${health}, for ${remaining(Date.parse(lease.ends_at) - nowMs)}`,
    `   cutover rollback ${id}    back to it at once`,
    `   cutover release ${id}     remove it now`,
  ];
}

export function outcomeLines(status: LiveStatus, canvas: Canvas): string[] {
  const { rollback, outcome, reason, live } = status;
  const lines: string[] = [];
  if (rollback !== null) {
    const took =
      rollback.restored_after_ms === null ? rollback.state : `traffic back after ${rollback.restored_after_ms} ms`;
    const note = rollback.note === null ? '' : `; ${rollback.note}`;
    lines.push(` Rollback from ${words(rollback.from_phase)} by ${rollback.by}: ${took}${note}`);
  }
  if (outcome !== null) lines.push(` ${paintOutcome(outcome, canvas)}${reason === null ? '' : `: ${reason}`}`);
  else if (live.execution !== 'running' && live.execution !== 'continued_as_new')
    lines.push(` The run has ${words(live.execution)}.`);
  return lines.length === 0 ? [] : ['', ...lines];
}

export function paintOutcome(outcome: Outcome, { colors }: Pick<Canvas, 'colors'>): string {
  const text = words(outcome);
  switch (outcome) {
    case 'succeeded':
      return colors.green(text);
    case 'rolled_back':
    case 'rejected':
    case 'inconclusive':
      return colors.yellow(text);
    case 'stuck':
      return colors.red(text);
  }
}

export function messageLines(status: LiveStatus, { colors }: Canvas): string[] {
  const latest = status.messages.slice(-SHOWN_MESSAGES);
  if (latest.length === 0) return [];
  const lines = latest.map((message) => {
    const reason = message.reason === null ? '' : ` (${message.reason})`;
    const verdict = message.accepted ? message.note : `refused: ${message.note}`;
    return colors.dim(`   ${message.at.slice(11, 19)} ${words(message.name)} by ${message.by}${reason}: ${verdict}`);
  });
  return ['', colors.dim(' Messages (UTC)'), ...lines];
}

/** A name from a plan may be anything: it is quoted when a shell would take it apart. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
