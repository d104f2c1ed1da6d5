/**
 * The Markdown that the Web UI shows for a run: what is happening, and what to do. It is shown in a column of some 450
 * pixels, in which table cells touch each other and each blank line is a gap: lists are what can be read there.
 */
import { setCurrentDetails } from '@temporalio/workflow';
import { formatDuration } from '../plan/duration.ts';
import { formatShare } from '../plan/exposure.ts';
import { builtInMetric } from '../plan/metrics.ts';
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
    ...status.attention.map((line) => `> **Attention: ${text(line)}**`),
    list(null, [
      trafficLine(status),
      outcomeLine(status),
      rollbackLine(status),
      `**To do:** ${toDo(status)}`,
      pausedLine(status),
      approvalLine(status),
      unsafeLine(status),
      circuitLine(status),
      startLine(status),
    ]),
    phaseList(status),
    evidenceList(status),
    parityList(status),
    hookList(status),
    messageList(status),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

function headline(status: DeploymentStatus): string {
  const { service, version, environment, target, outcome, phase } = status;
  const where = target === null ? environment : `${environment} @ ${target}`;
  const state = outcome === null ? words(phase) : words(outcome);
  const { ends_at: endsAt = null } = status.phases.find(({ name }) => name === phase) ?? {};
  const until = endsAt === null || outcome !== null ? '' : ` until ${time(endsAt, status)} UTC`;
  return `### ${service} ${version} → ${where}: ${state}${status.paused === null ? until : ' (paused)'}`;
}

/** The colour that has more comes first. */
function trafficLine({ weights, colours, version, previous_version: previous }: DeploymentStatus): string | null {
  if (weights === null || colours === null) return null;
  const { active, candidate } = colours;
  const old = `${active} (old${previous === null ? '' : `, ${previous}`}) ${weights[active]} %`;
  const fresh = `${candidate} (new, ${version}) ${weights[candidate]} %`;
  const [more, less] = weights[candidate] > weights[active] ? [fresh, old] : [old, fresh];
  return `Traffic: **${more}** · ${less}`;
}

function outcomeLine({ outcome, reason }: DeploymentStatus): string | null {
  return outcome === null || reason === null ? null : `Why ${words(outcome)}: **${text(reason)}**`;
}

function rollbackLine({ rollback, reason, started_at }: DeploymentStatus): string | null {
  if (rollback === null) return null;
  const { restored_after_ms: tookMs, state, requested_at: at } = rollback;
  const why = rollback.reason === reason ? '' : `: ${text(rollback.reason)}`;
  const took = tookMs === null ? state : `traffic back after ${tookMs} ms`;
  const by = rollback.automatic ? 'automatic' : `by ${text(rollback.by)}`;
  return `Rollback from ${words(rollback.from_phase)} at ${time(at, { started_at })} UTC, ${by}${why}; **${took}**`;
}

/** The messages that make sense now. */
function toDo(status: DeploymentStatus): string {
  const { phase, colours, lease } = status;
  const isFine = status.attention.length === 0;
  const nothing = isFine ? 'nothing' : 'see *Attention* above';
  if (phase === 'closed') return `${nothing}; the deployment has ended`;
  if (phase === 'rolling_back') return `${nothing}; traffic is being put back`;
  if (phase === 'clean_up')
    return `${nothing}; ${colours?.active ?? 'the old colour'} is removed once nothing reaches it`;
  if (phase === 'keep_failed') {
    return `${nothing} for the traffic. ${colours?.candidate ?? 'The new colour'} is kept to be looked at; ${send('release')} ends that`;
  }
  if (phase === 'lease' && lease !== null) {
    const kept = `${lease.old_colour} is kept (${lease.old_size} instances) until ${time(lease.ends_at, status)} UTC`;
    return `${nothing}. ${kept}; \`release\` removes it. To go back now: ${rollbackMessage(status)}`;
  }
  const goBack = `To go back now: ${rollbackMessage(status)}`;
  if (status.approval?.state === 'pending' && phase === 'approval')
    return `${approveOrReject(status.approval)}. ${goBack}`;
  if (status.paused !== null) return `${send('resume')} to go on. ${goBack}`;
  return isFine
    ? `nothing; it goes on by itself, and goes back by itself when a trigger fires. ${goBack}`
    : `${nothing}. ${goBack}`;
}

function send(name: string): string {
  return `*More Actions*, *Send an Update*, \`${name}\``;
}

function rollbackMessage({ rollback_needs_force: unsafe }: DeploymentStatus): string {
  return `${send('rollback')}${unsafe === null ? ', no data needed' : ', data `{"force": true}`'}`;
}

function approveOrReject({ approvers, approved_by, digest }: NonNullable<DeploymentStatus['approval']>): string {
  const missing = approvers.filter((name) => !approved_by.includes(name)).map(text);
  const [first = '…'] = missing;
  const bound = `{"by": "${first}", "digest": "${digest.slice(0, 19)}"}`;
  return `**approve or reject**, by ${missing.join(', ')}: ${send('approve')} or \`reject\`, data \`{"by": "${first}"}\`; with \`${bound}\` for just what is shown here`;
}

function pausedLine(status: DeploymentStatus): string | null {
  const { paused } = status;
  if (paused === null) return null;
  const why = paused.reason === null ? '' : ` (${text(paused.reason)})`;
  const left = paused.remaining_ms === null ? '' : `; ${formatDuration(paused.remaining_ms)} of the phase are left`;
  return `**Paused** by ${text(paused.by)} since ${time(paused.since, status)} UTC${why}${left}. It is still watched`;
}

