import { describe, expect, it } from 'vitest';
import { allOn, causes, failed, firstBad } from '../../../bench/lib/answers.ts';
import type { Answer } from '../../../bench/lib/load.ts';
import { percentile, spread } from '../../../bench/lib/statistics.ts';

function answer(startedMs: number, colour: Answer['colour'], status = 200, error: string | null = null): Answer {
  return { startedMs, endedMs: startedMs + 5, status, colour, error };
}

describe('when all traffic was on a colour', () => {
  it('is the start of the first request after the last one that the other colour answered', () => {
    const answers = [answer(1, 'green'), answer(2, 'blue'), answer(3, 'green'), answer(4, 'blue'), answer(5, 'blue')];
    expect(allOn('blue', answers)).toBe(4);
  });

  it('leaves out requests that nobody answered, which prove nothing', () => {
    const answers = [answer(1, 'green'), answer(2, null, 0, 'ECONNRESET'), answer(3, 'blue')];
    expect(allOn('blue', answers)).toBe(3);
  });

  it('is never said of traffic that did not come to the colour', () => {
    expect(() => allOn('blue', [answer(1, 'blue'), answer(2, 'green')])).toThrow('no request was answered by blue');
  });
});

describe('what went wrong', () => {
  const answers = [
    answer(1, 'green'),
    answer(2, 'blue', 500),
    answer(3, 'green', 500),
    answer(4, null, 503),
    answer(5, null, 0, 'ECONNRESET'),
    answer(6, null, 0, 'ECONNRESET'),
  ];

  it('begins for a colour with the first request that this colour failed', () => {
    expect(firstBad('green', answers)).toBe(3);
    expect(() => firstBad('green', answers.slice(0, 2))).toThrow('no request was answered badly by green');
  });

  it('is every request without a whole and good answer, told by its cause', () => {
    expect(failed(answers).map(({ startedMs }) => startedMs)).toEqual([2, 3, 4, 5, 6]);
    expect(causes(answers)).toEqual({
      '500 from blue': 1,
      '500 from green': 1,
      '503 from the router': 1,
      ECONNRESET: 2,
    });
  });
});

describe('percentiles', () => {
  it.each([
    [50, 5],
    [90, 9],
    [99, 10],
    [100, 10],
    [0, 1],
  ])('p%d of 1 to 10 is %d, whatever the order', (percent, value) => {
    expect(percentile([7, 10, 1, 3, 2, 9, 8, 4, 6, 5], percent)).toBe(value);
  });

  it('of nothing are refused', () => {
    expect(() => spread([])).toThrow('there are no samples');
  });
});
