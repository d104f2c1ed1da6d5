import { defineConfig } from 'vitest/config';

/** `npm run record-histories`: records what `test/replay` replays. Build first: one of them runs whole programs. */
export default defineConfig({
  test: {
    include: ['test/replay/record-*.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
