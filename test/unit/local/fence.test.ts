import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fence, RouterState } from '../../../src/adapters/types.ts';
import { decideWrite, type WriteOffer } from '../../../src/local/fence.ts';

const BLUE = { blue: 100, green: 0 };
const GREEN = { blue: 0, green: 100 };

function fence(run: string, epoch: number, step: number): Fence {
  return { run, epoch, step };
}

function state(stored: Fence | null): RouterState {
  return { weights: BLUE, revision: 'r', fence: stored, fenced_revision: stored && 'r', before: stored && BLUE };
}

function offer(offered: Fence | null, expectedRevision = 'r'): WriteOffer {
  return { weights: GREEN, fence: offered, expectedRevision, newRevision: 'n' };
}

const STORED = fence('a', 3, 2);

describe('a fenced write', () => {
  it.each([
    ['a later step of the same run', STORED, fence('a', 3, 3), 'r', 'write'],
    ['a later step after skipped ones', STORED, fence('a', 3, 9), 'r', 'write'],
    ['a later step, when somebody wrote in between', STORED, fence('a', 3, 3), 'other', 'conflict'],
    ['the stored step again', STORED, fence('a', 3, 2), 'r', 'already'],
    ['the stored step again, when somebody wrote in between', STORED, fence('a', 3, 2), 'other', 'already'],
    ['an earlier step', STORED, fence('a', 3, 1), 'r', 'superseded'],
    ['an earlier epoch', STORED, fence('b', 2, 99), 'r', 'superseded'],
    ['the stored epoch of another run', STORED, fence('b', 3, 2), 'r', 'superseded'],
    ['a later step of another run in the stored epoch', STORED, fence('b', 3, 5), 'r', 'superseded'],
    ['the next epoch', STORED, fence('b', 4, 0), 'r', 'write'],
    ['the next epoch, when somebody wrote in between', STORED, fence('b', 4, 0), 'other', 'conflict'],
    ['an epoch beyond the next', STORED, fence('b', 5, 0), 'r', 'conflict'],
    ['the first epoch', null, fence('a', 1, 0), 'r', 'write'],
    ['the second epoch where none was claimed', null, fence('a', 2, 0), 'r', 'conflict'],
  ])('with %s', (_title, stored, offered, expected, kind) => {
    expect(decideWrite(state(stored), offer(offered, expected)).kind).toBe(kind);
  });

  it('keeps what stood before its epoch, whatever the steps write', () => {
    const claimed = decideWrite(state(STORED), { ...offer(fence('b', 4, 0)), weights: null });
    const next = claimed.kind === 'write' ? claimed.next : state(null);
    expect(next).toEqual({ weights: BLUE, revision: 'n', fence: fence('b', 4, 0), fenced_revision: 'n', before: BLUE });
    const shifted = decideWrite(next, { ...offer(fence('b', 4, 1), 'n'), newRevision: 'm' });
    expect(shifted).toMatchObject({ kind: 'write', next: { weights: GREEN, before: BLUE, fenced_revision: 'm' } });
  });
});

describe('what is exposed', () => {
  const exposed = { colour: 'green' as const, header: { name: 'X-Cutover', value: 'a' }, mirror_percent: null };
  const exposing: RouterState = { ...state(STORED), exposed };
  const nextOf = (stored: RouterState, given: Partial<WriteOffer>) => {
    const decision = decideWrite(stored, { ...offer(fence('a', 3, 3)), ...given });
    return decision.kind === 'write' ? decision.next : null;
  };

  it('is what the last shift says, and nothing when it says nothing', () => {
    expect(nextOf(state(STORED), { exposed })).toMatchObject({ exposed });
    expect(nextOf(exposing, {})).not.toHaveProperty('exposed');
    expect(nextOf(exposing, { fence: null })).not.toHaveProperty('exposed');
  });

  it('is left as it is by a claim', () => {
    expect(nextOf(exposing, { weights: null, fence: fence('b', 4, 0) })).toMatchObject({ exposed, weights: BLUE });
  });
});

describe('a foreign write', () => {
  it('changes weights and revision, and leaves the fence, so that drift is seen', () => {
    const decision = decideWrite(state(STORED), offer(null));
    const next = { weights: GREEN, revision: 'n', fence: STORED, fenced_revision: 'r', before: BLUE };
    expect(decision).toEqual({ kind: 'write', next });
  });

  it('needs the revision, unless it says that any will do', () => {
    expect(decideWrite(state(STORED), offer(null, 'other')).kind).toBe('conflict');
    expect(decideWrite(state(STORED), offer(null, '*')).kind).toBe('write');
  });
});

it('never lets a stored fence go back, however writes arrive', () => {
  const anyFence = fc.record({
    run: fc.constantFrom('a', 'b'),
    epoch: fc.integer({ min: 1, max: 4 }),
    step: fc.integer({ min: 0, max: 4 }),
  });
  const anyOffer = fc.record({ offered: fc.option(anyFence), expected: fc.constantFrom('stored', 'stale') });
  fc.assert(
    fc.property(fc.array(anyOffer, { maxLength: 40 }), (offers) => {
      let stored = state(null);
      offers.forEach(({ offered, expected }, index) => {
        const expectedRevision = expected === 'stored' ? stored.revision : 'stale';
        const decision = decideWrite(stored, { ...offer(offered, expectedRevision), newRevision: `n${index}` });
        if (decision.kind !== 'write') return;
        const [old, now] = [stored.fence, decision.next.fence];
        const order = (one: Fence | null) => (one === null ? -1 : one.epoch * 100 + one.step);
        if (offered === null) expect(now).toEqual(old);
        else expect(order(now)).toBeGreaterThan(order(old));
        if (old !== null && now?.epoch === old.epoch) expect(now.run).toBe(old.run);
        stored = decision.next;
      });
    }),
  );
});
