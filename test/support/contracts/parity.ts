/** What `compare` of every Platform must do; each adapter runs this suite against its real platform. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Platform } from '../../../src/adapters/types.ts';
import { awaitColour } from './platform.ts';

export interface ParityFixture {
  /** Of a service that nothing was deployed to yet. */
  platform: Platform;
  /** The same service, as a plan that sets the environment variable `name` to `value` has it. */
  withVariable(name: string, value: string): Platform;
  version: string;
  close(): Promise<void>;
}

const TIMEOUT_MS = 60_000;

function signal(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

export function parityContract(name: string, start: () => Promise<ParityFixture>): void {
  describe(`the ${name} platform compares its colours`, () => {
    let fixture: ParityFixture;
    beforeAll(async () => {
      fixture = await start();
    }, TIMEOUT_MS);
    afterAll(() => fixture?.close(), TIMEOUT_MS);

    it('has nothing to compare with before anything was deployed', async () => {
      expect(await fixture.platform.compare('blue', signal())).toBeNull();
    });

    it('finds no difference in what was deployed by the same plan', async () => {
      await fixture.platform.deploy('blue', fixture.version, 1, signal());
      await awaitColour(fixture.platform, 'blue', ({ ready }) => ready === 1);
      expect(await fixture.platform.compare('blue', signal())).toEqual([]);
    });

    it('has nothing to compare with while the colour asked for was never deployed', async () => {
      expect(await fixture.platform.compare('green', signal())).toBeNull();
    });

    it('finds what another plan would deploy otherwise, without showing its value, and changes nothing', async () => {
      const other = fixture.withVariable('CACHE_KEY', 'hunter2');
      const [found, ...more] = (await other.compare('blue', signal())) ?? [];
      expect(found).toMatchObject({ path: expect.stringContaining('CACHE_KEY'), active: null });
      expect(found?.standby).not.toContain('hunter2');
      expect(more).toEqual([]);
      expect(await fixture.platform.compare('blue', signal())).toEqual([]);
    });

    it('compares with what runs, not with what was deployed to the other colour since', async () => {
      const other = fixture.withVariable('CACHE_KEY', 'hunter2');
      await other.deploy('green', fixture.version, 1, signal());
      expect(await other.compare('blue', signal())).toHaveLength(1);
      expect(await other.compare('green', signal())).toEqual([]);
    });

    it('obeys an aborted signal', async () => {
      await expect(fixture.platform.compare('blue', AbortSignal.abort())).rejects.toThrow();
    });
  });
}
