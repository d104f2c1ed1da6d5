import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DURATION_PATTERN, formatDuration, parseDuration } from '../../../src/plan/duration.ts';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['4h', 14_400_000],
    ['2d', 172_800_000],
    ['1s500ms', 1_500],
    [' 30s ', 30_000],
    ['-30m', -1_800_000],
    ['0s', 0],
    ['-0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '-',
    '30',
    's',
    '30 s',
    '30sec',
    '1m1h',
    '1s1s',
    '+5s',
    '1e3s',
    '5m-1s',
    '99999999999999d',
    '1,5s',
    '٣s',
  ])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, '0s'],
    [250, '250ms'],
    [1_500, '1.5s'],
    [90_000, '1m30s'],
    [180_000, '3m'],
    [86_400_000, '24h'],
    [172_800_000, '2d'],
    [-1_800_000, '-30m'],
  ])('%d ms print as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('prints what it reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e13 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
        expect(DURATION_PATTERN.test(formatDuration(ms))).toBe(ms >= 0);
      }),
    );
  });
});
