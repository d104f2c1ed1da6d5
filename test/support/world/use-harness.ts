/** One time-skipping server and its workers for the tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { startTestServer, workflowBundle } from '../temporal.ts';
import { type Harness, startHarness } from './harness.ts';

/** Call it at the top of a test file; the harness is there once the tests run. */
export function useHarness(): { readonly harness: Harness } {
  let harness: Harness | undefined;
  let stopServer: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await startTestServer();
    stopServer = () => server.teardown();
    harness = await startHarness(server, await workflowBundle());
  }, 120_000);
  afterAll(async () => {
    await harness?.stop();
    await stopServer?.();
  });
  return {
    get harness() {
      if (harness === undefined) throw new Error('the harness is started before the first test');
      return harness;
    },
  };
}
