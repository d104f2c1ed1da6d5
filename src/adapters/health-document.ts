/** Health documents: `application/health+json`, Spring Boot Actuator, or a plain JSON object. */
import { joinUrl, readHttp } from './http-read.ts';

export type JsonObject = Record<string, unknown>;

/** What a document says of one named check. `absent`: nothing. */
export interface CheckAnswer {
  state: 'holds' | 'fails' | 'absent';
  /** The status as written; for `absent` the names that there are. */
  detail: string;
}

const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 4;
const ACCEPT = { accept: 'application/health+json, application/json' };
const HOLDS = new Set(['pass', 'up', 'ok']);

/** The document below an instance's base URL, whatever its status: an unhealthy one says why. Throws for people. */
export async function readHealthDocument(
  base: string,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ status: number; headers: Headers; document: JsonObject; took_ms: number }> {
  const answer = await readHttp(joinUrl(base, path), { timeoutMs, maxBytes: MAX_BYTES, headers: ACCEPT }, signal);
  const document = parseObject(answer.body);
  if (document === null) throw new Error(`${path} answered ${answer.status} with no JSON object`);
  return { status: answer.status, headers: answer.headers, document, took_ms: answer.took_ms };
}

/**
 * Looks a named check up, in this order:
 * - `checks` of application/health+json (https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06): the
 *   key is the name, or `component:measurement` with the name being the component or `component_measurement`; every
 *   entry must have the status pass, up or ok. `warn` does not hold: a check that a plan names must be fulfilled.
 * - `components` of Spring Boot Actuator, nested ones too: status UP.
 * - a boolean (or a status text) of that name at the top level.
 */
export function lookUpCheck(document: JsonObject, name: string): CheckAnswer {
  const entries = [...fromChecks(document.checks, name), ...fromComponents(document.components, name, 0)];
  if (entries.length === 0 && Object.hasOwn(document, name)) entries.push(document[name]);
  const statuses = entries.map(statusOf);
  if (statuses.length === 0) return { state: 'absent', detail: namesOf(document) };
  const bad = statuses.find((status) => !HOLDS.has(status.toLowerCase()));
  return bad === undefined ? { state: 'holds', detail: statuses[0] ?? '' } : { state: 'fails', detail: bad };
}

function fromChecks(checks: unknown, name: string): unknown[] {
  if (!isObject(checks)) return [];
  return Object.entries(checks).flatMap(([key, value]) => {
    const isNamed = key === name || key.split(':', 1)[0] === name || key.replaceAll(':', '_') === name;
    if (!isNamed) return [];
    return Array.isArray(value) ? (value as unknown[]) : [value];
  });
}

function fromComponents(components: unknown, name: string, depth: number): unknown[] {
  if (!isObject(components) || depth >= MAX_DEPTH) return [];
  return Object.entries(components).flatMap(([key, value]) => {
    if (key === name) return [value];
    return isObject(value) ? fromComponents(value.components, name, depth + 1) : [];
  });
}

function statusOf(entry: unknown): string {
  if (typeof entry === 'boolean') return entry ? 'pass' : 'false';
  if (typeof entry === 'string') return entry;
  if (isObject(entry) && typeof entry.status === 'string') return entry.status;
  return 'no status';
}

function namesOf(document: JsonObject): string {
  const booleans = Object.keys(document).filter((key) => typeof document[key] === 'boolean');
  const nested = [document.checks, document.components].flatMap((part) => (isObject(part) ? Object.keys(part) : []));
  const names = [...nested, ...booleans].slice(0, 12);
  return names.length === 0 ? 'the health document has no checks' : `the health document has ${names.join(', ')}`;
}

/** Null: the text is no JSON object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
