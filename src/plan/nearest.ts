/** The name that a misspelt one was probably meant to be. */
import { closest, distance } from 'fastest-levenshtein';

/** Null: none is close; up to a third of the letters may differ, at least one and at most three. */
export function nearestName(name: string, names: readonly string[]): string | null {
  if (names.length === 0 || name.length > 100) return null;
  const candidate = closest(name.toLowerCase(), [...names]);
  const allowed = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  const away = distance(name.toLowerCase(), candidate);
  return away <= allowed ? candidate : null;
}
