/** Which keys the schema knows where: for the nearest valid key, and for a key that stands in the wrong place. */
import { type JsonSchema, planJsonSchema } from './json-schema.ts';

let keysByPath: ReadonlyMap<string, readonly string[]> | null = null;

/** The valid keys of the map at a path; list indices do not matter. Empty: any key, or no map. */
export function knownKeysAt(path: readonly (string | number)[]): readonly string[] {
  return index().get(place(path)) ?? [];
}

/** Where else a key is valid, as `switch.steps`; null: nowhere, or in more than one place. */
export function otherPlaceOf(key: string): string | null {
  const places = [...index()].filter(([, keys]) => keys.includes(key)).map(([path]) => path);
  const [only] = places;
  return places.length === 1 && only !== undefined ? [only, key].filter((part) => part !== '').join('.') : null;
}

function place(path: readonly (string | number)[]): string {
  return path.filter((part) => typeof part === 'string').join('.');
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
  const { properties, items, anyOf } = schema as JsonSchema;
  if (properties !== undefined) {
    found.set(path.join('.'), Object.keys(properties));
    for (const [key, value] of Object.entries(properties)) collect(value, [...path, key], found);
  }
  if (items !== undefined) collect(items, path, found);
  for (const part of anyOf ?? []) collect(part, path, found);
}
