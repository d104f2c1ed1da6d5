import { describe, expect, it } from 'vitest';
import { DIRECT_STEP, type TrafficRouter } from '../../../src/adapters/types.ts';
import type { DirectRollback } from '../../../src/direct/context.ts';
import { rollBackDirectly } from '../../../src/direct/rollback.ts';
import { testPlan } from '../../support/plans.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createWorld, foreignWrite, type World, worldAdapters } from '../../support/world/world.ts';

const SIGNAL = new AbortController().signal;

/** Four old instances on blue, four new ones on green, and what a deployment in its switch has written. */
async function midSwitch(share = 40): Promise<World> {
  const world = createWorld();
  world.colours.green = { version: '2.0.0', desired: 4, ready: 4, unreadable: false };
  const router = worldAdapters(world).router(testPlan());
  const fence = { run: 'run-1', epoch: 1, step: 0 };
  await router.claim(world.router.revision, fence, SIGNAL);
  const weights = { blue: 100 - share, green: share };
  await router.shift({ weights, expected_revision: world.router.revision, fence: { ...fence, step: 3 } }, SIGNAL);
  return world;
}

function rollback(world: World, changes: Partial<DirectRollback> = {}): { told: string[]; options: DirectRollback } {
  const plan = testPlan();
  const adapters = worldAdapters(world);
  const told: string[] = [];
  const options: DirectRollback = {
    plan,
    platform: adapters.platform(plan),
    router: adapters.router(plan),
    clock: createVirtualClock(0, () => undefined),
    signal: SIGNAL,
    force: false,
    tell: (kind, text) => told.push(`${kind}: ${text}`),
    ...changes,
  };
  return { told, options };
}

/** The world's router, with some of its methods replaced. */
function routerOf(world: World, changes: (real: TrafficRouter) => Partial<TrafficRouter>): TrafficRouter {
  const real = worldAdapters(world).router(testPlan());
  return { ...real, ...changes(real) };
}

