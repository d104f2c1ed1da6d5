/** What the values of a smoke step stand for: `{{name}}` a captured value, `{env: NAME}` one of the worker's own. */

export const VALUE_NAME = /^[A-Za-z_]\w{0,99}$/;
/** Environment names that every worker gives to a plan; others must be listed at the worker. */
export const SECRET_PREFIX = 'SMOKE_';
/** RFC 9110, 5.1 and 5.5: what a header's name and value may consist of; a value never ends the line. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/;
export const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** Headers that belong to the connection, not to a plan. */
const CONNECTION_HEADERS = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

const REFERENCE = /\{\{([^{}]*)\}\}/g;

export type StepValue = { path: (string | number)[] } & (
  | { kind: 'text'; text: string }
  | { kind: 'secret'; name: string }
);

/** The names that a text refers to, in its order; they may be none that `VALUE_NAME` allows. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name = '']) => name.trim());
}

/** Every `{{name}}` replaced, once: what comes out is not looked at again. */
export function fillText(text: string, valueFor: (name: string) => string): string {
  return text.replace(REFERENCE, (_, name: string) => valueFor(name.trim()));
}

/** The name when the whole text is one `{{name}}`; null: there is more, or nothing. */
export function soleReference(text: string): string | null {
  const [match] = text.matchAll(REFERENCE);
  return match !== undefined && match[0] === text ? (match[1] ?? '').trim() : null;
}

/** NAME of `{env: NAME}`; null: it is another value. */
export function secretName(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const [first, second] = Object.entries(value);
  return first !== undefined && second === undefined && first[0] === 'env' && typeof first[1] === 'string'
    ? first[1]
    : null;
}

/** Every text and every secret in a JSON value, with its place; recursive: the value's depth is bounded by its reader. */
export function valuesIn(value: unknown, path: (string | number)[] = []): StepValue[] {
  if (typeof value === 'string') return [{ kind: 'text', text: value, path }];
  const name = secretName(value);
  if (name !== null) return [{ kind: 'secret', name, path }];
  if (Array.isArray(value)) return value.flatMap((item, index) => valuesIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => valuesIn(inner, [...path, key]));
}

export function belongsToConnection(header: string): boolean {
  return CONNECTION_HEADERS.has(header.toLowerCase());
}
