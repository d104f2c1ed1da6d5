/** What every TrafficRouter must do; each adapter runs this suite against its real router. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fence, RouterState, TrafficRouter } from '../../../src/adapters/types.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';

export interface RouterFixture {
  /** All traffic on blue, nothing claimed yet, both colours ready. */
  router: TrafficRouter;
  /** The same router as another process sees it. */
  another: TrafficRouter;
  /** Writes weights the way a person past Cutover would. */
  foreignWrite(weights: Weights): Promise<void>;
  /** Which colour answered each of so many requests, one after the other; null: there is no traffic to send. */
  answeredBy: ((requests: number) => Promise<Weights>) | null;
  close(): Promise<void>;
}

export interface RouterTraits {
  /** False: only 0 % or 100 %. */
  weighted: boolean;
  /** False: writes are not atomic against concurrent writers, as the descriptor says. */
  atomic: boolean;
  /** False: the API keeps no trace of a write that was taken back: it looks as if nobody had written. Absent: true. */
  countsWrites?: boolean;
}

const TIMEOUT_MS = 60_000;
const BLUE: Weights = { blue: 100, green: 0 };
const GREEN: Weights = { blue: 0, green: 100 };

function signal(): AbortSignal {
  return AbortSignal.timeout(30_000);
}

function fence(run: string, epoch: number, step: number): Fence {
  return { run, epoch, step };
}

