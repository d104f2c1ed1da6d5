/** One step of a flow: the request it becomes once its values are known, and what is taken from its answer. */
import type { HttpRead } from '../adapters/http-read.ts';
import { fillText, HEADER_VALUE, secretName, soleReference } from '../plan/smoke-values.ts';
import type { SmokeStep } from '../plan/types.ts';
import { parseValuePath } from '../plan/value-path.ts';

export type Captured = string | number | boolean;

export interface StepValues {
  captured: ReadonlyMap<string, Captured>;
  /** Throws an Error for people when the worker gives no such value away. */
  secret(name: string): string;
}

const MAX_CAPTURED_CHARACTERS = 16_384;

/**
 * Path, headers and body with every `{{name}}` and `{env: NAME}` filled in. In the path a value is percent-encoded; a
 * text of the body that is one `{{name}}` keeps the value's type. Throws an Error for people, without any value in it.
 */
export function fillStep(step: SmokeStep, values: StepValues): { path: string } & Pick<HttpRead, 'headers' | 'body'> {
  const textOf = (name: string) => String(capturedValue(name, values));
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(step.headers)) {
    const filled = typeof value === 'string' ? fillText(value, textOf) : values.secret(value.env);
    if (!HEADER_VALUE.test(filled)) throw new Error(`the value for the header ${name} cannot stand in a header`);
    headers.set(name.toLowerCase(), filled);
  }
  // Half a surrogate pair, which JSON can carry, cannot be encoded: the buffer replaces it.
  const path = fillText(step.path, (name) => encodeURIComponent(Buffer.from(textOf(name)).toString()));
  if (step.json === null) return { path, headers: Object.fromEntries(headers) };
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return { path, headers: Object.fromEntries(headers), body: JSON.stringify(fillJson(step.json, values)) };
}

function fillJson(value: unknown, values: StepValues): unknown {
  if (typeof value === 'string') {
    const name = soleReference(value);
    return name === null
      ? fillText(value, (inner) => String(capturedValue(inner, values)))
      : capturedValue(name, values);
  }
  const secret = secretName(value);
  if (secret !== null) return values.secret(secret);
  if (Array.isArray(value)) return value.map((item) => fillJson(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillJson(inner, values)]));
}

function capturedValue(name: string, { captured }: StepValues): Captured {
  const value = captured.get(name);
  if (value === undefined) throw new Error(`no earlier step captured {{${name}}}`);
  return value;
}

/** The values that a step takes from the body answered to it. Throws an Error for people, without any value in it. */
export function captureFrom(body: string, capture: SmokeStep['capture']): Map<string, Captured> {
  const wanted = Object.entries(capture);
  if (wanted.length === 0) return new Map();
  const document = parseJson(body);
  return new Map(wanted.map(([name, path]) => [name, captureOne(document, name, path)]));
}

function captureOne(document: unknown, name: string, path: string): Captured {
  const found = parseValuePath(path)?.(document);
  if (typeof found === 'string' && found.length > MAX_CAPTURED_CHARACTERS) {
    throw new Error(`expected at most ${MAX_CAPTURED_CHARACTERS} characters at ${path} for {{${name}}}, found more`);
  }
  if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return found;
  const kind = found === undefined ? 'nothing' : found === null ? 'null' : Array.isArray(found) ? 'a list' : 'a map';
  throw new Error(`expected a value at ${path} for {{${name}}}, found ${kind}`);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own message would show the body.
    throw new Error(`expected JSON to capture from, found ${body === '' ? 'an empty answer' : 'no JSON'}`);
  }
}
