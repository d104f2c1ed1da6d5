/** A simulated deployment: the tree that `status` would show at its end, and what happened when. */
import { formatDuration } from '../../plan/duration.ts';
import type { SimulatedEvent, SimulationReport } from '../../simulate/report.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Canvas, Colors } from '../render/canvas.ts';
import { sanitise } from '../render/sanitise.ts';
import { padEnd, truncate, width } from '../render/text.ts';
import { renderTree } from '../render/tree.ts';
import { span } from '../render/values.ts';

export function renderSimulation(report: SimulationReport, canvas: Pick<Canvas, 'columns' | 'colors'>): string {
  const { colors, columns } = canvas;
  const endMs = Date.parse(report.status.started_at) + report.simulated_ms;
  const lines = [
    '',
    colors.bold(` ${formatDuration(wholeSeconds(report.simulated_ms))} in ${span(report.took_ms)}`),
    ...eventLines(report.events, colors),
    ...report.not_sent.map(({ name, by }) =>
      colors.yellow(` ! never sent: ${name}${by === null ? '' : ` by ${sanitise(by)}`}; its moment did not come`),
    ),
  ];
  const tree = renderTree(closed(report), { ...canvas, nowMs: endMs });
  return [tree, ...lines.map((line) => truncate(line, columns))].join('\n');
}

function eventLines(events: readonly SimulatedEvent[], colors: Colors): string[] {
  const times = events.map(({ after_ms }) => `+${formatDuration(wholeSeconds(after_ms))}`);
  const longest = Math.max(0, ...times.map(width));
  return events.map(({ kind, text }, index) => {
    const label = colors.dim(padEnd(kind, 8));
    return `   ${colors.dim(padEnd(times[index] ?? '', longest))}  ${label}  ${sanitise(text)}`;
  });
}

function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}

function closed({ status }: SimulationReport): LiveStatus {
  return {
    ...status,
    live: {
      answered: true,
      note: null,
      execution: 'completed',
      closed_at: null,
      history_events: null,
      evidence: null,
      activities: [],
      url: null,
    },
  };
}
