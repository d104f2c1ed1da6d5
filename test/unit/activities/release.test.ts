import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createMutationActivities } from '../../../src/activities/mutations.ts';
import type { Fence } from '../../../src/adapters/types.ts';
import { testPlan } from '../../support/plans.ts';
import { createWorld, worldAdapters } from '../../support/world/world.ts';

const FENCE: Fence = { run: 'run', epoch: 1, step: 0 };
const GREEN = { target: testPlan(), colour: 'green' as const };

/** A world whose router says what of it is released, and whether it can be. */
function released(fails = false) {
  const world = createWorld();
  world.colours.green = { version: '2.0.0', desired: 4, ready: 4, unreadable: false };
  const fences: Fence[] = [];
  const adapters = worldAdapters(world);
  const { removeColour, scaleColour } = createMutationActivities({
    adapters: {
      ...adapters,
      router: (target) => ({
        ...adapters.router(target),
        async release(fence) {
          if (fails) throw new Error('not now');
          fences.push(fence);
        },
      }),
    },
  });
  return { world, fences, removeColour, scaleColour };
}

const run = <T, R>(activity: (input: T) => Promise<R>, input: T) => new MockActivityEnvironment().run(activity, input);

describe('a claim', () => {
  it('is released once the colour is removed, or scaled to 0 for good', async () => {
    const { world, fences, removeColour, scaleColour } = released();
    await run(scaleColour, { ...GREEN, size: 0, fence: FENCE });
    await run(removeColour, { ...GREEN, fence: FENCE });
    expect(fences).toEqual([FENCE, FENCE]);
    expect(world.colours.green.desired).toBe(0);
  });

  it('stays while the deployment goes on, and for a run that an earlier version began', async () => {
    const { fences, removeColour, scaleColour } = released();
    await run(scaleColour, { ...GREEN, size: 2 });
    await run(removeColour, GREEN);
    expect(fences).toEqual([]);
  });

  it('that cannot be released fails the attempt, with the colour freed', async () => {
    const { world, removeColour } = released(true);
    await expect(run(removeColour, { ...GREEN, fence: FENCE })).rejects.toThrow('not now');
    expect(world.colours.green.desired).toBe(0);
  });

  it('of a router that has nothing to release is left as it is', async () => {
    const world = createWorld();
    const { removeColour } = createMutationActivities({ adapters: worldAdapters(world) });
    await run(removeColour, { ...GREEN, fence: FENCE });
    expect(world.violations).toEqual([]);
  });
});