export function routerContract(name: string, traits: RouterTraits, start: () => Promise<RouterFixture>): void {
  describe(`the ${name} router keeps the contract`, () => {
    let fixture: RouterFixture;
    let router: TrafficRouter;
    beforeEach(async () => {
      fixture = await start();
      router = fixture.router;
    }, TIMEOUT_MS);
    afterEach(() => fixture?.close(), TIMEOUT_MS);

    async function claim(run: string, epoch: number): Promise<RouterState> {
      const { revision } = await router.read(signal());
      const result = await router.claim(revision, fence(run, epoch, 0), signal());
      expect(result.kind).toBe('written');
      return result.state;
    }

    function shift(weights: Weights, expected_revision: string, offered: Fence, writer = router) {
      return writer.shift({ weights, expected_revision, fence: offered }, signal());
    }

    it('starts unclaimed', async () => {
      expect(await router.read(signal())).toMatchObject({
        weights: BLUE,
        fence: null,
        fenced_revision: null,
        before: null,
      });
    });

    it('keeps what stood before beside the fence from the claim on', async () => {
      const claimed = await claim('a', 1);
      expect(claimed).toMatchObject({ weights: BLUE, before: BLUE, fence: fence('a', 1, 0) });
      expect(claimed.fenced_revision).toBe(claimed.revision);
      await shift(GREEN, claimed.revision, fence('a', 1, 1));
      expect(await router.read(signal())).toMatchObject({ weights: GREEN, before: BLUE, fence: fence('a', 1, 1) });
    });

    it('recognises a claim and a shift that were already made, whatever revision they expect', async () => {
      const { revision } = await router.read(signal());
      const first = await router.claim(revision, fence('a', 1, 0), signal());
      const second = await router.claim(revision, fence('a', 1, 0), signal());
      expect([first.kind, second.kind]).toEqual(['written', 'already']);
      expect(second.state.revision).toBe(first.state.revision);
      const written = await shift(GREEN, first.state.revision, fence('a', 1, 1));
      const again = await shift(GREEN, first.state.revision, fence('a', 1, 1));
      expect([written.kind, again.kind]).toEqual(['written', 'already']);
      expect(again.state.revision).toBe(written.state.revision);
    });

    it('lets one of two runs claim an epoch, and supersedes the other', async () => {
      const { revision } = await router.read(signal());
      await router.claim(revision, fence('a', 1, 0), signal());
      const late = await fixture.another.claim(revision, fence('b', 1, 0), signal());
      expect(late.kind).toBe('superseded');
      expect(late.state.fence).toEqual(fence('a', 1, 0));
    });

    it('stops a writer that wakes after a higher step or a later epoch', async () => {
      const claimed = await claim('a', 1);
      const forward = await shift(GREEN, claimed.revision, fence('a', 1, 1));
      const back = await shift(BLUE, forward.state.revision, fence('a', 1, 2));
      const woken = await shift(GREEN, back.state.revision, fence('a', 1, 1));
      expect(woken.kind).toBe('superseded');
      const next = await claim('b', 2);
      const stale = await shift(GREEN, next.revision, fence('a', 1, 9));
      expect(stale.kind).toBe('superseded');
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, fence: fence('b', 2, 0) });
    });

    it('writes nothing when the expected revision is not the stored one', async () => {
      const claimed = await claim('a', 1);
      await shift(BLUE, claimed.revision, fence('a', 1, 1));
      const result = await shift(GREEN, claimed.revision, fence('a', 1, 2));
      expect(result.kind).toBe('conflict');
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, fence: fence('a', 1, 1) });
    });

    it('shows a foreign write as a revision beside the fenced one, and never overwrites it unasked', async () => {
      const claimed = await claim('a', 1);
      await fixture.foreignWrite(GREEN);
      const drifted = await router.read(signal());
      expect(drifted).toMatchObject({ weights: GREEN, fence: fence('a', 1, 0), fenced_revision: claimed.revision });
      expect(drifted.revision).not.toBe(claimed.revision);
      expect((await shift(BLUE, claimed.revision, fence('a', 1, 1))).kind).toBe('conflict');
      expect((await shift(BLUE, drifted.revision, fence('a', 1, 1))).kind).toBe('written');
    });

    it.skipIf(traits.countsWrites === false)(
      'changes its revision with every foreign write, also back to the same weights',
      async () => {
        const before = await router.read(signal());
        await fixture.foreignWrite(GREEN);
        await fixture.foreignWrite(BLUE);
        const after = await router.read(signal());
        expect(after.weights).toEqual(before.weights);
        expect(after.revision).not.toBe(before.revision);
      },
    );

    it.skipIf(!traits.atomic)('lets exactly one of many concurrent writers win', async () => {
      const claimed = await claim('a', 1);
      const steps = Array.from({ length: 12 }, (_, index) => index + 1);
      const results = await Promise.all(
        steps.map((step) => {
          const writer = step % 2 === 0 ? router : fixture.another;
          return shift(step % 2 === 0 ? GREEN : BLUE, claimed.revision, fence('a', 1, step), writer);
        }),
      );
      const winner = results.findIndex(({ kind }) => kind === 'written');
      expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      expect((await router.read(signal())).fence).toEqual(fence('a', 1, winner + 1));
    });

    it('tells when new requests follow, and when they do not', async () => {
      const claimed = await claim('a', 1);
      await shift(GREEN, claimed.revision, fence('a', 1, 1));
      expect((await awaitConvergence(router, GREEN)).state.weights).toEqual(GREEN);
      const other = await router.convergence(BLUE, signal());
      expect(other.converged).toBe(false);
      expect(other.detail).not.toBe('');
    });

    it('sends requests where the weights say', async ({ skip }) => {
      if (fixture.answeredBy === null) return skip('no traffic can be sent');
      const claimed = await claim('a', 1);
      expect(await fixture.answeredBy(50)).toEqual({ blue: 50, green: 0 });
      const shifted = await shift(GREEN, claimed.revision, fence('a', 1, 1));
      await awaitConvergence(router, GREEN);
      expect(await fixture.answeredBy(50)).toEqual({ blue: 0, green: 50 });
      if (!traits.weighted) return undefined;
      const share = { blue: 80, green: 20 };
      await shift(share, shifted.state.revision, fence('a', 1, 2));
      await awaitConvergence(router, share);
      const answered = await fixture.answeredBy(400);
      expect(answered.blue + answered.green).toBe(400);
      expect(answered.green).toBeGreaterThan(40);
      expect(answered.green).toBeLessThan(120);
      return undefined;
    });

    it('obeys an aborted signal', async () => {
      await expect(router.read(AbortSignal.abort())).rejects.toThrow();
    });
  });
}

async function awaitConvergence(router: TrafficRouter, weights: Weights) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const convergence = await router.convergence(weights, signal());
    if (convergence.converged) return convergence;
    await sleep(100);
  }
  throw new Error(`not converged to ${JSON.stringify(weights)}`);
}

/** The colour named in a response by an application that tells it. */
export function countColours(colours: Colour[]): Weights {
  return {
    blue: colours.filter((one) => one === 'blue').length,
    green: colours.filter((one) => one === 'green').length,
  };
}
