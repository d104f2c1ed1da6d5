/** The lease, the clean-up and what comes after them, and who is told, on the model server. */
import { describe, expect, it } from 'vitest';
import type { NotifierPlan } from '../../src/plan/types.ts';
import { inPhase, phaseOf, send, useModel } from '../support/model/use-model.ts';

const deploy = useModel();
const ALL_EVENTS: NotifierPlan = { kind: 'webhook', url: 'http://127.0.0.1:1/hook', secret: null, events: 'all' };

describe('the lease', () => {
  it('may keep the old colour at no instance, which nobody watches then', async () => {
    const { status, scheduled, world } = await deploy({ plan: { shrinkToPercent: 0 } });
    expect(status).toMatchObject({ outcome: 'succeeded', lease: { old_size: 0, old_healthy: true } });
    const types = scheduled.map(({ type }) => type);
    expect(types.filter((type) => type === 'scaleColour')).toHaveLength(1);
    expect(types).not.toContain('watchKept');
    expect(world.base.colours.blue.desired).toBe(0);
  });

  it('is scaled up again for a rollback, which calls nobody', async () => {
    const { status, world } = await deploy({
      plan: { shrinkToPercent: 25 },
      events: [inPhase('lease', 8_000, send('rollback'))],
    });
    expect(status).toMatchObject({ outcome: 'rolled_back', attention: [], weights: { blue: 100, green: 0 } });
    expect(world.base.colours.blue).toMatchObject({ desired: 4, ready: 4 });
  });

  it.each([false, true])('is taken over by the next deployment; versioned: %s', async (versioned) => {
    const { statuses, status, closed } = await deploy({
      plan: { versioned },
      events: [inPhase('lease', 2_000, { kind: 'start' })],
    });
    expect(closed).toMatchObject({ kind: 'completed', result: { outcome: 'succeeded', version: '3.0.0' } });
    // A versioned lease is a run of its own.
    expect(statuses.map(({ version }) => version)).toEqual(
      versioned ? ['2.0.0', '2.0.0', '3.0.0', '3.0.0'] : ['2.0.0', '3.0.0'],
    );
    const last = statuses.findLast(({ version }) => version === '2.0.0');
    expect(last === undefined ? null : phaseOf(last, 'clean_up')).toMatchObject({
      state: 'skipped',
      note: 'the next deployment takes over the old colour',
    });
    expect(status.colours).toEqual({ active: 'green', candidate: 'blue' });
  });
});

describe('the clean-up', () => {
  it('proves once more what was proven while it was paused', async () => {
    const { status, scheduled, world } = await deploy({
      events: [inPhase('clean_up', 500, send('pause')), inPhase('clean_up', 10_000, send('resume'))],
    });
    expect(status.outcome).toBe('succeeded');
    const types = scheduled.map(({ type }) => type);
    expect(types.filter((type) => type === 'proveNoTraffic')).toHaveLength(2);
    expect(types.indexOf('removeColour')).toBeGreaterThan(types.lastIndexOf('proveNoTraffic'));
    expect(world.base.colours.blue.desired).toBe(0);
  });

  it('that fails calls a person, and the deployment has succeeded all the same', async () => {
    const { status, closed } = await deploy({
      faults: [{ activity: 'removeColour', nth: 1, fault: { kind: 'refused' } }],
    });
    expect(closed).toMatchObject({ kind: 'completed', result: { outcome: 'succeeded' } });
    expect(status.attention).toEqual(['Clean-up failed: refused for good']);
  });
});

describe('the claim', () => {
  it('is released with the old colour', async () => {
    const { world } = await deploy({});
    expect(world.base.released).toEqual([1]);
  });

  it('is released with the failed candidate, and the traffic long back', async () => {
    const { status, world } = await deploy({ events: [inPhase('observation', 2_000, send('rollback'))] });
    expect(status.outcome).toBe('rolled_back');
    expect(world.base.released).toEqual([1]);
  });

  it('is left to the next deployment that takes over', async () => {
    const { world } = await deploy({ events: [inPhase('lease', 2_000, { kind: 'start' })] });
    expect(world.base.released).toEqual([2]);
  });
});

describe('people', () => {
  it('are told of everything where the plan says so', async () => {
    const { scheduled } = await deploy({ changes: { notifiers: [ALL_EVENTS] } });
    const events = scheduled.filter(({ type }) => type === 'notify').map(({ args }) => args[0]);
    expect(events).toEqual([
      expect.objectContaining({ severity: 'info', title: 'Switched' }),
      expect.objectContaining({ severity: 'info', title: 'Succeeded' }),
    ]);
  });

  it('may write so often that the oldest messages are forgotten', async () => {
    const signals = Array.from({ length: 120 }, (_, index) =>
      inPhase('observation', 1 + index, {
        kind: 'message',
        name: 'resume',
        via: 'signal',
        payload: { by: `person-${index}` },
      }),
    );
    const { status } = await deploy({ events: signals });
    expect(status.messages).toHaveLength(100);
    expect(status.messages.at(-1)).toMatchObject({ by: 'person-119', accepted: false, note: 'it is not paused' });
    expect(status.messages[0]).toMatchObject({ by: 'person-20' });
  });
});
