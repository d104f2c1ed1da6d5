import type { KubernetesObject } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { WatchedLists, type WatchedSource } from '../../../../src/adapters/kubernetes/watched.ts';

const PATH = '/api/v1/namespaces/shop/pods';
const QUERY = { labelSelector: 'app=checkout' };

function named(name: string, phase = 'Running', resourceVersion?: string): KubernetesObject {
  const metadata = resourceVersion === undefined ? { name } : { name, resourceVersion };
  return { metadata, status: { phase } } as KubernetesObject;
}

/** A server with these objects, which tells how often it was asked. */
function serve(objects: KubernetesObject[], opening: 'answered' | 'silent' | 'broken' = 'answered') {
  const state = { lists: 0, watches: 0, stopped: 0, allowed: true };
  let event: (type: string, object: KubernetesObject) => void = () => undefined;
  let done = () => {};
  let answer = () => {};
  const source: WatchedSource = {
    async list() {
      state.lists += 1;
      return { items: [...objects], metadata: { resourceVersion: '7' } };
    },
    async watch(_, query, onEvent, onDone) {
      state.watches += 1;
      expect(query).toMatchObject({ ...QUERY, resourceVersion: '7', allowWatchBookmarks: 'true' });
      if (!state.allowed) onDone();
      if (opening === 'broken') throw new Error('connection refused');
      if (opening === 'silent') {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      event = onEvent;
      done = onDone;
      return () => {
        state.stopped += 1;
      };
    },
  };
  const lists = new WatchedLists(source);
  const read = async (maxAgeMs = 60_000) => {
    const items = await lists.list(PATH, QUERY, maxAgeMs, AbortSignal.timeout(5_000));
    return items.map(({ metadata }) => metadata?.name).sort();
  };
  return {
    state,
    read,
    tell: (type: string, object: KubernetesObject) => event(type, object),
    end: () => done(),
    answer: () => answer(),
  };
}

describe('lists that a watch keeps up to date', () => {
  it('ask once, and then know of what is added, changed and deleted', async () => {
    const { state, read, tell } = serve([named('a')]);
    expect(await read()).toEqual(['a']);
    tell('ADDED', named('b'));
    tell('MODIFIED', named('a', 'Failed'));
    expect(await read()).toEqual(['a', 'b']);
    tell('DELETED', named('a'));
    expect(await read()).toEqual(['b']);
    expect(state).toMatchObject({ lists: 1, watches: 1 });
  });

  it('share one watch among those who ask at once', async () => {
    const { state, read } = serve([named('a')]);
    await Promise.all([read(), read(), read()]);
    expect(state).toMatchObject({ lists: 1, watches: 1 });
  });

  it('list again when the last sign of life is older than the reader allows', async () => {
    const { state, read } = serve([named('a')]);
    await read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await read(10);
    expect(state).toMatchObject({ lists: 2, watches: 2, stopped: 1 });
  });

  it('keep a watch that has missed nothing, and open another one when it has', async () => {
    const objects = [named('a', 'Running', '5')];
    const { state, read } = serve(objects);
    await read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await read(10)).toEqual(['a']);
    expect(state).toMatchObject({ lists: 2, watches: 1, stopped: 0 });
    // The watch has told nobody of this.
    objects.push(named('b', 'Running', '6'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await read(10)).toEqual(['a', 'b']);
    expect(state).toMatchObject({ lists: 3, watches: 2, stopped: 1 });
  });

  it('take a bookmark for a sign of life', async () => {
    const { state, read, tell } = serve([named('a')]);
    await read();
    await new Promise((resolve) => setTimeout(resolve, 30));
    tell('BOOKMARK', { metadata: { resourceVersion: '9' } });
    expect(await read(20)).toEqual(['a']);
    expect(state.lists).toBe(1);
  });

  it.each(['ended', 'told of an error'])('list again after the watch has %s', async (how) => {
    const { state, read, tell, end } = serve([named('a')]);
    await read();
    if (how === 'ended') end();
    else tell('ERROR', { kind: 'Status' } as KubernetesObject);
    expect(await read()).toEqual(['a']);
    expect(state).toMatchObject({ lists: 2, watches: 2 });
  });

  it('list every time while a watch that was asked for is not answered, and ask for no second one', async () => {
    const { state, read, answer } = serve([named('a')], 'silent');
    expect(await read()).toEqual(['a']);
    expect(await read()).toEqual(['a']);
    expect(state).toMatchObject({ lists: 2, watches: 1 });
    answer();
    await expect
      .poll(async () => [await read(), state.lists, await read(), state.lists])
      .toSatisfy(([, before, , after]) => before === after);
    expect(state.watches).toBe(1);
  });

  it('ask for another watch when one could not be opened', async () => {
    const { state, read } = serve([named('a')], 'broken');
    expect(await read()).toEqual(['a']);
    expect(await read()).toEqual(['a']);
    expect(state).toMatchObject({ lists: 2, watches: 2 });
  });

  it('list every time where watching is not allowed', async () => {
    const { state, read } = serve([named('a')]);
    state.allowed = false;
    await read();
    expect(await read()).toEqual(['a']);
    expect(state.lists).toBe(2);
  });
});
