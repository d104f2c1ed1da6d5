/** The phases of a deployment, each on a line, with what is measured in the one under way. */
import { formatShare } from '../../plan/exposure.ts';
import type { CriterionReading, Evidence, PhaseStatus } from '../../workflows/api.ts';
import type { LiveActivity, LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { RANK, type RankedLine, ranked } from './fit.ts';
import { bar, padEnd, width, words } from './text.ts';
import { readingFacts, remaining, span } from './values.ts';

const NAME_COLUMNS = 24;
const BAR_COLUMNS = 20;

export function phaseLines(status: LiveStatus, canvas: Canvas): RankedLine[] {
  const current = status.phases.findLast(({ state }) => state !== 'pending' && state !== 'skipped');
  return status.phases.flatMap((phase) => [
    { text: phaseLine(phase, canvas), rank: phase === current ? RANK.current : RANK.phase },
    ...evidenceLines(shownEvidence(status, phase), canvas),
    ...(phase.state === 'running' ? ranked(RANK.evidence, activityLines(status.live.activities, canvas)) : []),
  ]);
}

/**
 * The watcher's newest word for the phase under way, the recorded one for a failed phase, and at the approval what the
 * latest finished phase has measured: that is what is approved.
 */
function shownEvidence(status: LiveStatus, phase: PhaseStatus): Evidence | null {
  if (phase.state === 'failed' || phase.state === 'interrupted') return phase.evidence;
  if (phase.state !== 'running') return null;
  if (phase.name !== 'approval') return status.live.evidence ?? phase.evidence;
  return (
    status.phases.findLast((earlier) => earlier.name !== 'approval' && earlier.evidence !== null)?.evidence ?? null
  );
}

function phaseLine(phase: PhaseStatus, canvas: Canvas): string {
  const { colors } = canvas;
  const name = padEnd(words(phase.name), NAME_COLUMNS);
  const share = phase.share === null ? '' : colors.dim(`at ${formatShare(phase.share, phase.exposed)}`);
  const note = phase.note === null ? '' : colors.dim(phase.note);
  const parts = [phaseTime(phase, canvas), share, note].filter((part) => part !== '');
  const styled = phase.state === 'running' ? colors.bold(name) : phase.state === 'pending' ? colors.dim(name) : name;
  return ` ${glyph(phase, canvas)} ${styled}${parts.join('  ')}`;
}

function glyph(phase: PhaseStatus, { colors }: Canvas): string {
  switch (phase.state) {
    case 'pending':
      return colors.dim('·');
    case 'running':
      return colors.cyan('▶');
    case 'passed':
      return colors.green('✔');
    case 'failed':
      return colors.red('✖');
    case 'skipped':
      return colors.dim('–');
    case 'interrupted':
      return colors.yellow('■');
  }
}

/** How long it took, or where in its window it is. */
function phaseTime(phase: PhaseStatus, { colors, nowMs }: Canvas): string {
  if (phase.started_at === null) return '';
  const startedMs = Date.parse(phase.started_at);
  if (phase.ended_at !== null) return span(Date.parse(phase.ended_at) - startedMs);
  if (phase.state !== 'running') return '';
  if (phase.ends_at === null) return `since ${remaining(nowMs - startedMs)}`;
  const endsMs = Date.parse(phase.ends_at);
  const [done, open] = bar((nowMs - startedMs) / (endsMs - startedMs), BAR_COLUMNS, '━', '─');
  const left = endsMs > nowMs ? `${remaining(endsMs - nowMs)} left` : `over since ${remaining(nowMs - endsMs)}`;
  return `${colors.cyan(done)}${colors.dim(open)} ${left}`;
}

/** Each criterion with its values; what does not hold ranks with the phase that it belongs to. */
export function evidenceLines(evidence: Evidence | null, canvas: Canvas): RankedLine[] {
  if (evidence === null) return [];
  const { colors } = canvas;
  const longest = Math.max(0, ...evidence.criteria.map((reading) => width(label(reading))));
  const lines = evidence.criteria.map((reading): RankedLine => {
    const facts = readingFacts(reading).join(colors.dim(' · '));
    const text = `     ${readingGlyph(reading, canvas)} ${padEnd(label(reading), longest)}  ${facts}`;
    return { text, rank: reading.state === 'breached' ? RANK.current : RANK.evidence };
  });
  const { judged, expected, percent } = evidence.coverage;
  const watched = colors.dim(`       watched ${Number(percent.toFixed(1))} %: ${judged} of ${expected} ticks`);
  return [...lines, ...ranked(RANK.detail, [watched])];
}

function label(reading: CriterionReading): string {
  return reading.kind === 'trigger' ? `roll back when ${reading.source}` : reading.source;
}

function readingGlyph({ kind, state }: CriterionReading, { colors }: Canvas): string {
  switch (state) {
    case 'ok':
      return colors.green('✔');
    case 'breached':
      return kind === 'trigger' ? colors.red('▲') : colors.red('✖');
    case 'no_data':
      return colors.yellow('?');
    case 'pending':
      return colors.dim('·');
  }
}

/** What is waited for, and what does not go well. */
function activityLines(activities: LiveActivity[], { colors }: Canvas): string[] {
  return activities
    .filter((activity) => activity.detail !== null || activity.attempt > 1)
    .map((activity) => {
      const attempt = activity.attempt > 1 ? `attempt ${activity.attempt}` : null;
      const parts = [activity.detail, attempt, activity.failure].filter((part) => part !== null);
      const line = `     … ${activity.name}: ${parts.join('; ')}`;
      return activity.failure === null ? colors.dim(line) : colors.yellow(line);
    });
}
