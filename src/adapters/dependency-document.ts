/** What a document says of the dependencies of an application. */
import { isObject, type JsonObject } from './health-document.ts';

export interface DependencyState {
  name: string;
  healthy: boolean;
  /** The status as written. */
  detail: string;
}

const HEALTHY = new Set([
  ...['pass', 'passing', 'up', 'ok', 'healthy', 'good', 'green', 'success', 'ready', 'alive', 'running', 'active'],
  ...['available', 'connected', 'reachable', 'online', 'operational', 'serving'],
]);
const UNHEALTHY = new Set([
  ...['fail', 'failed', 'failing', 'down', 'error', 'unhealthy', 'unavailable', 'disconnected', 'unreachable'],
  ...['warn', 'warning', 'degraded', 'critical', 'timeout', 'unknown', 'out_of_service'],
]);
/** Where documents list dependencies: by common use, application/health+json, Spring Boot Actuator. */
const LISTS = ['dependencies', 'checks', 'components', 'services'];
const MAX_DEPTH = 4;

/**
 * Every dependency that the document names:
 * - the entries of `dependencies`, `checks` (application/health+json), `components` (Actuator, nested ones too) or
 *   `services`: a map by name, or a list of `{name, status}`;
 * - without any of these: what in the document itself is a boolean, a status text, or an object with a status.
 * Healthy is `true` or a word such as pass, up, ok or healthy, in any case; `warn` and `degraded` are not.
 */
export function dependenciesIn(document: JsonObject): DependencyState[] {
  const listed = listedDependencies(document);
  if (listed.length > 0 || LISTS.some((key) => isList(document[key]))) return listed;
  return Object.entries(document)
    .filter(([name, entry]) => name !== 'status' && isTelling(entry))
    .map(([name, entry]) => stateOf(name, entry));
}

/** Only what stands in one of the lists: the rest of the document may be about anything. */
export function listedDependencies(document: JsonObject): DependencyState[] {
  return LISTS.flatMap((key) => entriesOf(Object.hasOwn(document, key) ? document[key] : undefined, '', 0));
}

function entriesOf(list: unknown, prefix: string, depth: number): DependencyState[] {
  if (Array.isArray(list)) return list.map((entry, index) => stateOf(nameOf(entry) ?? `${prefix}#${index + 1}`, entry));
  if (!isObject(list)) return [];
  return Object.entries(list).flatMap(([key, entry]) => {
    const name = `${prefix}${key}`;
    // health+json keeps one entry per node behind a key.
    if (Array.isArray(entry)) return entry.map((one) => stateOf(name, one));
    const inner = isObject(entry) && depth < MAX_DEPTH ? entriesOf(entry.components, `${name}.`, depth + 1) : [];
    return inner.length > 0 ? inner : [stateOf(name, entry)];
  });
}

function stateOf(name: string, entry: unknown): DependencyState {
  const told = statusOf(entry);
  if (told === undefined) return { name, healthy: false, detail: 'no status' };
  return { name, healthy: told === true || HEALTHY.has(String(told).toLowerCase()), detail: String(told) };
}

function statusOf(entry: unknown): string | boolean | undefined {
  const told = isObject(entry) ? (entry.status ?? entry.state ?? entry.healthy) : entry;
  return typeof told === 'string' || typeof told === 'boolean' ? told : undefined;
}

/** A text of the document itself may also be its version or a time; only the words of health tell of a dependency. */
function isTelling(entry: unknown): boolean {
  const told = statusOf(entry);
  if (typeof told !== 'string' || isObject(entry)) return told !== undefined;
  return HEALTHY.has(told.toLowerCase()) || UNHEALTHY.has(told.toLowerCase());
}

function nameOf(entry: unknown): string | null {
  return isObject(entry) && typeof entry.name === 'string' ? entry.name : null;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) || isObject(value);
}
