import { describe, expect, it } from 'vitest';
import { type AdapterCall, measured } from '../../../src/adapters/measured.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type { MetricsProvider, Notifier, Platform, Sample, TrafficRouter } from '../../../src/adapters/types.ts';
import { CutoverError } from '../../../src/errors.ts';
import { watchInput } from '../../support/watch-world.ts';

const { target: bare } = watchInput({});
const target = { ...bare, metrics: { ...bare.metrics, kind: 'scrape' as const } };
const NEVER = new AbortController().signal;

class Cancelled extends Error {
  override name = 'CancelledFailure';
}

/** Parts of adapters; what a test does not give is not called. */
function adapters(parts: {
  platform?: Partial<Platform>;
  router?: Partial<TrafficRouter>;
  metrics?: Partial<MetricsProvider>;
  notifiers?: Notifier[];
}): Adapters {
  return {
    platform: () => parts.platform as Platform,
    router: () => parts.router as TrafficRouter,
    metrics: () => parts.metrics as MetricsProvider,
    notifiers: () => parts.notifiers ?? [],
  };
}

function meter() {
  const calls: AdapterCall[] = [];
  return { calls, called: (call: AdapterCall) => void calls.push(call) };
}

describe('a measured adapter', () => {
  it('answers as before, and tells of the call', async () => {
    const { calls, called } = meter();
    const platform = { scale: async () => undefined };
    await measured(adapters({ platform }), { called }).platform(target).scale('blue', 2, NEVER);
    expect(calls).toEqual([
      { role: 'platform', kind: 'local', operation: 'scale', seconds: expect.any(Number), result: 'ok', code: null },
    ]);
    expect(calls[0]?.seconds).toBeGreaterThanOrEqual(0);
  });

  it.each([
    { error: new CutoverError('CUTOVER_ROUTER_UNREACHABLE', 'gone'), code: 'CUTOVER_ROUTER_UNREACHABLE' },
    { error: new Error('odd'), code: 'other' },
  ])('throws what it threw, and tells of $code', async ({ error, code }) => {
    const { calls, called } = meter();
    const router = measured(adapters({ router: { read: () => Promise.reject(error) } }), { called }).router(target);
    await expect(router.read(NEVER)).rejects.toBe(error);
    expect(calls).toMatchObject([{ role: 'router', operation: 'read', result: 'error', code }]);
  });

  it.each([
    { reason: new Error('no answer within 500 ms'), result: 'error', code: 'timeout' },
    { reason: new Cancelled('not wanted any more'), result: 'cancelled', code: null },
    { reason: undefined, result: 'cancelled', code: null },
  ])('is told of once when it ignores an abort for $reason', async ({ reason, result, code }) => {
    const { calls, called } = meter();
    const caller = new AbortController();
    let finish: () => void = () => undefined;
    const read = () => new Promise<never>((_, reject) => (finish = () => reject(new Error('late'))));
    const answer = measured(adapters({ router: { read } }), { called })
      .router(target)
      .read(caller.signal);
    caller.abort(reason);
    expect(calls).toMatchObject([{ operation: 'read', result, code }]);
    finish();
    await expect(answer).rejects.toThrow('late');
    expect(calls).toHaveLength(1);
  });

  it('that heeds an abort from before the call is told of as cancelled', async () => {
    const { calls, called } = meter();
    const read = async (signal: AbortSignal) => signal.throwIfAborted() as never;
    const router = measured(adapters({ router: { read } }), { called }).router(target);
    await expect(router.read(AbortSignal.abort(new Cancelled('too late')))).rejects.toThrow('too late');
    expect(calls).toMatchObject([{ result: 'cancelled', code: null }]);
  });

  it.each<{ title: string; samples: Sample[]; result: string }>([
    { title: 'a value', samples: [{ kind: 'value', value: 1, observations: 9 }], result: 'ok' },
    { title: 'no requests', samples: [{ kind: 'no_data', reason: '', observations: 0, quiet: true }], result: 'ok' },
    { title: 'no source', samples: [{ kind: 'no_data', reason: 'down', observations: 0 }], result: 'no_data' },
  ])('with $title is told of as $result', async ({ samples, result }) => {
    const { calls, called } = meter();
    const provider = measured(adapters({ metrics: { sample: async () => samples } }), { called }).metrics(target);
    expect(await provider.sample([], NEVER)).toBe(samples);
    expect(calls).toMatchObject([{ role: 'metrics', kind: 'scrape', operation: 'sample', result, code: null }]);
  });

  it('keeps what is no call, and its own state', async () => {
    const { calls, called } = meter();
    class Provider {
      #closed = 0;
      readonly name = 'mine';
      async sample(): Promise<Sample[]> {
        return [{ kind: 'value', value: this.#closed, observations: 1 }];
      }
      checkpoint(): unknown {
        return { closed: this.#closed };
      }
      restore(): void {}
      close(): void {
        this.#closed += 1;
      }
    }
    const provider = measured(adapters({ metrics: new Provider() }), { called }).metrics(target);
    provider.close();
    expect(provider.checkpoint(0)).toEqual({ closed: 1 });
    expect(provider).toHaveProperty('name', 'mine');
    expect(calls).toEqual([]);
    expect(await provider.sample([], NEVER)).toMatchObject([{ value: 1 }]);
    expect(calls).toHaveLength(1);
  });

  it('is named by its kind where it is a notifier', async () => {
    const { calls, called } = meter();
    const send = async () => undefined;
    const notifiers = measured(adapters({ notifiers: [{ kind: 'log', send }, { send }] }), { called }).notifiers(
      target,
    );
    const event = { id: '1', at: '', severity: 'info', deployment: '', title: '', detail: '' } as const;
    for (const notifier of notifiers) await notifier.send(event, NEVER);
    expect(calls).toMatchObject([
      { role: 'notifier', kind: 'log', operation: 'send', result: 'ok' },
      { role: 'notifier', kind: 'other', operation: 'send', result: 'ok' },
    ]);
  });
});
