import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Intent, intentIn, tagsOf } from '../../../../src/adapters/routers/alb/fence-tags.ts';

/** The API reference's pattern, and its lengths. */
const KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

const INTENT: Intent = {
  fence: { run: 'cutover/production/checkout@eu-west-1 0199-a5', epoch: 3, step: 2 },
  before: { blue: 100, green: 0 },
  to: { blue: 99.5, green: 0.5 },
  at: 1_795_000_000,
  from: ['0a1b2c3d', '11112222'],
  seen: ['44445555', '66667777'],
  was: '3.1',
};

const FENCE_TAG = 'cutover:fence-2';

describe('a fence in tags', () => {
  it('can be read by people', () => {
    const tags = tagsOf(INTENT);
    expect(tags[FENCE_TAG]).toMatch(/^epoch=3 step=2 before=100\/0 to=99.5\/0.5 at=1795000000 /);
    expect(tags['cutover:run-2']).toBe('cutover/production/checkout@eu-west-1+200199-a5');
  });

  it('comes back as it was, in tags that AWS accepts, whatever the run is called', () => {
    const digest = fc.stringMatching(/^[0-9a-f]{8}$/);
    const digests = fc.array(digest, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }),
        fc.nat(1_000_100),
        digests,
        digests,
        fc.boolean(),
        (run, step, from, seen, drifted) => {
          const was = drifted ? `98765.1000001+${from.join('.')}` : '98765.1000001';
          const intent = { ...INTENT, fence: { run, epoch: 98_766, step }, from, seen, was };
          const tags = tagsOf(intent);
          fc.pre(Object.keys(tags).length <= 5);
          for (const [key, value] of Object.entries(tags)) {
            expect(key).toMatch(KEY);
            expect(value).toMatch(VALUE);
          }
          expect(intentIn({ ...tags, Name: 'shop' }, 'a listener')).toEqual(intent);
        },
      ),
    );
  });

  it('takes as many tags as the run is long, and forgets those of a longer one before it', () => {
    const long = tagsOf({ ...INTENT, fence: { ...INTENT.fence, run: 'r'.repeat(600) } });
    expect(Object.keys(long)).toEqual([FENCE_TAG, 'cutover:run-2', 'cutover:run-2.2', 'cutover:run-2.3']);
    expect(intentIn({ ...long, ...tagsOf(INTENT) }, 'a listener')).toEqual(INTENT);
  });

  it('is the highest that was written, in whichever order they came', () => {
    const of = (epoch: number, step: number, run = 'a') => ({ ...INTENT, fence: { run, epoch, step } });
    const claimed = { ...tagsOf(of(3, 0)), ...tagsOf(of(3, 1)) };
    expect(intentIn({ ...claimed, ...tagsOf(of(3, 2)), ...tagsOf(of(3, 1)) }, 'L')).toEqual(of(3, 2));
    expect(intentIn({ ...tagsOf(of(4, 0, 'b')), ...tagsOf(of(3, 2)), ...tagsOf(of(3, 7)) }, 'L')).toEqual(
      of(4, 0, 'b'),
    );
    expect(intentIn({ ...claimed, ...tagsOf(of(3, 1_000_000)) }, 'L')).toEqual(of(3, 1_000_000));
    const tags = Array.from({ length: 9 }, (_, step) => Object.keys(tagsOf(of(3, step)))).flat();
    expect(new Set(tags).size).toBe(8);
  });

  it('is none without the tag', () => {
    expect(intentIn({ Name: 'shop' }, 'a listener')).toBeNull();
  });

  it.each<[string, (tags: Record<string, string>) => Record<string, string>]>([
    ['a run that is another', (tags) => ({ ...tags, 'cutover:run-2': 'somebody' })],
    ['a run that is gone', ({ 'cutover:run-2': _, ...tags }) => tags],
    ['words that are missing', (tags) => ({ ...tags, [FENCE_TAG]: 'epoch=3' })],
    [
      'a word that is no number',
      (tags) => ({ ...tags, [FENCE_TAG]: tags[FENCE_TAG]?.replace('step=2', 'step=x') ?? '' }),
    ],
    ['nothing in it', (tags) => ({ ...tags, [FENCE_TAG]: '' })],
  ])('is refused with %s', (_, spoil) => {
    expect(() => intentIn(spoil(tagsOf(INTENT)), 'the listener L')).toThrow(
      /of the listener L are not what Cutover wrote/,
    );
  });
});
