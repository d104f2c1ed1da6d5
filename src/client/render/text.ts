/** Text for a terminal, cut to the width. */
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** Columns that the text takes; styles take none. */
export function width(text: string): number {
  return stringWidth(text);
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/** Cut to the columns, the cut shown by `…`. Styles are closed properly. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  return columns < 2 ? slice(text, columns) : `${slice(text, columns - 1)}…`;
}

/** A letter of two columns that would stand over the edge is left out. */
function slice(text: string, columns: number): string {
  const cut = sliceAnsi(text, 0, columns);
  return width(cut) <= columns ? cut : sliceAnsi(text, 0, columns - 1);
}

/** `done` of `columns` cells are full; fraction from 0 to 1. */
export function bar(fraction: number, columns: number, full: string, empty: string): [string, string] {
  const bounded = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  const done = Math.round(bounded * columns);
  return [full.repeat(done), empty.repeat(columns - done)];
}

/** `performance_validation` as people say it. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}