describe('a direct rollback', () => {
  it('puts all traffic back with a fence above every step of the run', async () => {
    const world = await midSwitch();
    const { options, told } = rollback(world);
    expect(await rollBackDirectly(options)).toMatchObject({
      outcome: 'restored',
      old_colour: 'blue',
      weights: { blue: 100, green: 0 },
      fence: { run: 'run-1', epoch: 1, step: DIRECT_STEP + 1 },
    });
    expect(told.map((line) => line.split(':')[0])).toEqual(['read', 'write', 'proof', 'work']);
  });

  it('takes scheduled work back after the traffic, also when only that is left to be done', async () => {
    const world = await midSwitch(100);
    world.work.runs = { blue: false, green: true };
    world.work.left = ['CronJob report-blue'];
    let failures = 1;
    world.work.beforePass = () => {
      if (failures-- > 0) throw new Error('the API server does not answer');
    };
    const first = rollback(world);
    expect(await rollBackDirectly(first.options)).toMatchObject({ outcome: 'restored' });
    expect(first.told.at(-1)).toBe(
      'work: ATTENTION: scheduled work was not moved to blue: the API server does not answer; the traffic is not affected; run it again, or suspend and resume by hand',
    );
    expect(world.work.runs).toEqual({ blue: false, green: true });
    const second = rollback(world);
    expect(await rollBackDirectly(second.options)).toMatchObject({ outcome: 'nothing_to_do' });
    expect(second.told.at(-1)).toBe('work: left suspended, as before: CronJob report-blue');
    expect(world.work).toMatchObject({ moves: ['blue'], runs: { blue: true, green: false } });
  });

  it('says nothing of scheduled work where there is none', async () => {
    const world = await midSwitch();
    const { moveScheduledWork: _, ...platform } = worldAdapters(world).platform(testPlan());
    const { options, told } = rollback(world, { platform });
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told.filter((line) => line.startsWith('work'))).toEqual([]);
  });

  it('refuses what the run itself writes afterwards', async () => {
    const world = await midSwitch();
    await rollBackDirectly(rollback(world).options);
    const router = worldAdapters(world).router(testPlan());
    const late = await router.shift(
      {
        weights: { blue: 0, green: 100 },
        expected_revision: world.router.revision,
        fence: { run: 'run-1', epoch: 1, step: 4 },
      },
      SIGNAL,
    );
    expect(late.kind).toBe('superseded');
    expect(world.router.weights).toEqual({ blue: 100, green: 0 });
  });

  it('does nothing a second time, and steps on when the traffic was moved again', async () => {
    const world = await midSwitch();
    await rollBackDirectly(rollback(world).options);
    const writes = world.writes.length;
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({ outcome: 'nothing_to_do' });
    expect(world.writes).toHaveLength(writes);
    foreignWrite(world, { blue: 50, green: 50 });
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({
      outcome: 'restored',
      fence: { step: DIRECT_STEP + 2 },
    });
  });

  it('takes away what was exposed, though no traffic had been moved', async () => {
    const world = await midSwitch(0);
    world.router.exposed = { colour: 'green', header: { name: 'X-Cutover', value: 'candidate' }, mirror_percent: null };
    const { options, told } = rollback(world);
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told[0]).toContain('green 0 %, and leads to green: header X-Cutover: candidate; run-1 claimed it');
    expect(world.router.exposed).toBeUndefined();
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({ outcome: 'nothing_to_do' });
  });

  it('has nothing to go back to on a router that no deployment claimed', async () => {
    await expect(rollBackDirectly(rollback(createWorld()).options)).rejects.toMatchObject({
      code: 'CUTOVER_NOTHING_TO_ROLL_BACK',
    });
  });

  it('names no old colour when neither had all traffic at the claim', async () => {
    const world = await midSwitch();
    world.router.before = { blue: 50, green: 50 };
    await expect(rollBackDirectly(rollback(world).options)).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_SPLIT' });
  });

  it('says what it lacks when the router does not answer at all', async () => {
    const world = await midSwitch();
    const router = routerOf(world, () => ({ read: () => Promise.reject(new Error('reset')) }));
    await expect(rollBackDirectly(rollback(world, { router }).options)).rejects.toMatchObject({
      code: 'CUTOVER_ROUTER_UNREACHABLE',
      message: 'the router cannot be read: reset',
    });
  });
});

describe('the old colour', () => {
  it('that is known to be short holds the rollback, and tells how many are missing', async () => {
    const world = await midSwitch();
    world.colours.blue.ready = 3;
    const result = await rollBackDirectly(rollback(world).options);
    expect(result).toMatchObject({ outcome: 'held', weights: { blue: 60, green: 40 } });
    expect(result.reason).toBe(
      'blue has 3 of the 4 ready instances that 100 % needs: 1 missing. green has 4 of 4 instances ready; --force goes all the same',
    );
  });

  it('that was shrunk in the lease is measured by the size of the candidate', async () => {
    const world = await midSwitch(100);
    world.colours.blue = { version: '1.0.0', desired: 1, ready: 1, unreadable: false };
    world.colours.green.unreadable = false;
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({
      outcome: 'held',
      reason: expect.stringContaining('3 missing'),
    });
  });

  it('that is short goes by force', async () => {
    const world = await midSwitch();
    world.colours.blue.ready = 1;
    const { options, told } = rollback(world, { force: true });
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told).toContain('capacity: forced: capacity was not looked at');
  });

  it('that is short beside a candidate that cannot be read is told so', async () => {
    const world = await midSwitch();
    world.colours.blue.ready = 0;
    world.colours.green.unreadable = true;
    const { reason } = await rollBackDirectly(rollback(world).options);
    expect(reason).toContain('The state of green cannot be read');
  });

  it('that cannot be read is gone back to, loudly', async () => {
    const world = await midSwitch();
    world.colours.blue.unreadable = true;
    const { options, told } = rollback(world);
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told).toContain('capacity: ATTENTION: the state of blue could not be read; going back blindly');
  });
});

