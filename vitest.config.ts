import { defineConfig } from 'vitest/config';
import { LAYERS } from './test/support/branch-coverage/branches.ts';

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
  // Thousands of runs in one test.
  { name: 'property', order: 0, timeoutMs: 1_200_000 },
  // The time-skipping server's clock is shared.
  { name: 'workflow', order: 2, files: 1, timeoutMs: 60_000 },
  { name: 'replay', order: 3, files: 1, timeoutMs: 60_000 },
  { name: 'integration', order: 4, files: 2, timeoutMs: 60_000 },
  { name: 'e2e', order: 5, files: 1, timeoutMs: 180_000 },
  // Most of it waits for a control plane, which each file has for itself.
  { name: 'kubernetes', order: 6, files: 2, timeoutMs: 180_000 },
  // Each file has a moto of its own.
  { name: 'aws', order: 7, files: 2, timeoutMs: 120_000 },
];

export default defineConfig({
  test: {
    globalSetup: ['./test/support/build.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    passWithNoTests: true,
    coverage: {
      provider: 'custom',
      customProviderModule: './test/support/branch-coverage/module.ts',
      include: LAYERS.map((layer) => `${layer}/**/*.ts`),
      reporter: [],
      reportOnFailure: true,
      thresholds: Object.fromEntries(LAYERS.map((layer) => [`${layer}/**`, { branches: 95 }])),
    },
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
