/** Text for a terminal: what comes from elsewhere made harmless, and everything cut to the width. */
import { stripVTControlCharacters } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** C0 and C1 controls, and what turns the writing direction round. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** No escape sequence, line break or other control in it. */
export function sanitise(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, ' ');
}

/** Every string within a JSON value, keys included, made harmless. */
export function sanitiseAll<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return sanitise(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [sanitise(key), clean(part)]));
}

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
