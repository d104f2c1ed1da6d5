/** What surrounds the phases: what a person should know, may do, and has done. */
import type { Outcome } from '../../workflows/api.ts';
import { shortId } from '../deployment-id.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { shellWord } from './shell-word.ts';
import { words } from './text.ts';
import { LOCAL_TIMES } from './times.ts';
import { remaining } from './values.ts';

const SHOWN_MESSAGES = 5;
/** Enough of a digest to tell it from another one. */
const DIGEST_DIGITS = 12;

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

/** Who is asked, what an approval is bound to, and the command to type. */
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
    `   cutover approve ${shortId(status.workflow_id)} --by ${shellWord(open[0] ?? 'NAME')} --digest ${shortDigest(approval.digest)}`,
    `   cutover reject ${shortId(status.workflow_id)} --by ${shellWord(open[0] ?? 'NAME')} --reason "…"`,
  ];
}

/** `sha256:0123456789ab` as `0123456789ab`, which names it just as well. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, DIGEST_DIGITS);
}

export function leaseLines(status: LiveStatus, { colors, nowMs }: Canvas): string[] {
  const { lease } = status;
  if (lease === null || status.phase !== 'lease') return [];
  const health =
    lease.old_healthy === null ? 'of unknown health' : lease.old_healthy ? 'ready' : colors.red('not ready');
  const id = shortId(status.workflow_id);
  return [
    '',
    ` ${lease.old_colour} is kept, × ${lease.old_size}, ${health}, for ${remaining(Date.parse(lease.ends_at) - nowMs)}`,
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
  else if (live.execution !== 'running') lines.push(` The run has ${words(live.execution)}.`);
  if (live.execution === 'taken_over') lines.push(' Its lease has ended: the next deployment took over.');
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

export function messageLines(status: LiveStatus, { colors, times = LOCAL_TIMES }: Canvas): string[] {
  const latest = status.messages.slice(-SHOWN_MESSAGES);
  const [first] = latest;
  if (first === undefined) return [];
  const lines = latest.map((message) => {
    const reason = message.reason === null ? '' : ` (${message.reason})`;
    const verdict = message.accepted ? message.note : `refused: ${message.note}`;
    return colors.dim(`   ${times.clock(message.at)} ${words(message.name)} by ${message.by}${reason}: ${verdict}`);
  });
  return ['', colors.dim(` Messages (${times.zone(first.at)})`), ...lines];
}
