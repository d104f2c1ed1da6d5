import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMutationActivities } from '../../../src/activities/mutations.ts';
import type { Found } from '../../../src/activities/types.ts';
import type { Platform } from '../../../src/adapters/types.ts';
import { CutoverError } from '../../../src/errors.ts';
import type { ParityDifference } from '../../../src/workflows/api.ts';
import { testPlan } from '../../support/plans.ts';
import { createWorld, type World, worldAdapters } from '../../support/world/world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

const DIFFERENCES: ParityDifference[] = ['command', 'cwd', 'env.A', 'env.B'].map((path) => ({
  ...{ path, active: 'one', standby: path === 'cwd' ? null : 'two' },
}));

function claim(
  compare: Platform['compare'],
  requireParity: boolean,
  more: Pick<Platform, 'doubts'> = {},
): Promise<Found> {
  const adapters = worldAdapters(world);
  const platform: Platform = { ...adapters.platform(testPlan()), compare, ...more };
  const { findActive } = createMutationActivities({ adapters: { ...adapters, platform: () => platform } });
  const env = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  return env.run(findActive, { plan: testPlan({ require_parity: requireParity }) });
}

const unreadable = async () => {
  throw new CutoverError('CUTOVER_PLATFORM_UNREACHABLE', 'it does not answer');
};

describe('parity, before the router is claimed', () => {
  it('is told: no differences, some, or nothing to compare', async () => {
    expect((await claim(async () => [], true)).parity).toEqual({ differences: [], note: 'no differences' });
    expect((await claim(async () => null, true)).parity).toEqual({
      differences: null,
      note: 'nothing to compare: blue was never deployed',
    });
    expect((await claim(async () => DIFFERENCES.slice(0, 1), false)).parity).toEqual({
      differences: DIFFERENCES.slice(0, 1),
      note: '1 difference found',
    });
  });

  it('is asked of the active colour', async () => {
    const asked: string[] = [];
    await claim(async (active) => {
      asked.push(active);
      return [];
    }, false);
    expect(asked).toEqual(['blue']);
  });

  it('comes with what the platform doubts of the plan’s drain, also where it is required', async () => {
    const doubts = async ({ drain_ms }: { drain_ms: number }) => [`${drain_ms} ms are long`, 'so are 2 s'];
    const { drain_ms } = testPlan().switch;
    expect((await claim(async () => [], true, { doubts })).parity).toEqual({
      differences: [],
      note: `no differences; in doubt: ${drain_ms} ms are long; in doubt: so are 2 s`,
    });
    expect((await claim(async () => [], true, { doubts: unreadable })).parity.note).toBe('no differences');
  });

  it('that could not be compared is told too, and the deployment goes on', async () => {
    expect((await claim(unreadable, false)).parity).toEqual({
      differences: null,
      note: 'could not be compared: it does not answer',
    });
  });

  it('that the plan requires stops a differing pair for good, names what differs, and writes nothing', async () => {
    const failed = claim(async () => DIFFERENCES, true);
    await expect(failed).rejects.toMatchObject({
      type: 'CUTOVER_PARITY',
      nonRetryable: true,
      message:
        'the plan requires parity, and there are 4 differences: command is one on blue, two on green; ' +
        'cwd is one on blue, not set on green; env.A is one on blue, two on green; and 1 more',
      details: [expect.objectContaining({ differences: DIFFERENCES })],
    });
    expect(world.router.fence).toBeNull();
  });

  it('that the plan requires, and that could not be compared, is worth another attempt', async () => {
    await expect(claim(unreadable, true)).rejects.toMatchObject({
      type: 'CUTOVER_PARITY',
      nonRetryable: false,
      message: 'the plan requires parity, and the colours could not be compared: it does not answer',
    });
    const unknown = async () => {
      throw new CutoverError('CUTOVER_SERVICE_UNKNOWN', 'no such service');
    };
    await expect(claim(unknown, true)).rejects.toMatchObject({ type: 'CUTOVER_PARITY', nonRetryable: true });
    expect(world.router.fence).toBeNull();
  });

  it('does not hold the claim up', async () => {
    const { parity } = await claim(() => new Promise(() => {}), false);
    expect(parity.note).toBe('could not be compared: no answer within 2000 ms');
  });
});
