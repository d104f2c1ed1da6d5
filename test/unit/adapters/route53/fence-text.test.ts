import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  quoted,
  type Stored,
  storedIn,
  textOf,
  unquoted,
} from '../../../../src/adapters/routers/route53/fence-text.ts';

const STORED: Stored = {
  fence: { run: 'cutover/production/checkout@eu-west-1 0199', epoch: 3, step: 12 },
  before: { blue: 99.5, green: 0.5 },
  seen: '0123456789abcdef',
  atMs: 1_790_000_000_000,
  staleUntilMs: 1_790_000_060_000,
  ttls: { 'A checkout.example.com': 300, 'AAAA *.example.com': 3_600 },
};

describe('the fence as a TXT record', () => {
  it('is read back as it was written, whoever wrote it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (run) => {
        const stored = { ...STORED, fence: { ...STORED.fence, run } };
        expect(storedIn(unquoted(quoted(textOf(stored))), '_cutover.a.')).toEqual(stored);
      }),
    );
  });

  it('is made of strings that a record may hold', () => {
    const value = quoted(textOf({ ...STORED, fence: { ...STORED.fence, run: 'é'.repeat(300) } }));
    const strings = [...value.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text);
    expect(strings.length).toBeGreaterThan(4);
    for (const text of strings) expect(text).toMatch(/^[\x21-\x7e ]{1,255}$/);
  });

  it.each(['', 'v=spf1 -all', 'cutover/1 run=a', 'cutover/1 run=a fence=1.x before=1/2 seen=a at=1 stale=1'])(
    'is not %s',
    (text) => {
      expect(() => storedIn(text, '_cutover.a.')).toThrow(
        `the TXT record _cutover.a. is not what Cutover wrote: ${text}`,
      );
    },
  );
});
