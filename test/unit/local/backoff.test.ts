import { expect, it } from 'vitest';
import { backoffMs, isForgiven } from '../../../src/local/backoff.ts';

it('doubles the wait with each failure, up to five seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50].map(backoffMs)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

it('forgets failures of an instance that then ran well', () => {
  expect(isForgiven(9_999)).toBe(false);
  expect(isForgiven(10_000)).toBe(true);
});
