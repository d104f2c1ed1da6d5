/** What comes from elsewhere, made harmless for a terminal. Needs no package: every command loads it. */
import { stripVTControlCharacters } from 'node:util';

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
