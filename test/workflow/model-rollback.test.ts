/** Rollbacks that meet with trouble, on the model server. */
import { describe, expect, it } from 'vitest';
import { inPhase, send, useModel } from '../support/model/use-model.ts';

const deploy = useModel();
const ROLLBACK = inPhase('observation', 2_000, send('rollback'));
/** The writes of the health check and of the switch come before that of the rollback. */
const ITS_WRITE = 3;

describe('a rollback', () => {
  it('whose write is refused for good calls a person, and is tried again by the next message', async () => {
    const { status, shares } = await deploy({
      faults: [{ activity: 'shiftTraffic', nth: ITS_WRITE, fault: { kind: 'refused' } }],
      events: [ROLLBACK, inPhase('stuck', 5_000, send('rollback'))],
    });
    expect(status.attention).toEqual(['The rollback is stuck: refused for good; send rollback again to retry']);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(status.rollback).toMatchObject({ state: 'restored', restored_after_ms: expect.any(Number) });
    expect(shares).toEqual([5, 100, 0]);
  });

  it('whose router does not answer calls a person, and is written as soon as it does', async () => {
    const { status, shares } = await deploy({
      events: [inPhase('observation', 1_900, { kind: 'router_down', ms: 8_000 }), ROLLBACK],
    });
    expect(status.attention).toEqual(['The rollback is not through yet: the router has not answered; trying on']);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(shares).toEqual([5, 100, 0]);
  });

  it('that traffic does not follow in time is not proven, and is written again', async () => {
    const { status, world } = await deploy({ convergence: [{ nth: ITS_WRITE, ms: 30_000 }], events: [ROLLBACK] });
    expect(status.attention).toEqual(['The rollback is not proven: the router has not converged; writing again']);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(world.writes.map(({ fence }) => fence?.step)).toEqual([1, 2, 3, 4]);
  });

  it('that traffic follows late is proven by then', async () => {
    const { status, shares } = await deploy({ convergence: [{ nth: ITS_WRITE, ms: 5_000 }], events: [ROLLBACK] });
    expect(status).toMatchObject({ outcome: 'rolled_back', attention: [] });
    expect(shares).toEqual([5, 100, 0]);
  });

  it('that somebody overwrites before it is proven is written again, and says so', async () => {
    const { status, shares } = await deploy({
      convergence: [{ nth: ITS_WRITE, ms: 10_000 }],
      events: [ROLLBACK, { when: { write: ITS_WRITE, afterMs: 2_000 }, act: { kind: 'foreign', blue: 30 } }],
    });
    expect(status.attention).toEqual([
      'Drift: somebody else changed the router to blue 30 %, green 70 %; the rollback overwrites it',
    ]);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(shares).toEqual([5, 100, 0, 70, 0]);
  });

  it('of which the answer is lost is done once, and no drift', async () => {
    const { status, shares } = await deploy({
      faults: [{ activity: 'shiftTraffic', nth: ITS_WRITE, fault: { kind: 'lost' } }],
      events: [ROLLBACK],
    });
    expect(status).toMatchObject({ outcome: 'rolled_back', attention: [] });
    expect(shares).toEqual([5, 100, 0]);
  });

  it('goes when the old colour cannot be read, and says so', async () => {
    const { status } = await deploy({
      events: [inPhase('observation', 1_000, { kind: 'unreadable', side: 'active', ms: 5_000 }), ROLLBACK],
    });
    expect(status.attention).toEqual([expect.stringMatching(/^Rolled back blindly: .*blue could not be read/)]);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });

  it('goes when the candidate cannot be known to be healthy, though the old colour is short', async () => {
    const { status } = await deploy({
      events: [
        inPhase('observation', 1_000, { kind: 'lose', side: 'active', left: 1 }),
        inPhase('observation', 1_500, { kind: 'unreadable', side: 'standby', ms: 5_000 }),
        ROLLBACK,
      ],
    });
    expect(status.attention).toEqual([
      expect.stringMatching(
        /^Both colours are unhealthy: blue has 1 of the 4 ready instances.*; going back all the same$/,
      ),
    ]);
    expect(status).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });

  it('is given up when another deployment has claimed the router', async () => {
    const { status, world } = await deploy({
      events: [inPhase('observation', 1_999, { kind: 'claimed' }), ROLLBACK],
    });
    expect(status).toMatchObject({ outcome: 'stuck', rollback: { state: 'stuck' } });
    expect(status.attention.join()).toContain('another deployment has claimed the router');
    expect(world.base.router.weights).toEqual({ blue: 0, green: 100 });
  });

  it('does not wait for a watcher that was lost while it was being replaced', async () => {
    // The observation’s watcher, after the guard and those of the health check and the decision window.
    const { status } = await deploy({
      watchers: [{ nth: 4, word: { verdict: 'silent', attempts: 1 } }],
      events: [inPhase('observation', 1_000, send('promote')), ROLLBACK],
    });
    expect(status).toMatchObject({ outcome: 'rolled_back', rollback: { restored_after_ms: 1 } });
  });
});
