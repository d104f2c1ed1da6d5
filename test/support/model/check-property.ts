/** How the property tests run: one random seed for all of them unless CUTOVER_SEED fixes it. */
import fc from 'fast-check';

/** What all random choices follow from; printed with every run. */
export const SEED = Number(process.env.CUTOVER_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** `npm run soak` sets it; null: the runs that belong to the test command. */
export const SOAK_RUNS = process.env.CUTOVER_SOAK_RUNS === undefined ? null : Number(process.env.CUTOVER_SOAK_RUNS);

/** Of one test of many runs. */
export const TIMEOUT_MS = SOAK_RUNS === null ? 1_200_000 : 86_400_000;

const PURE_RUNS = 500;

export function checkProperty<T>(property: fc.IProperty<T>): void {
  fc.assert(property, { seed: SEED, numRuns: Math.max(PURE_RUNS, SOAK_RUNS ?? 0) });
}
