import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** Ends the run with one plain line that machines judge: `N passed, N failed, N skipped`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'failed') failedTests++;
        else if (state === 'passed') count.passed++;
        else count.skipped++;
      }
      // A file that fails as a whole (an import, a hook) may have no failed test to show for it.
      count.failed += module.state() === 'failed' ? Math.max(1, failedTests) : failedTests;
    }
    process.once('exit', (code) => {
      // A run that broke before its tests failed too.
      if (code !== 0 && count.failed === 0) count.failed = 1;
      process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
    });
  }
}
