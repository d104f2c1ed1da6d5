import { expect, it } from 'vitest';
import { formatWeights, otherColour, sameWeights } from '../../../src/plan/weights.ts';

it('compares both colours', () => {
  const weights = { blue: 90, green: 10 };
  expect(sameWeights(weights, { blue: 90, green: 10 })).toBe(true);
  expect(sameWeights(weights, { blue: 90, green: 9 })).toBe(false);
  expect(sameWeights(weights, { blue: 91, green: 10 })).toBe(false);
});

it('names the other colour, and both for people', () => {
  expect([otherColour('blue'), otherColour('green')]).toEqual(['green', 'blue']);
  expect(formatWeights({ blue: 90, green: 10 })).toBe('blue 90 %, green 10 %');
});
