/** In what two colours differ: what stands in either's configuration, made comparable and harmless to show. */
import { createHash } from 'node:crypto';
import type { Colour } from '../plan/types.ts';
import type { ParityDifference } from '../workflows/api.ts';

/** Path → value, already harmless to show: what may be secret is a hash. */
export type Facts = Map<string, string>;

const MAX_SHOWN = 200;

export function differencesBetween(active: Facts, standby: Facts): ParityDifference[] {
  const paths = [...new Set([...active.keys(), ...standby.keys()])].sort();
  return paths
    .filter((path) => active.get(path) !== standby.get(path))
    .map((path) => ({ path, active: shown(active.get(path)), standby: shown(standby.get(path)) }));
}

/** Every leaf of `value`, under its path. */
export function putFacts(facts: Facts, path: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') {
    facts.set(path, String(value));
    return;
  }
  for (const [key, part] of Object.entries(value)) putFacts(facts, `${path}.${key}`, part);
}

/** A difference in both colours' names only, such as `checkout-blue` and `checkout-green`, is none. */
export function neutralFacts(facts: Facts, colour: Colour): Facts {
  const own = new RegExp(`\\b${colour}\\b`, 'g');
  const plain = (text: string) => text.replace(own, '$COLOUR');
  return new Map([...facts].map(([path, value]) => [plain(path), plain(value)]));
}

export function hashOf(value: string): string {
  return `sha256:${createHash('sha256').update(value).digest('hex').slice(0, 8)}`;
}

function shown(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
