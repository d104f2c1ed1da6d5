import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShares } from '../../../src/local/shares.ts';
import { colourOfKey, cookieName, drawKey, formatCookie, readKey } from '../../../src/local/sticky.ts';
import type { Weights } from '../../../src/plan/types.ts';

const key = fc.integer({ min: 0, max: 99_999 });
const share = fc.integer({ min: 0, max: 100_000 }).map((units) => units / 1_000);

function green(percent: number): Weights {
  return { blue: 100 - percent, green: percent };
}

/** How often a client moves while green has these shares, one after the other. */
function moves(ofKey: number, shares: number[]): number {
  const colours = shares.map((percent) => colourOfKey(ofKey, green(percent)));
  return colours.filter((colour, index) => index > 0 && colour !== colours[index - 1]).length;
}

describe('the colour of a client', () => {
  it('changes exactly once while a share grows from 0 to 100 %, whatever the steps and whichever the colour', () => {
    fc.assert(
      fc.property(key, fc.array(share), (ofKey, steps) => {
        const growing = [0, ...steps.sort((one, other) => one - other), 100];
        expect(moves(ofKey, growing)).toBe(1);
        expect(moves(ofKey, growing.reverse())).toBe(1);
      }),
    );
  });

  it('is the one before the switch again after a rollback from any step', () => {
    fc.assert(
      fc.property(key, share, share, (ofKey, before, reached) => {
        const there = colourOfKey(ofKey, green(before));
        expect(moves(ofKey, [before, reached, before])).toBeLessThanOrEqual(2);
        expect(colourOfKey(ofKey, green(before))).toBe(there);
      }),
    );
  });

  it('is green for exactly its share of all keys', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => index);
    for (const percent of [0, 0.001, 10, 33.333, 50, 66.7, 99.999, 100]) {
      const weights = green(percent);
      const served = keys.filter((one) => colourOfKey(one, weights) === 'green').length;
      expect(served).toBe(Math.round(percent * 1_000));
    }
  });
});

describe('a new client', () => {
  it('gets a key of the colour that it was given, so its next request goes there too', () => {
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 50 }), (percent, clients) => {
        const weights = green(percent);
        const next = createShares(weights);
        for (let client = 0; client < clients; client += 1) {
          const colour = next();
          const drawn = drawKey(colour, weights);
          expect(colourOfKey(drawn, weights)).toBe(colour);
          expect(drawn).toBeGreaterThanOrEqual(0);
          expect(drawn).toBeLessThan(100_000);
        }
      }),
    );
  });

  it('has any key of its colour: the smallest and the largest are drawn', () => {
    const drawn = (colour: 'blue' | 'green', weights: Weights) =>
      new Set(Array.from({ length: 400 }, () => drawKey(colour, weights)));
    expect([...drawn('green', green(0.003))].sort()).toEqual([0, 1, 2]);
    expect([...drawn('blue', green(99.997))].sort()).toEqual([99_997, 99_998, 99_999]);
  });
});

describe('the cookie', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(key, (sent) => {
        const [pair] = formatCookie(cookieName('shop'), sent).split(';');
        expect(readKey(pair, 'cutover-shop')).toBe(sent);
        expect(readKey(`a=1; ${pair};b=2`, 'cutover-shop')).toBe(sent);
      }),
    );
  });

  it('is for the whole site, and for no script or foreign form', () => {
    expect(formatCookie('cutover-shop', 42)).toBe('cutover-shop=00042; Path=/; HttpOnly; SameSite=Lax');
  });

  it.each([
    undefined,
    '',
    'cutover-shop',
    'cutover-shop=',
    'cutover-shop=blue',
    'cutover-shop=1',
    'cutover-shop=100000',
    'cutover-shop=-0001',
    'cutover-shop=1e300',
    'cutover-shop="00042"',
    'cutover-shop=00042=',
    'cutover-shops=00042',
    'Cutover-Shop=00042',
    'x-cutover-shop=00042',
  ])('is not believed when it reads %s', (cookies) => {
    expect(readKey(cookies, 'cutover-shop')).toBeNull();
  });

  it('is taken from the first that can be read', () => {
    expect(readKey('cutover-shop=?; cutover-shop=00007; cutover-shop=00008', 'cutover-shop')).toBe(7);
  });
});
