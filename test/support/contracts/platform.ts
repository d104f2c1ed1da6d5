/** What every Platform must do; each adapter runs this suite against its real platform. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColourState, Platform } from '../../../src/adapters/types.ts';
import type { Colour } from '../../../src/plan/types.ts';

export interface PlatformFixture {
  /** Of a service that nothing was deployed to yet. */
  platform: Platform;
  /** Two versions that become ready. */
  versions: readonly [string, string];
  /** Gives the colour all traffic; null: the platform does not know of traffic, and its callers guard it. */
  routeAllTo: ((colour: Colour) => Promise<void>) | null;
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

function signal(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

/** Inspects until the condition holds; fails with the last state seen. */
export async function awaitColour(
  platform: Platform,
  colour: Colour,
  condition: (state: ColourState) => boolean,
): Promise<ColourState> {
  const endsAtMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const state = await platform.inspect(colour, signal());
    if (condition(state)) return state;
    if (performance.now() > endsAtMs) throw new Error(`gave up on ${colour}: ${JSON.stringify(state)}`);
    await sleep(50);
  }
}

export function platformContract(name: string, start: () => Promise<PlatformFixture>): void {
  describe(`the ${name} platform keeps the contract`, () => {
    let fixture: PlatformFixture;
    let platform: Platform;
    beforeAll(async () => {
      fixture = await start();
      platform = fixture.platform;
    }, READY_TIMEOUT_MS);
    afterAll(() => fixture?.close(), READY_TIMEOUT_MS);

    const ready = (colour: Colour, version: string, size: number) =>
      awaitColour(platform, colour, (state) => isExactly(state, version, size));

    it('tells of a colour that nothing was deployed to', async () => {
      const state = await platform.inspect('green', signal());
      expect(state).toMatchObject({ colour: 'green', version: null, ready: 0 });
    });

    it('removes nothing where nothing is', async () => {
      await platform.remove('green', signal());
      expect((await platform.inspect('green', signal())).version).toBeNull();
    });

    it('makes a version ready at the size asked for, on that colour only', async () => {
      await platform.deploy('blue', fixture.versions[0], 1, signal());
      await ready('blue', fixture.versions[0], 1);
      expect((await platform.inspect('green', signal())).ready).toBe(0);
      await platform.deploy('green', fixture.versions[0], 2, signal());
      const state = await ready('green', fixture.versions[0], 2);
      expect(state.desired).toBe(2);
    });

    it('changes nothing when the same is asked for twice', async () => {
      const before = readyIds(await ready('green', fixture.versions[0], 2));
      await platform.deploy('green', fixture.versions[0], 2, signal());
      await platform.scale('green', 2, signal());
      await sleep(500);
      expect(readyIds(await ready('green', fixture.versions[0], 2))).toEqual(before);
    });

    it('scales up without replacing what runs, and down again', async () => {
      const before = readyIds(await ready('green', fixture.versions[0], 2));
      await platform.scale('green', 3, signal());
      const grown = readyIds(await ready('green', fixture.versions[0], 3));
      expect(grown).toEqual(expect.arrayContaining(before));
      await platform.scale('green', 1, signal());
      await ready('green', fixture.versions[0], 1);
    });

    it('counts only instances of the version asked for as ready', async () => {
      const old = readyIds(await ready('green', fixture.versions[0], 1));
      await platform.deploy('green', fixture.versions[1], 1, signal());
      const state = await platform.inspect('green', signal());
      expect(state.version).toBe(fixture.versions[1]);
      const replaced = readyIds(await ready('green', fixture.versions[1], 1));
      expect(replaced).not.toEqual(old);
    });

    it('frees what a colour holds, also twice, and leaves the other one alone', async () => {
      await platform.remove('green', signal());
      await platform.remove('green', signal());
      await awaitColour(platform, 'green', (state) => state.ready === 0 && state.instances.length === 0);
      await ready('blue', fixture.versions[0], 1);
    });

    it('brings a freed colour back with the version it had', async () => {
      await platform.scale('green', 1, signal());
      await ready('green', fixture.versions[1], 1);
    });

    it('obeys an aborted signal', async () => {
      await expect(platform.inspect('blue', AbortSignal.abort())).rejects.toThrow();
    });

    it('never changes, shrinks or removes a colour that has traffic', async ({ skip }) => {
      if (fixture.routeAllTo === null) return skip('the platform does not know of traffic');
      await fixture.routeAllTo('green');
      const refused = { code: 'CUTOVER_COLOUR_HAS_TRAFFIC' };
      await expect(platform.deploy('green', fixture.versions[0], 1, signal())).rejects.toMatchObject(refused);
      await expect(platform.scale('green', 0, signal())).rejects.toMatchObject(refused);
      await expect(platform.remove('green', signal())).rejects.toMatchObject(refused);
      await platform.scale('green', 2, signal());
      await ready('green', fixture.versions[1], 2);
    });
  });
}

function isExactly(state: ColourState, version: string, size: number): boolean {
  return state.version === version && state.ready === size && state.instances.length === size;
}

function readyIds(state: ColourState): string[] {
  return state.instances
    .filter(({ ready }) => ready)
    .map(({ id }) => id)
    .sort();
}
