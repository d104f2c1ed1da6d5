import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Caller, turnsOf } from '../../../../src/adapters/kubernetes/request-limit.ts';

const LIMIT = { perSecond: 50, burst: 10 };
const never = new AbortController().signal;

describe('the turns of requests to an API server', () => {
  let context = 0;
  /** A bucket of its own for each test. */
  const turns = (caller: Caller = {}) => turnsOf(`context ${context}`, LIMIT, caller);
  beforeEach(() => {
    context += 1;
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'hrtime', 'Date'],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** How many of `count` have had their turn after so many milliseconds. */
  function started(count: number, take = turns()): () => number {
    let done = 0;
    for (let index = 0; index < count; index += 1) {
      take(never).then(
        () => {
          done += 1;
        },
        () => undefined,
      );
    }
    return () => done;
  }

  it('come as a burst, and then at the bound', async () => {
    const done = started(100);
    await vi.advanceTimersByTimeAsync(0);
    expect(done()).toBe(10);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(done()).toBeGreaterThanOrEqual(58);
    expect(done()).toBeLessThanOrEqual(60);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(done()).toBe(100);
  });

  it('are shared by all callers with the same bound, and by no others', async () => {
    const [one, other] = [started(10), started(10)];
    const elsewhere = started(10, turnsOf('elsewhere', LIMIT, {}));
    await vi.advanceTimersByTimeAsync(0);
    expect([one(), other(), elsewhere()]).toEqual([10, 0, 10]);
  });

  it('go to who was here first, also for what it asks later', async () => {
    const [first, second] = [turns(), turns()];
    started(10, first);
    const late = started(20, second);
    await vi.advanceTimersByTimeAsync(100);
    expect(late()).toBeLessThanOrEqual(5);
    const before = late();
    const next = started(5, first);
    await vi.advanceTimersByTimeAsync(100);
    expect(next()).toBeGreaterThanOrEqual(4);
    expect(late() - before).toBeLessThanOrEqual(1);
  });

  it('go to the deployment that was here first, with its next step and every attempt', async () => {
    started(10, turns({ party: `first ${context}` }));
    const late = started(20, turns({ party: `second ${context}` }));
    const next = started(5, turns({ party: `first ${context}` }));
    await vi.advanceTimersByTimeAsync(110);
    expect([next(), late()]).toEqual([5, 0]);
    // Gone for a while, it comes after those that are here.
    const stays = setInterval(() => started(1, turns({ party: `second ${context}` })), 1_000);
    await vi.advanceTimersByTimeAsync(61_000);
    clearInterval(stays);
    started(20);
    const second = started(5, turns({ party: `second ${context}` }));
    const first = started(5, turns({ party: `first ${context}` }));
    await vi.advanceTimersByTimeAsync(110);
    expect([second(), first()]).toEqual([5, 0]);
  });

  it('are given up after 4 s, with what they waited for', async () => {
    started(10 + 50 * 5);
    const refused = expect(turns()(never)).rejects.toMatchObject({
      code: 'CUTOVER_KUBERNETES_BOUND',
      message: expect.stringMatching(/^waited 4 s for its turn as one of \d+ requests; this worker makes 50 a second/),
    });
    await vi.advanceTimersByTimeAsync(4_000);
    await refused;
  });

  it('are not waited for by what is urgent, for which the others make up', async () => {
    const waiting = started(40);
    const urgent = started(50, turns({ urgent: true }));
    await vi.advanceTimersByTimeAsync(0);
    expect([waiting(), urgent()]).toEqual([10, 50]);
    await vi.advanceTimersByTimeAsync(900);
    expect(waiting()).toBe(10);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(waiting()).toBeGreaterThan(40 - 5);
  });

  it('are given up with the signal, and then count for nothing', async () => {
    started(10);
    const controller = new AbortController();
    const given = Array.from({ length: 20 }, () => turns()(controller.signal));
    const refused = Promise.allSettled(given);
    controller.abort(new Error('too late'));
    expect((await refused).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'rejected'));
    const next = started(1);
    await vi.advanceTimersByTimeAsync(25);
    expect(next()).toBe(1);
    await expect(turns()(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });
});
