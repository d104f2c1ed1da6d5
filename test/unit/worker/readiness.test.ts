import { describe, expect, it, vi } from 'vitest';
import { createReadiness } from '../../../src/worker/readiness.ts';
import type { QueueStatus } from '../../../src/worker/run.ts';

const RUNNING: QueueStatus[] = [
  { queue: 'cutover', state: 'RUNNING', used: 0, slots: 1 },
  { queue: 'cutover-watch', state: 'RUNNING', used: 0, slots: 1 },
];

function stage(status = RUNNING) {
  let nowMs = 0;
  const ping = vi.fn<() => Promise<void>>().mockResolvedValue(undefined);
  const readiness = createReadiness(() => nowMs);
  return { readiness, ping, worker: { status: () => status, ping }, pass: (ms: number) => (nowMs += ms) };
}

describe('a worker', () => {
  it('is not ready before it has connected', async () => {
    const { readiness } = stage();
    expect(await readiness.check()).toEqual({
      ready: false,
      reason: 'the worker has not connected to Temporal yet',
    });
  });

  it('is ready while both queues are polled and the server answers', async () => {
    const { readiness, worker } = stage();
    readiness.attach(worker);
    expect(await readiness.check()).toEqual({ ready: true, reason: null });
  });

  it('is not ready when one of its queues is not polled', async () => {
    const { readiness, worker, ping } = stage([
      RUNNING[0] as QueueStatus,
      { ...RUNNING[1], state: 'FAILED' } as QueueStatus,
    ]);
    readiness.attach(worker);
    expect(await readiness.check()).toEqual({ ready: false, reason: 'the worker of "cutover-watch" is FAILED' });
    expect(ping).not.toHaveBeenCalled();
  });

  it('asks the server once a second at most, however often it is asked itself', async () => {
    const { readiness, worker, ping, pass } = stage();
    readiness.attach(worker);
    await Promise.all([readiness.check(), readiness.check()]);
    await readiness.check();
    expect(ping).toHaveBeenCalledTimes(1);
    ping.mockRejectedValue(new Error('connection refused'));
    pass(999);
    expect((await readiness.check()).ready).toBe(true);
    pass(1);
    expect(await readiness.check()).toEqual({
      ready: false,
      reason: 'Temporal does not answer: connection refused',
    });
    ping.mockResolvedValue(undefined);
    pass(1_000);
    expect((await readiness.check()).ready).toBe(true);
  });

  it('does not wait for a server that keeps silent', async () => {
    vi.useFakeTimers();
    try {
      const { readiness, worker, ping } = stage();
      ping.mockReturnValue(new Promise(() => undefined));
      readiness.attach(worker);
      const answer = readiness.check();
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await answer).toEqual({ ready: false, reason: 'Temporal does not answer: no answer within 2000 ms' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not ready from the moment it is to end, whatever was being asked then', async () => {
    const { readiness, worker, ping } = stage();
    readiness.attach(worker);
    let answer: () => void = () => undefined;
    ping.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const asked = readiness.check();
    readiness.ending();
    answer();
    expect(await asked).toEqual({ ready: false, reason: 'the worker is ending' });
    expect(await readiness.check()).toEqual({ ready: false, reason: 'the worker is ending' });
  });
});
