/** A plan as a timeline: what will happen, when, and what ends it early. Readable at 80 columns. */
import wrapAnsi from 'wrap-ansi';
import { formatDuration } from '../../plan/duration.ts';
import { formatExposure } from '../../plan/exposure.ts';
import type { Stage } from '../../plan/timeline/stages.ts';
import { titleOf } from '../../plan/timeline/titles.ts';
import type { Duration, Timeline } from '../../plan/timeline.ts';
import type { Canvas } from './canvas.ts';
import { sanitiseAll } from './sanitise.ts';
import { padEnd, truncate, words } from './text.ts';
import { hookText, peopleLines, rollbackLines, routerLines, toldLines } from './timeline-notes.ts';

type Place = Pick<Canvas, 'columns' | 'colors'>;

const TIME_COLUMNS = 11;
const TITLE_COLUMNS = 25;
const SHARE_COLUMNS = 8;
const MIN_COLUMNS = 40;

/** Every line fits into the columns, 40 at least; the plan's texts may be anything. */
export function renderTimeline(timeline: Timeline, { columns, colors }: Place): string {
  const safe = sanitiseAll(timeline);
  const place = { columns: Math.max(MIN_COLUMNS, columns), colors };
  const sections = [
    headLines(safe, place),
    stageLines(safe, place),
    totalLines(safe, place),
    section('The router is asked to', routerLines(safe), place),
    section('Rolled back by itself when', rollbackLines(safe), place),
    section('People', peopleLines(safe), place),
    section('Told', toldLines(safe), place),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function headLines(
  { service, version, environment, target, adapters }: Timeline,
  { columns, colors }: Place,
): string[] {
  const where = target === null ? environment : `${environment} @ ${target}`;
  const { platform, router, metrics } = adapters;
  return [
    truncate(`${colors.bold(`${service} ${version}`)} → ${colors.bold(where)}`, columns),
    truncate(colors.dim(`platform ${platform} · router ${router} · metrics ${metrics}`), columns),
  ];
}

function stageLines(timeline: Timeline, place: Place): string[] {
  const { colors } = place;
  const head = row('begins', 'phase', 'share', 'takes');
  const skipped = timeline.skipped.map(words);
  return [
    truncate(colors.dim(head), place.columns),
    ...timeline.stages.flatMap((stage) => oneStage(stage, timeline, place)),
    ...(skipped.length === 0 ? [] : wrapped(`not in the plan: ${skipped.join(', ')}`, 1, place.columns, colors.dim)),
  ];
}

function oneStage(stage: Stage, timeline: Timeline, place: Place): string[] {
  const { colors, columns } = place;
  const line = row(formatDuration(stage.starts_after_ms), titleOf(stage), `${stage.share} %`, takes(stage, timeline));
  const facts = [
    ...workFacts(stage),
    stage.exposed === null ? null : `to the candidate: ${formatExposure(stage.exposed)}`,
    stage.smoke.length === 0 ? null : `smoke: ${stage.smoke.join(', ')}`,
    ...(stage.hooks?.run ?? []).map((hook) => `⚙ ${hookText(hook)}`),
    ...stage.success_criteria.map((source) => `✔ ${withCheck(source, timeline.checks)}`),
  ].filter((fact) => fact !== null);
  return [truncate(line, columns), ...facts.flatMap((fact) => wrapped(fact, TIME_COLUMNS + 2, columns, colors.dim))];
}

function workFacts({ scheduled_work: work }: Stage): string[] {
  switch (work) {
    case 'suspended':
      return ['⏸ first, scheduled work of the candidate is suspended'];
    case 'moved':
      return ['⏵ it is suspended on the old colour, then resumed on the candidate'];
    case null:
      return [];
  }
}

/** A check of the plan's own, with what it looks at. */
function withCheck(source: string, checks: Timeline['checks']): string {
  return Object.hasOwn(checks, source) ? `${source}: ${checks[source]}` : source;
}

function takes(stage: Stage, { approval, lease, require_parity }: Timeline): string {
  const limit = formatDuration(stage.most_ms);
  if (stage.hooks !== null) return `up to ${limit}`;
  switch (stage.phase) {
    case 'parity':
      return require_parity ? 'stops if the colours differ' : 'differences are listed';
    case 'approval':
      return `up to ${limit}: ${approval?.required} of ${approval?.approvers.length} approvers`;
    case 'lease':
      return `${limit}, the old colour ${lease.shrink_to_percent === null ? 'as it was' : `at ${lease.shrink_to_percent} %`}`;
    case 'clean_up':
      return 'once the old colour is unused';
    default:
      if (stage.least_ms > 0) return formatDuration(stage.least_ms);
      if (stage.size_percent !== null) return `up to ${limit}, at ${stage.size_percent} % of the size`;
      return stage.most_ms === 0 ? 'no set time' : `up to ${limit}`;
  }
}

function row(begins: string, title: string, share: string, time: string): string {
  const shown = share.padStart(SHARE_COLUMNS);
  return ` ${padEnd(begins, TIME_COLUMNS)}${padEnd(title, TITLE_COLUMNS)}${shown}  ${time}`;
}

function totalLines({ to_outcome, to_end, can_take_longer }: Timeline, place: Place): string[] {
  return section(
    'Time, without waiting for people or machines',
    [
      `${padEnd('until the outcome is known', 30)}${both(to_outcome)}`,
      `${padEnd('until the old colour is gone', 30)}${both(to_end)}`,
      `At most: with every limit of the plan used up. Longer still: ${can_take_longer.join('; ')}.`,
    ],
    place,
  );
}

function both({ least_ms, most_ms }: Duration): string {
  return `${padEnd(formatDuration(least_ms), 12)}at most ${formatDuration(most_ms)}`;
}

function section(title: string, lines: readonly string[], { columns, colors }: Place): string[] {
  return [...wrapped(title, 0, columns, colors.bold), ...lines.flatMap((line) => wrapped(line, 2, columns))];
}

/** Lines after the first are indented by two more. */
function wrapped(text: string, indent: number, columns: number, paint = (line: string) => line): string[] {
  const lines = wrapAnsi(text, columns - indent - 2, { hard: true }).split('\n');
  return lines.map((line, index) => ' '.repeat(index === 0 ? indent : indent + 2) + paint(line));
}
