/** What every TrafficRouter must do that can expose a candidate beside its share; beside `routerContract`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DIRECT_STEP,
  type Exposed,
  type Fence,
  type RouterState,
  type TrafficRouter,
} from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';

export interface ExposureFixture {
  /** All traffic on blue, nothing claimed yet, both colours ready. */
  router: TrafficRouter;
  /** The same router as another process sees it. */
  another: TrafficRouter;
  /** Fails unless requests go where these say, and everything else of the router is as it was at first. */
  expectTraffic(weights: Weights, exposed: Exposed | null): Promise<void>;
  /** Takes all that is exposed away, or only some of it, the way a person past Cutover would. */
  takeAway(what: 'all' | 'some'): Promise<void>;
  /** Counts up with every write that changes where requests go; null: it counts nothing. */
  changes: (() => Promise<number>) | null;
  close(): Promise<void>;
}

export interface ExposureTraits {
  mirrors: boolean;
}

const TIMEOUT_MS = 60_000;
const BLUE: Weights = { blue: 100, green: 0 };
const SOME: Weights = { blue: 90, green: 10 };

export function exposureContract(name: string, traits: ExposureTraits, start: () => Promise<ExposureFixture>): void {
  const header = { name: 'X-Cutover', value: 'candidate' };
  const byHeader: Exposed = { colour: 'green', header, mirror_percent: null };
  const whole: Exposed = { ...byHeader, mirror_percent: traits.mirrors ? 10 : null };

  describe(`the ${name} router keeps the contract of what is exposed`, () => {
    let fixture: ExposureFixture;
    let router: TrafficRouter;
    let claimed: RouterState;
    beforeEach(async () => {
      fixture = await start();
      router = fixture.router;
      claimed = await claim('a', 1);
    }, TIMEOUT_MS);
    afterEach(() => fixture?.close(), TIMEOUT_MS);

    const signal = () => AbortSignal.timeout(30_000);
    async function claim(run: string, epoch: number): Promise<RouterState> {
      const { revision } = await router.read(signal());
      const { kind, state } = await router.claim(revision, { run, epoch, step: 0 }, signal());
      expect(kind).toBe('written');
      return state;
    }
    function shift(weights: Weights, expose: Exposed | null, from: RouterState, changes: Partial<Fence> = {}) {
      const fence = { run: 'a', epoch: 1, step: (from.fence?.step ?? 0) + 1, ...changes };
      const wanted = { weights, ...(expose === null ? {} : { expose }) };
      return router.shift({ ...wanted, expected_revision: from.revision, fence }, signal());
    }

    it('exposes the candidate at 0 %, and says so', async () => {
      const { kind, state } = await shift(BLUE, whole, claimed);
      expect(kind).toBe('written');
      expect(state).toMatchObject({ weights: BLUE, exposed: whole, before: BLUE });
      expect(state.revision).toBe(state.fenced_revision);
      expect(await fixture.another.read(signal())).toEqual(state);
      await awaitConvergence(router, BLUE);
      await fixture.expectTraffic(BLUE, whole);
    });

    it('takes it away with the next write, whatever that moves', async () => {
      const { state } = await shift(BLUE, whole, claimed);
      const moved = await shift(SOME, null, state);
      expect(moved.state).toMatchObject({ weights: SOME, revision: moved.state.fenced_revision });
      expect(moved.state).not.toHaveProperty('exposed');
      await fixture.expectTraffic(SOME, null);
    });

    it('takes it away in the one write of a rollback, also of one past Temporal', async () => {
      const { state } = await shift(BLUE, whole, claimed);
      const before = await fixture.changes?.();
      const back = await shift(BLUE, null, state, { step: DIRECT_STEP + 1 });
      expect(back.kind).toBe('written');
      expect(back.state).not.toHaveProperty('exposed');
      if (before !== undefined) expect(await fixture.changes?.()).toBe(before + 1);
      await fixture.expectTraffic(BLUE, null);
    });

    it('exposes something else in place of it, beside a share', async () => {
      const { state } = await shift(BLUE, whole, claimed);
      const other: Exposed = { ...byHeader, header: { ...header, value: 'tester 2' } };
      const next = await shift(SOME, other, state);
      expect(next.state).toMatchObject({ weights: SOME, exposed: other, revision: next.state.fenced_revision });
      await fixture.expectTraffic(SOME, other);
    });

    it('changes nothing where it exposes it already', async () => {
      const { state } = await shift(BLUE, whole, claimed);
      const before = await fixture.changes?.();
      const again = await shift(BLUE, whole, state, { step: 1 });
      expect(again).toEqual({ kind: 'already', state });
      const next = await shift(BLUE, whole, state);
      expect(next).toMatchObject({ kind: 'written', state: { exposed: whole } });
      expect(next.state.revision).toBe(next.state.fenced_revision);
      expect(await fixture.changes?.()).toBe(before);
      await fixture.expectTraffic(BLUE, whole);
    });

    it('writes nothing of it when somebody was faster', async () => {
      await shift(SOME, null, claimed);
      expect((await shift(BLUE, whole, claimed, { step: 2 })).kind).toBe('conflict');
      const late = await shift(BLUE, whole, claimed, { run: 'b', epoch: 1, step: 9 });
      expect(late.kind).toBe('superseded');
      await fixture.expectTraffic(SOME, null);
    });

    it('leaves it through a claim, and takes it away with the new run’s first write', async () => {
      await shift(BLUE, whole, claimed);
      const next = await claim('b', 2);
      expect(next).toMatchObject({ exposed: whole, revision: next.fenced_revision });
      await fixture.expectTraffic(BLUE, whole);
      await shift(BLUE, null, next, { run: 'b', epoch: 2, step: 1 });
      await fixture.expectTraffic(BLUE, null);
    });

    it.each(['all', 'some'] as const)(
      'shows that somebody took %s of it away, and never writes over it unasked',
      async (what) => {
        const { state } = await shift(BLUE, whole, claimed);
        await fixture.takeAway(what);
        const drifted = await router.read(signal());
        expect(drifted.weights).toEqual(BLUE);
        expect(drifted.exposed).not.toEqual(whole);
        expect(drifted.revision).not.toBe(state.revision);
        expect((await shift(SOME, null, state)).kind).toBe('conflict');
        const back = await shift(BLUE, null, { ...drifted, fence: state.fence });
        expect(back.kind).toBe('written');
        expect(back.state).not.toHaveProperty('exposed');
        expect(back.state.revision).toBe(back.state.fenced_revision);
        await fixture.expectTraffic(BLUE, null);
      },
    );

    it('puts back what somebody took away of it, when that is asked for', async () => {
      const { state } = await shift(BLUE, whole, claimed);
      await fixture.takeAway('some');
      const drifted = await router.read(signal());
      const again = await shift(BLUE, whole, { ...drifted, fence: state.fence });
      expect(again.state).toMatchObject({ exposed: whole, revision: again.state.fenced_revision });
      await fixture.expectTraffic(BLUE, whole);
    });
  });
}

async function awaitConvergence(router: TrafficRouter, weights: Weights): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await router.convergence(weights, AbortSignal.timeout(30_000))).converged) return;
    await sleep(100);
  }
  throw new Error(`not converged to ${JSON.stringify(weights)}`);
}
