/** What no JSON that is to be a plan may hold, found without recursion. */
import { printKey } from '../problems.ts';
import { FORBIDDEN_KEYS, hiddenCharacter } from './text.ts';
import { MAX_DEPTH, MAX_NODES } from './yaml.ts';

/**
 * A sentence on the first of: too deep, too many values, a key that reaches a prototype, a character that cannot be seen.
 * Null: the value can be walked recursively.
 */
export function findUnsafe(root: unknown): string | null {
  const pending: { value: unknown; path: (string | number)[] }[] = [{ value: root, path: [] }];
  let visited = 0;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, path } = item;
    visited += 1;
    if (visited > MAX_NODES) return `The plan has over ${MAX_NODES} values.`;
    if (path.length > MAX_DEPTH) return `The plan is nested deeper than ${MAX_DEPTH}.`;
    const problem = unsafeText(value, path);
    if (problem !== null) return problem;
    if (Array.isArray(value))
      for (const [index, inner] of value.entries()) pending.push({ value: inner, path: [...path, index] });
    else if (isRecord(value))
      for (const [key, inner] of Object.entries(value)) pending.push({ value: inner, path: [...path, key] });
  }
  return null;
}

function unsafeText(value: unknown, path: (string | number)[]): string | null {
  const keys = isRecord(value) ? Object.keys(value) : [];
  const texts = typeof value === 'string' ? [value] : keys;
  const where = path.length === 0 ? 'The plan' : `\`${printKey(path)}\``;
  const hidden = texts.map(hiddenCharacter).find((found) => found !== null);
  if (hidden !== undefined) return `${where} holds the invisible character ${hidden}.`;
  const forbidden = keys.find((key) => FORBIDDEN_KEYS.includes(key));
  return forbidden === undefined ? null : `${where} has the key ${forbidden}, which no plan has.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
