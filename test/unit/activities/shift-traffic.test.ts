import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createMutationActivities } from '../../../src/activities/mutations.ts';
import type { ShiftInput, ShiftOutcome } from '../../../src/activities/types.ts';
import type { Exposed } from '../../../src/adapters/types.ts';
import { testPlan } from '../../support/plans.ts';
import { createWorld, foreignWrite, type World, worldAdapters } from '../../support/world/world.ts';

const FENCE = { run: 'run', epoch: 1, step: 0 };

/** A world whose router is claimed, with `ready` candidates on green. */
async function claimed(ready: number): Promise<World> {
  const world = createWorld();
  world.colours.green = { version: '2.0.0', desired: 4, ready, unreadable: false };
  const claim = { target: testPlan(), expected_revision: world.router.revision, fence: FENCE };
  await new MockActivityEnvironment().run(activities(world).claimEpoch, claim);
  return world;
}

const activities = (world: World) => createMutationActivities({ adapters: worldAdapters(world) });

function input(world: World, share: number, mode: ShiftInput['mode'], step = 1): ShiftInput {
  return {
    target: testPlan(),
    weights: { blue: 100 - share, green: share },
    expected_revision: world.router.revision,
    fence: { ...FENCE, step },
    full_size: 4,
    old_colour: 'blue',
    mode,
  };
}

const shift = (world: World, given: ShiftInput, env = new MockActivityEnvironment()): Promise<ShiftOutcome> =>
  env.run(activities(world).shiftTraffic, given);

describe('a forward shift', () => {
  it.each([
    [4, 100, 'written'],
    [3, 100, 'short'],
    [1, 25, 'written'],
    [1, 26, 'short'],
    [0, 1, 'short'],
  ])('with %i of 4 instances ready and %i %% is %s', async (ready, share, kind) => {
    const world = await claimed(ready);
    expect((await shift(world, input(world, share, 'forward'))).kind).toBe(kind);
    expect(world.router.weights.green).toBe(kind === 'written' ? share : 0);
  });

  it.each([
    ['2.0.0', 'written'],
    ['9.9.9', 'short'],
    [null, 'short'],
  ])('to a colour that should run 2.0.0 and runs %s is %s', async (version, kind) => {
    const world = await claimed(4);
    world.colours.green.version = version;
    const outcome = await shift(world, { ...input(world, 10, 'forward'), version: '2.0.0' });
    expect(outcome.kind).toBe(kind);
    if (outcome.kind === 'short') expect(outcome.note).toBe(`green runs ${version ?? 'no version'}, not 2.0.0`);
  });

  it('never goes on a guess: a state that cannot be read is an error, to be tried again', async () => {
    const world = await claimed(4);
    world.colours.green.unreadable = true;
    await expect(shift(world, input(world, 10, 'forward'))).rejects.toMatchObject({
      type: 'CUTOVER_PLATFORM_UNREACHABLE',
      nonRetryable: false,
    });
    expect(world.router.weights.green).toBe(0);
  });

  it('whose attempt is past its deadline does not write any more', async () => {
    const world = await claimed(4);
    const env = new MockActivityEnvironment({ startToCloseTimeoutMs: -1 });
    await expect(shift(world, input(world, 10, 'forward'), env)).rejects.toMatchObject({
      type: 'CUTOVER_FENCE_SUPERSEDED',
    });
    expect(world.writes).toEqual([]);
  });
});

