import type { Colour, Weights } from '../plan/types.ts';
import { otherColour } from '../plan/weights.ts';

/** Weights have at most three decimals, so shares add up in whole numbers. */
const UNITS_PER_PERCENT = 1_000;
/** 100 % in thousandths of a percent. */
export const ALL = 100 * UNITS_PER_PERCENT;

/** Percent to thousandths of a percent. */
export function toUnits(percent: number): number {
  return Math.round(percent * UNITS_PER_PERCENT);
}

/**
 * Chooses the colour of each request: deterministic, exact over every 100,000 ÷ gcd requests, and at no moment has the
 * colour with the smaller weight had more than its share of the requests since the weights were set.
 */
export function createShares(weights: Weights): () => Colour {
  const minor: Colour = weights.blue < weights.green ? 'blue' : 'green';
  const major: Colour = otherColour(minor);
  const units = toUnits(weights[minor]);
  let owed = 0;
  return () => {
    owed += units;
    if (owed < ALL) return major;
    owed -= ALL;
    return minor;
  };
}
