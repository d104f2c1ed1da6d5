import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../../../src/adapters/routers/alb/numbers.ts';

describe('the weights of target groups', () => {
  it.each([
    [0, 0, 100],
    [1, 1, 99],
    [50, 50, 50],
    [100, 100, 0],
    [0.5, 1, 199],
    [0.1, 1, 999],
    [99.9, 999, 1],
    [12.5, 1, 7],
    [2.25, 9, 391],
  ])('are exact for %s %%', (share, blue, green) => {
    expect(numbersOf({ blue: share, green: Number((100 - share).toFixed(2)) })).toEqual({ blue, green });
  });

  it('are whole, from 1 to 999, and at most 0.01 % off, for every share that a plan can name', () => {
    const worst = { share: 0, off: 0 };
    for (let hundredths = 10; hundredths <= 9_990; hundredths += 1) {
      const { blue, green } = numbersOf({ blue: hundredths / 100, green: (10_000 - hundredths) / 100 });
      const off = Math.abs((100 * blue) / (blue + green) - hundredths / 100);
      expect([blue, green].every((one) => Number.isInteger(one) && one >= 1 && one <= 999)).toBe(true);
      if (off > worst.off) Object.assign(worst, { share: hundredths / 100, off });
    }
    expect(worst.off).toBeLessThan(0.0101);
  });

  it.each([0.05, 99.95])('are refused for %s %%, which no pair comes near', (blue) => {
    const green = Number((100 - blue).toFixed(2));
    expect(() => numbersOf({ blue, green })).toThrow(/none gets less than 0.1 %/);
  });
});