function approvalLine({ approval }: DeploymentStatus): string | null {
  if (approval === null) return null;
  const { state, approved_by: by, required } = approval;
  const people = by.length === 0 ? '' : ` by ${by.map(text).join(', ')}`;
  return state === 'pending' ? `Approvals: ${by.length} of ${required}${people}` : `Approval: ${words(state)}${people}`;
}

function unsafeLine({ rollback_needs_force: unsafe, outcome }: DeploymentStatus): string | null {
  if (unsafe === null || outcome === 'rolled_back') return null;
  return `**A rollback needs force:** ${text(unsafe)}`;
}

function circuitLine(status: DeploymentStatus): string | null {
  const { circuit } = status;
  if (circuit === null) return null;
  const next = circuit.open_until === null ? '' : `; another try at ${time(circuit.open_until, status)} UTC`;
  return `Error bursts that stopped the new version's share: ${circuit.trips}${next}`;
}

function startLine({ started_by, started_at }: DeploymentStatus): string {
  return `Started by ${text(started_by)} on ${started_at.slice(0, 10)} at ${clock(started_at)} UTC`;
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

/** What comes is told in one line, and not at all after the outcome. */
function phaseList(status: DeploymentStatus): string | null {
  const begun = status.phases.flatMap((phase) =>
    phase.started_at === null ? [] : [phaseLine(phase, phase.started_at, status)],
  );
  const pending = status.phases.filter(({ state }) => state === 'pending');
  const toCome =
    pending.length === 0 || status.rollback !== null
      ? null
      : `· to come: ${pending.map(({ name }) => words(name)).join(', ')}`;
  return list('Phases, times in UTC', [...begun, toCome]);
}

function phaseLine(phase: PhaseStatus, from: string, status: DeploymentStatus): string {
  const { ended_at: end, ends_at: due } = phase;
  const name = phase.state === 'running' || phase.state === 'failed' ? `**${words(phase.name)}**` : words(phase.name);
  const share = phase.share === null ? '' : ` at ${text(formatShare(phase.share, phase.exposed))}`;
  const until = end === null ? (due === null ? '' : ` until ${time(due, status)}`) : ` to ${time(end, status)}`;
  const note = phase.note === null || phase.note === status.reason ? '' : `: ${text(phase.note)}`;
  return `${GLYPHS[phase.state]} ${name}${share}, ${time(from, status)}${until}${note}`;
}

/** The evidence of the latest phase that has any. */
function evidenceList({ phases }: DeploymentStatus): string | null {
  const phase = phases.findLast(({ evidence }) => evidence !== null);
  if (phase === undefined || phase.evidence === null) return null;
  const { judged, expected, percent } = phase.evidence.coverage;
  const title = `Measured in ${words(phase.name)} (${judged} of ${expected} ticks judged, ${percent.toFixed(0)} %)`;
  return list(title, phase.evidence.criteria.map(readingLine));
}

const READING_GLYPHS = { ok: '✔', breached: '✘', no_data: '?', pending: '·' } as const;

function readingLine(reading: CriterionReading): string {
  const { source, kind, state, value, limit, baseline, observations, note } = reading;
  const unit = UNITS[builtInMetric(source.replace(/ .*/, ''))?.unit ?? 'number'];
  const number = (one: number) => `${Math.round(one * 100) / 100}${unit}`;
  const facts = [
    value === null ? words(state) : `**${number(value)}**`,
    limit === null ? null : `limit ${number(limit)}`,
    baseline === null ? null : `baseline ${number(baseline.value)} (${baseline.source})`,
    observations === 0 ? null : `${observations} observed`,
    note === null ? null : text(note),
  ];
  const what = `${kind === 'trigger' ? 'roll back when ' : ''}${text(source)}`;
  return `${READING_GLYPHS[state]} ${what}: ${facts.filter((fact) => fact !== null).join(', ')}`;
}

const UNITS = { percent: ' %', ms: ' ms', number: '' } as const;

function parityList({ parity }: DeploymentStatus): string | null {
  const lines = parity?.map(
    ({ path, active, standby }) => `${text(path)}: ${text(active ?? '(none)')} → ${text(standby ?? '(none)')}`,
  );
  return list('The colours differ in more than the version, old → new', lines ?? []);
}

function hookList({ hooks }: DeploymentStatus): string | null {
  const line = ({ point, name, state, note }: DeploymentStatus['hooks'][number]) =>
    `${HOOK_GLYPHS[state]} ${words(point)}: **${text(name)}**${note === null ? '' : ` ${text(note)}`}`;
  return list('Hooks', hooks.map(line));
}

function messageList(status: DeploymentStatus): string | null {
  const lines = status.messages.slice(-10).map(({ accepted, note, reason, at, name, by }) => {
    const verdict = accepted ? note : `refused: ${note}`;
    return `${time(at, status)} **${name}** by ${text(by)}${reason === null ? '' : ` (${text(reason)})`}: ${text(verdict)}`;
  });
  return list('Messages, times in UTC', lines);
}

/** Null when nothing is left to be listed. */
function list(title: string | null, lines: (string | null)[]): string | null {
  const items = lines.filter((line) => line !== null).map((line) => `- ${line}`);
  if (items.length === 0) return null;
  return [...(title === null ? [] : [`**${title}**\n`]), ...items].join('\n');
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function clock(at: string): string {
  return at.slice(11, 19);
}

/** With the date when it is another day than the deployment's first. */
function time(at: string, { started_at }: Pick<DeploymentStatus, 'started_at'>): string {
  return at.slice(0, 10) === started_at.slice(0, 10) ? clock(at) : `${clock(at)} (${at.slice(0, 10)})`;
}

/** Texts of people must not become markup. */
function text(raw: string): string {
  return raw.replace(/[`\r\n\\]/g, ' ').replace(/[<>[\]*]/g, (found) => `\\${found}`);
}
