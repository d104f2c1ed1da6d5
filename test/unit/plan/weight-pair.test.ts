import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestShares, sharesOfPair, smallestPair } from '../../../src/plan/weight-pair.ts';

const sharesOf = (hundredths: number) => {
  const blue = hundredths / 100;
  return { blue, green: Number((100 - blue).toFixed(2)) };
};

describe('the smallest weights for shares', () => {
  it.each([
    [100, { blue: 1, green: 0 }],
    [0, { blue: 0, green: 1 }],
    [50, { blue: 1, green: 1 }],
    [1, { blue: 1, green: 99 }],
    [99, { blue: 99, green: 1 }],
    [0.5, { blue: 1, green: 199 }],
    [12.5, { blue: 1, green: 7 }],
    [33.33, { blue: 1, green: 2 }],
  ])('of %s %% are %o', (blue, pair) => {
    expect(smallestPair(sharesOf(blue * 100), 255)).toEqual(pair);
  });

  it('give every whole percent exactly', () => {
    for (let percent = 0; percent <= 100; percent += 1) {
      const pair = smallestPair(sharesOf(percent * 100), 255) ?? { blue: 0, green: 0 };
      expect((100 * pair.blue) / (pair.blue + pair.green)).toBeCloseTo(percent, 9);
    }
  });

  it('are read back as the shares, within bounds, whatever the number of members; or there are none', () => {
    const members = fc.record({ blue: fc.integer({ min: 1, max: 9 }), green: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999 }), members, (hundredths, counts) => {
        const shares = sharesOf(hundredths);
        const pair = smallestPair(shares, 255, counts);
        if (pair === null) return;
        expect(sharesOfPair(pair, counts)).toEqual(shares);
        expect(Math.min(pair.blue, pair.green)).toBeGreaterThanOrEqual(1);
        expect(Math.max(pair.blue, pair.green)).toBeLessThanOrEqual(255);
      }),
    );
  });

  it('that there are none of have neighbours', () => {
    expect(smallestPair(sharesOf(10), 255)).toBeNull();
    expect(nearestShares(0.1, 255)).toEqual([0, 0.39]);
    expect(nearestShares(50, 255)).toEqual([50]);
  });

  it('are no shares when all weigh nothing', () => {
    expect(sharesOfPair({ blue: 0, green: 0 })).toBeNull();
  });
});
