import { expect, it } from 'vitest';
import { inPhase, send, useModel } from '../support/model/use-model.ts';

const play = useModel();
const PLAN = { activeOnly: true } as const;

// The second pass follows the switch. An even time freezes it before its first write, an odd one before its second.
it.each([8_000, 8_001])('a late writer of scheduled work changes nothing after the rollback: %i ms', async (ms) => {
  const { status, world, scheduled } = await play({
    plan: PLAN,
    others: [{ activity: 'moveScheduledWork', nth: 2, fault: { kind: 'slow', ms } }],
    events: [inPhase('switch', 1_000, send('rollback'))],
  });
  expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 }, attention: [] });
  expect(scheduled.filter(({ type }) => type === 'moveScheduledWork')).toHaveLength(3);
  expect(world.base.work).toMatchObject({ moves: ['blue'], runs: { blue: true, green: false } });
});

it('a rollback’s traffic write is scheduled while scheduled work is still being moved', async () => {
  const { status } = await play({
    plan: PLAN,
    others: [{ activity: 'moveScheduledWork', nth: 2, fault: { kind: 'dead' } }],
    events: [inPhase('switch', 1_000, send('rollback'))],
  });
  expect(status.rollback?.restored_after_ms).toBeLessThan(100);
});

it('a worker that dies in a pass is followed by one that goes on', async () => {
  const { status, world } = await play({
    plan: PLAN,
    events: [{ when: { phase: 'switch', afterMs: 1 }, act: { kind: 'outage', how: 'killed', ms: 5_000 } }],
  });
  expect(status.outcome).toBe('succeeded');
  expect(world.base.work).toMatchObject({ moves: ['blue', 'green'], runs: { blue: false, green: true } });
});

it('stays on the new version’s colour through the next deployment, which takes over from the lease', async () => {
  const { status, world } = await play({
    plan: { ...PLAN, leaseMs: 20_000 },
    events: [{ when: { phase: 'lease', afterMs: 1_000 }, act: { kind: 'start' } }],
  });
  expect(status.colours).toEqual({ active: 'green', candidate: 'blue' });
  expect(world.base.work.moves).toEqual(['blue', 'green', 'blue']);
});