describe('a shift that only exposes', () => {
  const exposed = (changes: Partial<Exposed>): Exposed => ({
    ...{ colour: 'green', header: null, mirror_percent: null },
    ...changes,
  });
  const header = { name: 'X-Cutover', value: 'candidate' };

  it.each<[string, number, Partial<Exposed>, string]>([
    ['a header and one ready instance', 1, { header }, 'written'],
    ['a header and no ready instance', 0, { header }, 'green has 0 of the 1 ready instances that a header needs'],
    ['copies of 50 % and half the size', 2, { mirror_percent: 50 }, 'written'],
    [
      'copies of 51 % and half the size',
      2,
      { mirror_percent: 51 },
      'green has 2 of the 3 ready instances that 51 % needs',
    ],
  ])('needs what it leads there: %s', async (_title, ready, changes, expected) => {
    const world = await claimed(ready);
    const outcome = await shift(world, { ...input(world, 0, 'forward'), expose: exposed(changes) });
    expect(outcome.kind === 'short' ? outcome.note : outcome.kind).toBe(expected);
    expect(world.router.exposed).toEqual(expected === 'written' ? exposed(changes) : undefined);
  });

  it('asks nothing of a candidate when it takes away what was exposed', async () => {
    const world = await claimed(4);
    await shift(world, { ...input(world, 0, 'forward'), expose: exposed({ header }) });
    Object.assign(world.colours.green, { unreadable: true });
    const outcome = await shift(world, { ...input(world, 0, 'forward', 2), version: '9.9.9' });
    expect(outcome.kind).toBe('written');
    expect(world.router.exposed).toBeUndefined();
  });

  it('keeps the colour from being changed, shrunk and removed', async () => {
    const world = await claimed(4);
    await shift(world, { ...input(world, 0, 'forward'), expose: exposed({ header }) });
    const green = { target: testPlan(), colour: 'green' as const };
    const refusal = { type: 'CUTOVER_COLOUR_HAS_TRAFFIC', message: expect.stringContaining('X-Cutover: candidate') };
    const { deployVersion, scaleColour, removeColour } = activities(world);
    const run = new MockActivityEnvironment();
    await expect(run.run(deployVersion, { ...green, version: '3.0.0', size: 4 })).rejects.toMatchObject(refusal);
    await expect(run.run(scaleColour, { ...green, size: 1 })).rejects.toMatchObject(refusal);
    await expect(run.run(removeColour, green)).rejects.toMatchObject(refusal);
    await run.run(scaleColour, { ...green, size: 5 });
  });
});

describe('a shift back', () => {
  it('goes, and says so, when the old colour cannot be read', async () => {
    const world = await claimed(4);
    world.colours.blue.unreadable = true;
    const outcome = await shift(world, input(world, 0, 'rollback'));
    expect(outcome).toMatchObject({
      kind: 'written',
      capacity: 'unknown',
      note: 'the state of blue could not be read',
    });
  });

  it('is held when the old colour is known not to be ready, and tells both colours’ states', async () => {
    const world = await claimed(4);
    world.colours.blue.ready = 3;
    const outcome = await shift(world, input(world, 0, 'rollback'));
    expect(outcome).toMatchObject({ kind: 'short', colour_state: { ready: 3 }, other_state: { ready: 4 } });
  });

  it('goes in any case when it is forced', async () => {
    const world = await claimed(4);
    world.colours.blue.ready = 0;
    expect(await shift(world, input(world, 0, 'force'))).toMatchObject({ kind: 'written', capacity: 'forced' });
  });
});

describe('a second attempt', () => {
  it('finds the first one’s write', async () => {
    const world = await claimed(4);
    const given = input(world, 10, 'forward');
    await shift(world, given);
    expect(await shift(world, given)).toMatchObject({ kind: 'already', converged: true });
    expect(world.writes).toHaveLength(1);
  });

  it('is a conflict when somebody else has written since', async () => {
    const world = await claimed(4);
    const given = input(world, 10, 'forward');
    await shift(world, given);
    foreignWrite(world, { blue: 50, green: 50 });
    expect(await shift(world, given)).toMatchObject({ kind: 'conflict', state: { weights: { green: 50 } } });
  });

  it('of a writer that was overtaken changes nothing', async () => {
    const world = await claimed(4);
    const late = input(world, 100, 'forward', 1);
    await shift(world, input(world, 0, 'rollback', 2));
    expect((await shift(world, late)).kind).toBe('superseded');
    expect(world.router.weights.green).toBe(0);
  });
});
