import { describe, expect, it } from 'vitest';
import { timesIn } from '../../../src/client/render/times.ts';

const berlin = timesIn('Europe/Berlin');
const WINTER = '2026-01-31T23:30:05.250Z';
const SUMMER = '2026-07-01T22:30:05Z';

describe('times for people', () => {
  it('are in the zone that is asked for, with its name', () => {
    expect(berlin.full(WINTER)).toBe('2026-02-01 00:30:05 GMT+1');
    expect(timesIn('America/New_York').full(WINTER)).toBe('2026-01-31 18:30:05 EST');
    expect(timesIn('UTC').full(WINTER)).toBe('2026-01-31 23:30:05 UTC');
  });

  it('follow the zone through the year', () => {
    expect(berlin.zone(WINTER)).toBe('GMT+1');
    expect(berlin.full(SUMMER)).toBe('2026-07-02 00:30:05 GMT+2');
    expect([berlin.clock(SUMMER), berlin.date(SUMMER)]).toEqual(['00:30:05', '2026-07-02']);
  });

  it('have the date in front only on another day of the reader', () => {
    expect(berlin.near(WINTER, Date.parse('2026-02-01T12:00:00Z'))).toBe('00:30:05 GMT+1');
    expect(berlin.near(WINTER, Date.parse(WINTER) - 3_600_000)).toBe('2026-02-01 00:30:05 GMT+1');
  });

  it('replace each instant within a text, and leave the rest as it is', () => {
    expect(berlin.inText('ends at 2026-07-01T22:30:05.123Z, not 2026-01-31T23:30:05Z; 12:00 stays')).toBe(
      'ends at 2026-07-02 00:30:05 GMT+2, not 2026-02-01 00:30:05 GMT+1; 12:00 stays',
    );
  });

  it('show what cannot be read as a time as it stands', () => {
    for (const shown of [berlin.full('soon'), berlin.clock('soon'), berlin.zone('soon'), berlin.near('soon', 0)])
      expect(shown).toBe('soon');
    expect(berlin.inText('2026-99-99T99:99:99Z')).toBe('2026-99-99T99:99:99Z');
  });
});