describe('a write', () => {
  it('that somebody was faster than is tried again, and the drift told', async () => {
    const world = await midSwitch();
    let interfered = false;
    world.beforeWrite = async () => {
      if (!interfered) foreignWrite(world, { blue: 10, green: 90 });
      interfered = true;
    };
    const { options, told } = rollback(world);
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told).toContain(
      'drift: somebody else changed the router to blue 10 %, green 90 % meanwhile; it is overwritten',
    );
  });

  it('that is reverted every time is stuck', async () => {
    const world = await midSwitch();
    world.beforeWrite = async () => foreignWrite(world, { blue: 10, green: 90 });
    const result = await rollBackDirectly(rollback(world).options);
    expect(result).toMatchObject({ outcome: 'stuck', weights: { blue: 10, green: 90 } });
    expect(result.reason).toBe('not written after 4 attempts: somebody else wrote to the router meanwhile');
  });

  it('that the deployment itself was faster than is told as that', async () => {
    const world = await midSwitch();
    const real = worldAdapters(world).router(testPlan());
    let isFirst = true;
    const router = routerOf(world, () => ({
      async shift(request, signal) {
        if (!isFirst) return real.shift(request, signal);
        isFirst = false;
        const fence = { run: 'run-1', epoch: 1, step: 4 };
        const weights = { blue: 0, green: 100 };
        await real.shift({ weights, expected_revision: world.router.revision, fence }, signal);
        return real.shift(request, signal);
      },
    }));
    const { options, told } = rollback(world, { router });
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told.join('\n')).toContain('drift: the deployment itself changed the router to blue 0 %, green 100 %');
  });

  it('whose answer is lost is found by the next read', async () => {
    const world = await midSwitch();
    const real = worldAdapters(world).router(testPlan());
    const router = routerOf(world, () => ({
      async shift(request, signal) {
        await real.shift(request, signal);
        throw new Error('socket hang up');
      },
    }));
    const { options, told } = rollback(world, { router });
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'restored' });
    expect(told).toContain('failure: the write was not answered: socket hang up');
    expect(world.writes).toHaveLength(2);
  });

  it('is stuck when the router goes away', async () => {
    const world = await midSwitch();
    world.beforeWrite = async () => {
      world.routerDown = true;
      throw new Error('reset');
    };
    const { options, told } = rollback(world);
    expect(await rollBackDirectly(options)).toMatchObject({ outcome: 'stuck', weights: { blue: 60 } });
    expect(told.join('\n')).toContain('failure: the router cannot be read: the router does not answer');
  });

  it('stops when another deployment has claimed the router', async () => {
    const world = await midSwitch();
    world.beforeWrite = async () => {
      world.router = { ...world.router, fence: { run: 'run-2', epoch: 2, step: 0 }, revision: '99' };
    };
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({
      outcome: 'stuck',
      reason: 'another deployment has claimed the router',
    });
  });
});

describe('the proof', () => {
  it('waits until new requests follow', async () => {
    const world = await midSwitch();
    let looks = 0;
    const router = routerOf(world, (real) => ({
      async convergence(weights, signal) {
        looks += 1;
        if (looks === 1) throw new Error('busy');
        return { ...(await real.convergence(weights, signal)), converged: looks > 3, detail: '1 of 2 proxies' };
      },
    }));
    expect(await rollBackDirectly(rollback(world, { router }).options)).toMatchObject({ outcome: 'restored' });
    expect(looks).toBe(4);
  });

  it('that does not come in time is stuck, and says what was waited for', async () => {
    const world = await midSwitch();
    const router = routerOf(world, (real) => ({
      convergence: async (weights, signal) => ({
        ...(await real.convergence(weights, signal)),
        converged: false,
        detail: '1 of 2 proxies',
      }),
    }));
    expect(await rollBackDirectly(rollback(world, { router }).options)).toMatchObject({
      outcome: 'stuck',
      reason: 'written, but not proven within 30 s: 1 of 2 proxies',
    });
  });

  it('is over when somebody changes the router right afterwards', async () => {
    const world = await midSwitch();
    world.afterWrite = () => foreignWrite(world, { blue: 50, green: 50 });
    expect(await rollBackDirectly(rollback(world).options)).toMatchObject({
      outcome: 'stuck',
      reason: 'written, but somebody changed the router to blue 50 %, green 50 % since',
    });
  });
});
