/** Whole-number weights for shares in percent, for routers that take them. Pure. */
import type { Weights } from './types.ts';

/** Shares are told apart to hundredths of a percent. */
const DIGITS = 2;
const ONE_EACH: Weights = { blue: 1, green: 1 };

/** What each of a colour's members weighs times the members, as shares in percent; null: all weigh nothing. */
export function sharesOfPair({ blue, green }: Weights, members: Weights = ONE_EACH): Weights | null {
  const ofBlue = blue * members.blue;
  const total = ofBlue + green * members.green;
  if (total === 0) return null;
  const share = rounded((100 * ofBlue) / total);
  return { blue: share, green: rounded(100 - share) };
}

/**
 * The smallest weights from 0 to `most` that give the shares exactly; else the nearest ones that are still read as these
 * shares, in hundredths of a percent. Null: there are none. `members`: how many there are of each colour, all with its weight.
 */
export function smallestPair(shares: Weights, most: number, members: Weights = ONE_EACH): Weights | null {
  if (shares.blue <= 0) return { blue: 0, green: 1 };
  if (shares.green <= 0) return { blue: 1, green: 0 };
  let best: { pair: Weights; error: number } | null = null;
  for (let blue = 1; blue <= most; blue += 1) {
    const exact = (blue * members.blue * shares.green) / (shares.blue * members.green);
    for (const green of [Math.floor(exact), Math.ceil(exact)]) {
      if (green < 1 || green > most) continue;
      const pair = { blue, green };
      if (sharesOfPair(pair, members)?.blue !== rounded(shares.blue)) continue;
      const error = errorOf(pair, members, shares);
      if (best === null || error < best.error) best = { pair, error };
    }
  }
  return best?.pair ?? null;
}

/** The shares next to one that cannot be given, which can. */
export function nearestShares(share: number, most: number): number[] {
  const isGiven = (hundredths: number) =>
    smallestPair({ blue: hundredths / 100, green: rounded(100 - hundredths / 100) }, most) !== null;
  const wanted = Math.round(share * 100);
  const below = firstFrom(wanted, -1, isGiven);
  const above = firstFrom(wanted, 1, isGiven);
  return [...new Set([below / 100, above / 100])];
}

function firstFrom(start: number, step: 1 | -1, fits: (hundredths: number) => boolean): number {
  let value = start;
  while (value > 0 && value < 10_000 && !fits(value)) value += step;
  return value;
}

/** In billionths, so that arithmetic in binary fractions tells no two exact pairs apart. */
function errorOf({ blue, green }: Weights, members: Weights, shares: Weights): number {
  const ofBlue = blue * members.blue;
  const share = (100 * ofBlue) / (ofBlue + green * members.green);
  return Math.round(Math.abs(share - shares.blue) * 1e9);
}

function rounded(share: number): number {
  return Number(share.toFixed(DIGITS));
}
