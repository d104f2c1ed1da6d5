/**
 * Sticky sessions without a memory. A client's cookie holds a key, drawn once; green has the keys below its share and blue
 * the rest. As a share grows its keys are only added to, so a gradual switch moves each client at most once, rolling
 * back brings it back, and a restart of this program changes nothing.
 */
import { randomInt } from 'node:crypto';
import type { Colour, Weights } from '../plan/types.ts';
import { ALL, toUnits } from './shares.ts';

const KEY = /^\d{5}$/;

/** `key`: 0 to 99,999, in thousandths of a percent. */
export function colourOfKey(key: number, weights: Weights): Colour {
  return key < toUnits(weights.green) ? 'green' : 'blue';
}

/**
 * A key for a new client, uniform among those of a colour that has a share. With colours in their shares the keys of all
 * clients are uniform too, so later shares find their part of them.
 */
export function drawKey(colour: Colour, weights: Weights): number {
  const border = toUnits(weights.green);
  return colour === 'green' ? randomInt(0, border) : randomInt(border, ALL);
}

export function cookieName(service: string): string {
  return `cutover-${service}`;
}

/** Null: no cookie of that name has a key in it. */
export function readKey(cookies: string | undefined, name: string): number | null {
  for (const pair of (cookies ?? '').split(';')) {
    const [written, ...value] = pair.trim().split('=');
    if (written === name && KEY.test(value.join('='))) return Number(value[0]);
  }
  return null;
}

/** Ends with the browser's session; no script reads it. */
export function formatCookie(name: string, key: number): string {
  return `${name}=${String(key).padStart(5, '0')}; Path=/; HttpOnly; SameSite=Lax`;
}
