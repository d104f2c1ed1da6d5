/** The Markdown that the Web UI shows for a run: what is happening, and what to do. */
import { setCurrentDetails } from '@temporalio/workflow';
import { formatDuration } from '../plan/duration.ts';
import type { CriterionReading, DeploymentStatus, PhaseStatus } from './api.ts';
import type { Run } from './run.ts';
import { statusOf } from './status.ts';

/** Costs nothing in history: the server asks for it when somebody looks. */
export function publishDetails(run: Run): void {
  setCurrentDetails(detailsOf(statusOf(run)));
}

export function detailsOf(status: DeploymentStatus): string {
  return [
    headline(status),
    ...status.attention.map((line) => `> **Attention: ${line}**`),
    pausedLine(status),
    approvalLine(status),
    rollbackLine(status),
    unsafeLine(status),
    leaseLine(status),
    circuitLine(status),
    phaseTable(status.phases),
    parityTable(status),
    hookList(status),
    evidenceTable(status),
    messageList(status),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

function headline(status: DeploymentStatus): string {
  const from = status.previous_version === null ? '' : ` (was ${status.previous_version})`;
  const lines = [
    `### ${status.service} ${status.version}${from} → ${status.environment}${status.target === null ? '' : ` @ ${status.target}`}`,
  ];
  if (status.outcome !== null) lines.push(`**${status.outcome.replace('_', ' ')}**: ${status.reason ?? ''}`);
  else
    lines.push(
      `Now: **${status.phase.replaceAll('_', ' ')}**${status.paused === null ? '' : ' (paused)'}, started by ${status.started_by}`,
    );
  if (status.weights !== null && status.colours !== null) {
    const { active, candidate } = status.colours;
    lines.push(
      `Traffic: **${candidate} (new) ${status.weights[candidate]} %** · ${active} (old) ${status.weights[active]} %`,
    );
  }
  return lines.join('\n\n');
}

function approvalLine(status: DeploymentStatus): string | null {
  const { approval } = status;
  if (approval === null) return null;
  if (approval.state !== 'pending')
    return `Approval: ${approval.state.replace('_', ' ')} ${approval.approved_by.join(', ')}`;
  const missing = approval.required - approval.approved_by.length;
  const digest = approval.digest.slice(0, 19);
  return `**Waiting for ${missing} approval(s)** of ${approval.approvers.join(', ')} until ${approval.expires_at}. Send the update or signal \`approve\` with \`{"by": "…"}\`, or with \`{"by": "…", "digest": "${digest}"}\` for just what is shown here.`;
}

function pausedLine({ paused }: DeploymentStatus): string | null {
  if (paused === null) return null;
  const why = paused.reason === null ? '' : ` (${cell(paused.reason)})`;
  const left = paused.remaining_ms === null ? '' : `; ${formatDuration(paused.remaining_ms)} of the phase are left`;
  return `**Paused** by ${cell(paused.by)} since ${paused.since}${why}${left}. It is still watched. Send \`resume\` to go on.`;
}

function unsafeLine(status: DeploymentStatus): string | null {
  if (status.rollback_needs_force === null || status.outcome === 'rolled_back') return null;
  return `Rollback needs \`{"force": true}\`: ${status.rollback_needs_force}.`;
}

function circuitLine({ circuit }: DeploymentStatus): string | null {
  if (circuit === null) return null;
  const next = circuit.open_until === null ? '' : `; another try at ${circuit.open_until}`;
  return `Error bursts that stopped the new version's share: ${circuit.trips}${next}.`;
}

function parityTable({ parity }: DeploymentStatus): string | null {
  if (parity === null || parity.length === 0) return null;
  const rows = parity.map(({ path, active, standby }) => [path, active ?? '(none)', standby ?? '(none)']);
  return [
    'The colours differ in more than the version:',
    '',
    '| | old | new |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');
}

function hookList({ hooks }: DeploymentStatus): string | null {
  if (hooks.length === 0) return null;
  const line = ({ point, name, state, note }: DeploymentStatus['hooks'][number]) =>
    `- ${HOOK_GLYPHS[state]} ${point.replaceAll('_', ' ')}: **${cell(name)}**${note === null ? '' : ` ${cell(note)}`}`;
  return ['Hooks', '', ...hooks.map(line)].join('\n');
}

function rollbackLine(status: DeploymentStatus): string | null {
  const { rollback } = status;
  if (rollback === null) return null;
  const took =
    rollback.restored_after_ms === null ? rollback.state : `traffic back after ${rollback.restored_after_ms} ms`;
  return `**Rollback** from ${rollback.from_phase.replaceAll('_', ' ')} by ${rollback.by}: ${rollback.reason}. ${took}.`;
}

function leaseLine(status: DeploymentStatus): string | null {
  if (status.lease === null || status.phase !== 'lease') return null;
  return `${status.lease.old_colour} is kept (${status.lease.old_size} instances) until ${status.lease.ends_at}; \`rollback\` takes traffic back to it, \`release\` removes it.`;
}

const GLYPHS: Record<PhaseStatus['state'], string> = {
  pending: '·',
  running: '▶',
  passed: '✔',
  failed: '✘',
  skipped: '–',
  interrupted: '■',
};

const HOOK_GLYPHS = { running: '▶', passed: '✔', failed: '✘', skipped: '–' } as const;

function phaseTable(phases: PhaseStatus[]): string {
  const rows = phases.map((phase) => {
    const share = phase.share === null ? '' : `${phase.share} %`;
    const cells = [
      GLYPHS[phase.state],
      phase.name.replaceAll('_', ' '),
      share,
      clock(phase.started_at),
      clock(phase.ended_at ?? phase.ends_at),
      phase.note ?? '',
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return ['| | phase | share | from (UTC) | to | |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** The evidence of the latest phase that has any. */
function evidenceTable(status: DeploymentStatus): string | null {
  const phase = status.phases.findLast((candidate) => candidate.evidence !== null);
  if (phase === undefined || phase.evidence === null) return null;
  const rows = phase.evidence.criteria.map((reading) => `| ${readingCells(reading).map(cell).join(' | ')} |`);
  const { judged, expected, percent } = phase.evidence.coverage;
  return [
    `Evidence of ${phase.name.replaceAll('_', ' ')} (${judged} of ${expected} ticks judged, ${percent.toFixed(0)} %)`,
    '',
    '| criterion | | value | limit | baseline | requests |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function readingCells(reading: CriterionReading): string[] {
  return [
    reading.source,
    reading.state.replace('_', ' '),
    number(reading.value),
    number(reading.limit),
    reading.baseline === null ? '' : `${number(reading.baseline.value)} (${reading.baseline.source})`,
    String(reading.observations),
  ];
}

function messageList(status: DeploymentStatus): string | null {
  if (status.messages.length === 0) return null;
  const lines = status.messages.slice(-10).map((message) => {
    const verdict = message.accepted ? message.note : `refused: ${message.note}`;
    return `- ${clock(message.at)} **${message.name}** by ${cell(message.by)}${message.reason === null ? '' : ` (${cell(message.reason)})`}: ${cell(verdict)}`;
  });
  return ['Messages', '', ...lines].join('\n');
}

function number(value: number | null): string {
  return value === null ? '' : String(Math.round(value * 100) / 100);
}

function clock(at: string | null): string {
  return at === null ? '' : at.slice(11, 19);
}

/** Texts of people must not break the table or become markup. */
function cell(text: string): string {
  return text
    .replace(/[|`\r\n]/g, ' ')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
