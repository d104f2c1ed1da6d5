import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scenarios } from '../support/model/arbitrary.ts';
import { SEED, SOAK_RUNS, TIMEOUT_MS } from '../support/model/check-property.ts';
import { createEngine, type Engine } from '../support/model/engine.ts';
import { play } from '../support/model/play.ts';
import { workflowBundle } from '../support/temporal.ts';

const RUNS = SOAK_RUNS ?? 2_000;
const PROGRESS_EVERY = 1_000;
const ENOUGH_FOR_EVERY_ENDING = 1_000;

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine((await workflowBundle()).code);
});
afterAll(() => engine.stop());

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

it(
  'holds its invariants whatever happens, and comes to an end',
  async () => {
    const endings: Record<string, number> = {};
    let runs = 0;
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const { problems, closed, statuses } = await play(engine, scenario);
      if (problems.length > 0) throw new Error(problems.join('\n'));
      runs += 1;
      const ending = closed?.kind === 'cancelled' ? 'cancelled' : (statuses.at(-1)?.outcome ?? 'none');
      endings[ending] = (endings[ending] ?? 0) + 1;
      if (SOAK_RUNS !== null && runs % PROGRESS_EVERY === 0) tell(`property: ${runs} of ${RUNS} workflow runs`);
    });
    const found = await fc.check(property, { seed: SEED, numRuns: RUNS });
    const each = Object.entries(endings).map(([ending, count]) => `${count} ${ending}`);
    tell(`property: ${runs.toLocaleString('en')} workflow runs (${each.join(', ')}), seed ${SEED}`);
    if (found.failed) {
      const { counterexample, errorInstance } = found;
      throw new Error(
        `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}\n` +
          `Keep it in test/property/counterexamples, under a name that says what went wrong:\n${JSON.stringify(counterexample?.[0])}`,
      );
    }
    if (RUNS < ENOUGH_FOR_EVERY_ENDING) return;
    // The random runs reach all ends of a deployment: a model that stopped early would prove nothing.
    expect(Object.keys(endings)).toEqual(
      expect.arrayContaining(['succeeded', 'rolled_back', 'rejected', 'inconclusive', 'stuck', 'cancelled']),
    );
  },
  TIMEOUT_MS,
);
