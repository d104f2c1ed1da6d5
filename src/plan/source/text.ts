/** What no text of a plan may hold, wherever it stands. */
import { createProblem, PlanError, type Position, printKey } from '../problems.ts';
import type { Path } from './tree.ts';

/** Names that reach an object's prototype. */
export const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** No key of a plan is near it; a name that a plan makes up is at most 200 long. */
const MAX_KEY = 300;

/**
 * Controls but tab and line ends, the marks that make text read in another order than it is stored, and what takes no
 * room: an approver's name with it would match nobody's. Joiners (U+200C, U+200D) stay: names of some scripts need them.
 */
const HIDDEN = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Throws PlanError when the key must not be in a plan. */
export function checkKey(key: string, at: Position, path: Path): void {
  if (key === '<<') {
    fail(
      at,
      path,
      'Merge keys (`<<`) are not part of YAML 1.2.',
      'Give the shared part as a file of its own, before this one.',
    );
  }
  if (FORBIDDEN_KEYS.includes(key)) fail(at, path, `\`${key}\` is never a key.`);
  if (key === '') fail(at, path, 'A key is empty.');
  if (key.length > MAX_KEY) fail(at, path, `A key is longer than ${MAX_KEY} characters.`, 'Check for a missing quote.');
  checkText(key, at, path);
}

/** Throws PlanError when the text holds a character that cannot be seen. */
export function checkText(text: string, at: Position, path: Path): void {
  const hidden = hiddenCharacter(text);
  if (hidden !== null) fail(at, path, `The text holds the invisible character ${hidden}.`);
}

/** `U+0007` of the first character that cannot be seen; null: there is none. */
export function hiddenCharacter(text: string): string | null {
  const found = HIDDEN.exec(text)?.[0];
  if (found === undefined) return null;
  return `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function fail(at: Position, path: Path, message: string, hint?: string): never {
  throw new PlanError([createProblem('CUTOVER_PLAN_FORBIDDEN_TEXT', at, printKey(path), message, hint)]);
}
