/**
 * The real workflow, mutations and waits against the live service, in Temporal's time-skipping server; only its
 * watchers are no more than a clock, since virtual time stands still while an activity runs.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { WatchActivities } from '../../src/activities/types.ts';
import { ensureTestServer } from '../../src/local/temporal/test-server.ts';
import { builtPath } from '../../src/package-root.ts';
import { createActivities } from '../../src/worker/activities.ts';
import { BUNDLE_FILE } from '../../src/worker/bundle.ts';
import { SEARCH_ATTRIBUTES, TASK_QUEUE, WATCH_TASK_QUEUE } from '../../src/workflows/api.ts';
import { quietRuntime } from './quiet-runtime.ts';

/** temporal.api.enums.v1.IndexedValueType */
const KEYWORD = 2;
/** How often a waiting watcher asks for the time, virtual milliseconds. */
const POLL_MS = 60_000;

export interface TimeSkipping {
  environment: TestWorkflowEnvironment;
  stop(): Promise<void>;
}

export async function startTimeSkipping(localUrl: string, onProgress: (line: string) => void): Promise<TimeSkipping> {
  const path = await ensureTestServer(onProgress);
  quietRuntime();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  const { mutations, watch } = createActivities({ localUrl, log: () => undefined });
  const { nativeConnection: connection } = environment;
  const workflowBundle = { codePath: builtPath(BUNDLE_FILE) };
  const workers = [
    await Worker.create({ connection, taskQueue: TASK_QUEUE, workflowBundle, activities: mutations }),
    await Worker.create({
      connection,
      taskQueue: WATCH_TASK_QUEUE,
      activities: { ...watch, ...clockwork(() => environment.currentTimeMs()) },
    }),
  ];
  const running = workers.map((worker) => worker.run());
  return {
    environment,
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await environment.teardown();
    },
  };
}

/** Watchers that pass their window when its end has come, and a kept colour that stays ready. */
function clockwork(now: () => Promise<number>): Pick<WatchActivities, 'watchWindow' | 'watchKept'> {
  return {
    async watchWindow({ ends_at_ms }) {
      const nowMs = await now();
      if (ends_at_ms === null || nowMs < ends_at_ms) return later(Math.min(POLL_MS, (ends_at_ms ?? Infinity) - nowMs));
      const coverage = { judged: 1, expected: 1, percent: 100, longest_gap_ms: 0 };
      return { verdict: 'passed', evidence: { at: new Date(nowMs).toISOString(), criteria: [], coverage } };
    },
    watchKept: async () => later(POLL_MS),
  };
}

/** A benign failure with a delayed retry: the way for an activity to wait without holding up the server's clock. */
function later(delayMs: number): never {
  throw ApplicationFailure.create({
    message: `not yet (attempt ${activityInfo().attempt})`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, delayMs),
  });
}
