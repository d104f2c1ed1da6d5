/** Which keys the schema knows where: for the nearest valid key, and for a key that stands in the wrong place. */
import { type JsonSchema, planJsonSchema } from './json-schema.ts';

/** Stands for a name that the plan makes up; no key is in capitals. */
const ANY_NAME = 'NAME';

let keysByPath: ReadonlyMap<string, readonly string[]> | null = null;

/** The valid keys of the map at a path; list indices do not matter. Empty: any key, or no map. */
export function knownKeysAt(path: readonly (string | number)[]): readonly string[] {
  const names = path.filter((part) => typeof part === 'string');
  const found = [...index()].find(([known]) => isPlace(known, names));
  return found?.[1] ?? [];
}

/** Where else a key is valid, as `switch.steps`; null: nowhere, or in more than one place. */
export function otherPlaceOf(key: string): string | null {
  const places = [...index()].filter(([, keys]) => keys.includes(key)).map(([path]) => path);
  const [only] = places;
  return places.length === 1 && only !== undefined ? [only, key].filter((part) => part !== '').join('.') : null;
}

/** Whether a place of the schema, `checks.NAME.http`, is that of these keys. */
function isPlace(known: string, names: readonly string[]): boolean {
  const parts = known === '' ? [] : known.split('.');
  return parts.length === names.length && parts.every((part, index) => part === ANY_NAME || part === names[index]);
}

function index(): ReadonlyMap<string, readonly string[]> {
  if (keysByPath === null) {
    const found = new Map<string, readonly string[]>();
    collect(planJsonSchema(), [], found);
    keysByPath = found;
  }
  return keysByPath;
}

function collect(schema: unknown, path: string[], found: Map<string, readonly string[]>): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, items, anyOf, additionalProperties } = schema as JsonSchema;
  if (properties !== undefined) {
    found.set(path.join('.'), Object.keys(properties));
    for (const [key, value] of Object.entries(properties)) collect(value, [...path, key], found);
  }
  collect(additionalProperties, [...path, ANY_NAME], found);
  if (items !== undefined) collect(items, path, found);
  for (const part of anyOf ?? []) collect(part, path, found);
}
