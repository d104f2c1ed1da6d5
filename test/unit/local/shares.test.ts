import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createShares } from '../../../src/local/shares.ts';
import type { Colour } from '../../../src/plan/types.ts';

function take(blue: number, requests: number): Colour[] {
  const next = createShares({ blue, green: 100 - blue });
  return Array.from({ length: requests }, next);
}

function count(colours: Colour[], colour: Colour): number {
  return colours.filter((one) => one === colour).length;
}

it('gives the candidate exactly its share', () => {
  expect(count(take(90, 1_000), 'green')).toBe(100);
  expect(count(take(99, 1_000), 'green')).toBe(10);
  expect(count(take(66.7, 1_000), 'green')).toBe(333);
  expect(count(take(50, 1_000), 'green')).toBe(500);
});

it('gives all or nothing at 0 and 100', () => {
  expect(count(take(100, 1_000), 'green')).toBe(0);
  expect(count(take(0, 1_000), 'green')).toBe(1_000);
});

it('never lets the smaller share run ahead, nor fall behind by a whole request', () => {
  const thousandths = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(thousandths, fc.integer({ min: 1, max: 500 }), (blueUnits, requests) => {
      const blue = blueUnits / 1_000;
      const minor: Colour = blue < 50 ? 'blue' : 'green';
      const share = Math.min(blue, 100 - blue) / 100;
      const had = count(take(blue, requests), minor);
      expect(had).toBeLessThanOrEqual(share * requests + 1e-6);
      expect(had).toBeGreaterThan(share * requests - 1 - 1e-6);
    }),
  );
});

it('spreads a share evenly instead of in bursts', () => {
  const places = take(90, 1_000).flatMap((colour, index) => (colour === 'green' ? [index] : []));
  const distances = new Set(places.slice(1).map((place, index) => place - (places[index] ?? 0)));
  expect([...distances]).toEqual([10]);
});
