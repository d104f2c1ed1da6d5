/** Figures as a person reads them. */
import Table from 'cli-table3';
import type { Colors } from 'picocolors/types.js';
import { type Figure, type Goal, isMet, type Measured } from './figure.ts';
import { tidy } from './statistics.ts';

export type Outcome = { figure: Figure; measured: Measured } | { figure: Figure; error: string };

export function table(outcomes: readonly Outcome[], colors: Colors): string {
  const head = ['figure', '', 'value', 'unit', 'goal', '', 'floor', '× floor'];
  const rows = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'left', 'left', 'left', 'right', 'right'],
  });
  for (const outcome of outcomes) {
    if ('error' in outcome) rows.push([outcome.figure.name, { colSpan: 7, content: colors.red(outcome.error) }]);
    else for (const row of rowsOf(outcome.figure, outcome.measured, colors)) rows.push(row);
  }
  const floors = outcomes.flatMap((outcome) =>
    'error' in outcome ? [] : [`${outcome.figure.name}: ${outcome.figure.title}; floor: ${outcome.measured.floor_is}`],
  );
  return `${rows.toString()}\n${floors.join('\n')}\n`;
}

function rowsOf(figure: Figure, { stats, floor, units }: Measured, colors: Colors): string[][] {
  return Object.entries(stats).map(([stat, value], index) => {
    const goal = figure.goal.find((one) => one.stat === stat);
    const least = floor[stat];
    return [
      index === 0 ? figure.name : '',
      stat,
      String(value),
      units?.[stat] ?? figure.unit,
      goal === undefined ? '' : shown(goal),
      goal === undefined ? '' : isMet(goal, value) ? colors.green('met') : colors.red('missed'),
      least === undefined ? '' : String(least),
      least === undefined || least === 0 ? '' : tidy(value / least).toFixed(1),
    ];
  });
}

function shown(goal: Goal): string {
  if ('above' in goal) return `> ${goal.above}`;
  return 'below' in goal ? `< ${goal.below}` : goal.at_most === 0 ? '0' : `≤ ${goal.at_most}`;
}
