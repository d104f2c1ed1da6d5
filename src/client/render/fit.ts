/** Lines cut down to the height of a terminal, so that what matters stays in sight. */
import type { Colors } from './canvas.ts';

/** What gives way first has the highest number. */
export const RANK = {
  headline: 0,
  current: 1,
  warning: 2,
  asked: 3,
  evidence: 4,
  phase: 5,
  detail: 6,
} as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

export interface RankedLine {
  text: string;
  rank: Rank;
}

export function ranked(rank: Rank, lines: readonly string[]): RankedLine[] {
  return lines.map((text) => ({ text, rank }));
}

/** At most `rows` lines, in their order; of one rank the upper ones give way. The last line tells how many did. */
export function fitRows(lines: readonly RankedLine[], rows: number, colors: Colors): string[] {
  if (lines.length <= rows) return lines.map(({ text }) => text);
  const room = Math.max(0, rows - 1);
  const kept = lines
    .map((line, index) => ({ ...line, index }))
    .sort((one, other) => one.rank - other.rank || rankedWithin(one, other))
    .slice(0, room)
    .sort((one, other) => one.index - other.index);
  const left = lines.length - kept.length;
  return [...kept.map(({ text }) => text), colors.dim(` … ${left} more lines; a taller window shows them`)].slice(
    0,
    rows,
  );
}

/** A headline is read from its top; of everything else the newest stands at the bottom. */
function rankedWithin(one: RankedLine & { index: number }, other: RankedLine & { index: number }): number {
  return one.rank === RANK.headline ? one.index - other.index : other.index - one.index;
}
