/** The demo's last page: what became of each deployment, in figures. */
import Table from 'cli-table3';
import type { Output } from '../output.ts';
import type { Colors } from '../render/canvas.ts';
import { paintOutcome } from '../render/notes.ts';
import { width } from '../render/text.ts';
import type { Figures } from './figures.ts';
import type { Play } from './plays.ts';
import type { DemoReport, DeploymentReport } from './report.ts';

export interface Row {
  play: Play;
  figures: Figures;
  report: DeploymentReport;
  /** What did not go as intended. */
  problems: string[];
}

const HEAD = [
  'version',
  'what it was',
  'outcome',
  'most traffic\nbefore switch\n/ ever',
  'served',
  'failed',
  'first bad\nrequest →\n100 % old',
  'rollback\nasked →\n100 % old',
  'history\nevents',
];
const WHAT_IT_WAS = 1;
const FIRST_NUMBER = 3;
/** Columns apart, no frame. */
const NO_FRAME = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((place) => [place, '']),
);

/** As wide as `columns` allow: with a frame, without, or without the words on what each version was. */
export function renderTable(
  rows: readonly Row[],
  report: DemoReport,
  perSecond: number,
  { colors, columns }: Pick<Output, 'colors' | 'columns'>,
): string {
  const all = [...rows.map((row) => cells(row, colors)), totals(rows, report, perSecond)];
  const narrow = (row: string[]) => row.filter((_, index) => index !== WHAT_IT_WAS);
  const framed = draw(HEAD, all, FIRST_NUMBER, true, colors);
  if (widthOf(framed) <= columns) return framed;
  const plain = draw(HEAD, all, FIRST_NUMBER, false, colors);
  return widthOf(plain) <= columns ? plain : draw(narrow(HEAD), all.map(narrow), FIRST_NUMBER - 1, false, colors);
}

function draw(head: string[], rows: string[][], firstNumber: number, framed: boolean, colors: Colors): string {
  const table = new Table({
    head: head.map((name) => name.split('\n').map(colors.dim).join('\n')),
    colAligns: head.map((_, index) => (index < firstNumber ? 'left' : 'right')),
    style: { head: [], border: [], compact: true, ...(framed ? {} : { 'padding-left': 0, 'padding-right': 0 }) },
    ...(framed ? {} : { chars: { ...NO_FRAME, middle: '  ' } }),
  });
  table.push(...rows);
  return table.toString();
}

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map(width));
}

function totals(rows: readonly Row[], report: DemoReport, perSecond: number): string[] {
  const intended = rows.filter(({ problems }) => problems.length === 0).length;
  const events = rows.reduce((sum, row) => sum + (row.report.events ?? 0), 0);
  const { seconds, requests, failed } = report;
  const load = `${seconds.toFixed(0)} s, ${perSecond.toFixed(0)} requests/s`;
  const verdict = `${intended} of ${rows.length} as meant`;
  return ['all', load, verdict, '', String(requests), String(failed), '', '', String(events)];
}

function cells({ play, figures, report, problems }: Row, colors: Colors): string[] {
  const { detectMs, rollbackMs, maxShareBeforeSwitch, maxShareEver } = figures;
  const outcome = report.outcome === null ? 'unknown' : paintOutcome(report.outcome, { colors });
  const wayBackMs = detectMs === null || rollbackMs === null ? null : detectMs + rollbackMs;
  return [
    colors.bold(play.version),
    play.title,
    `${outcome} ${problems.length === 0 ? colors.green('✓') : colors.red('✗')}`,
    `${maxShareBeforeSwitch} % / ${maxShareEver} %`,
    String(report.served),
    report.failed === 0 ? '0' : colors.yellow(String(report.failed)),
    wayBackMs === null ? '–' : `${(wayBackMs / 1_000).toFixed(2)} s`,
    rollbackMs === null ? '–' : `${rollbackMs} ms`,
    report.events === null ? '?' : String(report.events),
  ];
}
