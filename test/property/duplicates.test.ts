import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plans } from '../support/model/arbitrary.ts';
import { SEED, SOAK_RUNS, TIMEOUT_MS } from '../support/model/check-property.ts';
import { createEngine, type Engine } from '../support/model/engine.ts';
import { MUTATIONS } from '../support/model/mutations.ts';
import { type Played, play } from '../support/model/play.ts';
import type { Scenario } from '../support/model/scenario.ts';
import { workflowBundle } from '../support/temporal.ts';

const RUNS = SOAK_RUNS === null ? 200 : Math.ceil(SOAK_RUNS / 10);
/** More attempts than a run makes of one activity. */
const ATTEMPTS = 12;

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine((await workflowBundle()).code);
});
afterAll(() => engine.stop());

const kinds = fc.array(fc.constantFrom('fail' as const, 'lost' as const, 'twice' as const), {
  minLength: 1,
  maxLength: 4,
});
const undisturbed: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(1_000),
  plan: plans,
  size: fc.integer({ min: 1, max: 4 }),
  taskDelaysMs: fc.constant([]),
  cancelDelaysMs: fc.constant([]),
  readyDelayMs: fc.constantFrom(0, 700),
  convergence: fc.constant([]),
  faults: fc.constant([]),
  watchers: fc.constant([]),
  others: fc.constant([]),
  // Inside a window, where both runs are when it comes.
  events: fc.array(
    fc.record({
      when: fc.record({
        phase: fc.constantFrom('health_check', 'performance_validation', 'decision_window', 'observation'),
        afterMs: fc.integer({ min: 500, max: 2_000 }),
      }),
      act: fc.record({
        kind: fc.constant('message'),
        name: fc.constantFrom('rollback', 'promote', 'reject'),
        via: fc.constantFrom('signal', 'update', 'both', 'twice'),
        payload: fc.constant({ by: 'ben@example.com' }),
      }),
    }),
    { maxLength: 1 },
  ),
  approvalAfterMs: fc.constant(1_000),
});

function ending({ problems, closed, statuses, world }: Played): object {
  const { colours, router } = world.base;
  return {
    problems,
    closed,
    phases: statuses.map(({ phases, outcome, rollback }) => [
      phases.map(({ state }) => state),
      outcome,
      rollback?.state,
    ]),
    sizes: [colours.blue.version, colours.blue.desired, colours.green.version, colours.green.desired],
    weights: router.weights,
    epoch: router.fence?.epoch,
  };
}

it(
  'invariant 9: ends alike when every write fails first, is lost, or happens twice',
  async () => {
    const property = fc.asyncProperty(undisturbed, kinds, async (scenario, befallen) => {
      const faults = MUTATIONS.flatMap((activity, offset) =>
        Array.from({ length: ATTEMPTS }, (_, index) => {
          const kind = befallen[(index + offset) % befallen.length] ?? 'twice';
          // Every other attempt goes through: the ones before it are what it must live with.
          return { activity, nth: 2 * index + 1, fault: { kind } };
        }),
      );
      const alone = ending(await play(engine, scenario));
      expect(ending(await play(engine, { ...scenario, faults }))).toEqual(alone);
    });
    await fc.assert(property, { seed: SEED, numRuns: RUNS });
  },
  TIMEOUT_MS,
);
