import { defineConfig } from 'vitest/config';

interface Suite {
  name: string;
  /** Suites run one after the other in this order: a loaded machine must not bend another suite's clock. */
  order: number;
  /** Test files at once; absent: as many as the machine carries. */
  files?: number;
  timeoutMs: number;
}

const SUITES: Suite[] = [
  { name: 'unit', order: 0, timeoutMs: 20_000 },
  // Thousands of runs in one test; `npm run soak` has it go on for hours.
  { name: 'property', order: 1, timeoutMs: 24 * 3_600_000 },
  // The time-skipping server's clock is shared.
  { name: 'workflow', order: 2, files: 1, timeoutMs: 60_000 },
  { name: 'replay', order: 3, files: 1, timeoutMs: 60_000 },
  { name: 'integration', order: 4, files: 2, timeoutMs: 60_000 },
  { name: 'e2e', order: 5, files: 1, timeoutMs: 180_000 },
];

export default defineConfig({
  test: {
    globalSetup: ['./test/support/build.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    passWithNoTests: true,
    projects: SUITES.map(({ name, order, files, timeoutMs }) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        pool: 'forks' as const,
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        sequence: { groupOrder: order },
        ...(files === undefined ? {} : { maxWorkers: files }),
      },
    })),
  },
});
