/** A deployment as a tree: where it is, what it measures, what a person may do. */
import type { LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { fitRows, RANK, ranked } from './fit.ts';
import { approvalLines, attentionLines, leaseLines, messageLines, noAnswerLines, outcomeLines } from './notes.ts';
import { circuitLines, forceLines, hookLines, parityLines, pauseLines } from './notes-of-the-run.ts';
import { phaseLines } from './phases.ts';
import { sanitiseAll } from './sanitise.ts';
import { bar, padEnd, truncate } from './text.ts';
import { LOCAL_TIMES } from './times.ts';

/** Every line fits into `columns`, and all of them into `rows`. The strings of the status may come from anywhere. */
export function renderTree(status: LiveStatus, canvas: Canvas): string {
  const safe = sanitiseAll(status);
  const { columns, rows = Number.POSITIVE_INFINITY, colors, times = LOCAL_TIMES } = canvas;
  const lines = [
    ...ranked(RANK.headline, headerLines(safe, canvas)),
    ...ranked(RANK.headline, shareLines(safe, canvas)),
    ...ranked(RANK.detail, ['']),
    ...phaseLines(safe, canvas),
    ...ranked(RANK.warning, pauseLines(safe, canvas)),
    ...ranked(RANK.warning, noAnswerLines(safe, canvas)),
    ...ranked(RANK.warning, attentionLines(safe, canvas)),
    ...ranked(RANK.warning, circuitLines(safe, canvas)),
    ...ranked(RANK.asked, approvalLines(safe, canvas)),
    ...ranked(RANK.asked, leaseLines(safe, canvas)),
    ...ranked(RANK.asked, forceLines(safe, canvas)),
    ...ranked(RANK.warning, outcomeLines(safe, canvas)),
    ...ranked(RANK.detail, parityLines(safe, canvas)),
    ...ranked(RANK.detail, hookLines(safe, canvas)),
    ...ranked(RANK.detail, messageLines(safe, canvas)),
  ];
  return fitRows(lines, rows, colors)
    .map((line) => truncate(times.inText(line), columns))
    .join('\n');
}

function headerLines(status: LiveStatus, { colors }: Canvas): string[] {
  const where = status.target === null ? status.environment : `${status.environment} @ ${status.target}`;
  const was = status.previous_version === null ? '' : colors.dim(` (was ${status.previous_version})`);
  const id = colors.dim(`${status.workflow_id} · started by ${status.started_by}`);
  const link = status.live.url === null ? [] : [colors.dim(status.live.url)];
  return [`${colors.bold(`${status.service} ${status.version}`)} → ${colors.bold(where)}${was}`, id, ...link];
}

/** The two colours' shares of the traffic, the old colour on the left. */
function shareLines(status: LiveStatus, { colors, columns }: Canvas): string[] {
  const { colours, weights } = status;
  if (weights === null) return [];
  const { active, candidate } = colours ?? { active: 'blue', candidate: 'green' };
  const paint = { blue: colors.blue, green: colors.green };
  const cells = Math.max(10, Math.min(40, columns - 48));
  const [old, fresh] = bar(weights[active] / 100, cells, '█', '█');
  const role = (colour: 'blue' | 'green') =>
    colours === null ? colour : `${colour} ${colour === active ? 'old' : 'new'}`;
  const left = padEnd(`${role(active)} ${weights[active]} %`, 16);
  return [
    `${paint[active](left)} ${paint[active](old)}${paint[candidate](fresh)} ${paint[candidate](`${role(candidate)} ${weights[candidate]} %`)}`,
  ];
}
