/** Assembly: the real workflow in Temporal's time-skipping test server, on the scenario's metrics. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { CutoverError } from '../errors.ts';
import { ensureTestServer } from '../local/temporal/test-server.ts';
import { builtPath } from '../package-root.ts';
import type { Plan } from '../plan/types.ts';
import { BUNDLE_FILE, workflowsPath } from '../worker/bundle.ts';
import { createLog, installRuntime } from '../worker/logging.ts';
import { SILENT_SINKS } from '../worker/metrics/meters.ts';
import {
  type DeploymentInput,
  type DeploymentStatus,
  deploymentWorkflowId,
  SEARCH_ATTRIBUTES,
  TASK_QUEUE,
  WATCH_TASK_QUEUE,
  WORKFLOW_TYPE,
} from '../workflows/api.ts';
import { simulatedActivities } from './activities.ts';
import { startCourse } from './course.ts';
import { drive } from './drive.ts';
import { reportOf, type SimulationReport } from './report.ts';
import type { Scenario } from './scenario-schema.ts';
import { createStage } from './stage.ts';

export interface SimulateOptions {
  startedBy: string;
  onProgress(line: string): void;
  /** Gives it up; when the server has gone with it, the caller should end its process, since calls are still tried. */
  signal?: AbortSignal;
  /** Default: as the build bundled it, else bundled from the sources. */
  workflowBundle?: WorkflowBundleOption;
}

/** temporal.api.enums.v1.IndexedValueType */
const KEYWORD = 2;
/** Real time. Days go by in seconds; after this long something hangs. */
const LIMIT_MS = 180_000;
const GIVE_UP_MS = 2_000;

/** Once per process, before anything else of the SDK: its own lines would stand between the results. */
export async function quietly(): Promise<void> {
  await installRuntime(createLog('error', null), false);
}

/** CUTOVER_INTERNAL when the simulation hangs; ProvisionError when the test server cannot be had. */
export async function simulate(plan: Plan, scenario: Scenario, options: SimulateOptions): Promise<SimulationReport> {
  const path = await ensureTestServer(options.onProgress);
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const server = { isLost: false };
  try {
    options.signal?.throwIfAborted();
    await environment.connection.operatorService.addSearchAttributes({
      namespace: environment.namespace ?? 'default',
      searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
    });
    return await simulateIn(environment, server, plan, scenario, options);
  } finally {
    // Calls that are tried again would meet a closed connection.
    if (!server.isLost) await environment.teardown();
  }
}

async function simulateIn(
  environment: TestWorkflowEnvironment,
  server: { isLost: boolean },
  plan: Plan,
  scenario: Scenario,
  options: SimulateOptions,
): Promise<SimulationReport> {
  const startedAtMs = Date.now();
  const workflowId = deploymentWorkflowId(plan);
  const handle = environment.client.workflow.getHandle(workflowId);
  const now = () => environment.currentTimeMs();
  const stop = new AbortController();
  const stage = createStage({
    plan,
    signal: stop.signal,
    scenario,
    startedAtMs: await now(),
    now,
    status: () => handle.query<DeploymentStatus>('status'),
  });
  const workers = await startWorkers(environment, simulatedActivities(stage), options.workflowBundle);
  try {
    startCourse(stage.course, await now());
    await start(environment, workflowId, { plan, started_by: options.startedBy });
    const skip = (ms: number) => environment.sleep(ms);
    const driving = drive({ stage, handle, skip }, scenario.messages);
    const notSent = await limited(driving, options.signal).catch(async (error: unknown) => {
      stop.abort(error);
      server.isLost = !(await giveUp(environment, handle, driving));
      throw error;
    });
    const { status } = await stage.refresh();
    const { closeTime } = await handle.describe();
    const endedAtMs = closeTime?.getTime() ?? (await now());
    return reportOf(stage, status, notSent, { ended_at_ms: endedAtMs, took_ms: Date.now() - startedAtMs });
  } finally {
    if (!server.isLost) await workers.stop();
  }
}

async function startWorkers(
  { nativeConnection: connection }: TestWorkflowEnvironment,
  { mutations, watch }: ReturnType<typeof simulatedActivities>,
  workflowBundle: WorkflowBundleOption | undefined,
): Promise<{ stop(): Promise<void> }> {
  const code = workflowBundle === undefined ? builtCode() : { workflowBundle };
  const workers = [
    await Worker.create({ connection, taskQueue: TASK_QUEUE, ...code, activities: mutations, sinks: SILENT_SINKS }),
    await Worker.create({ connection, taskQueue: WATCH_TASK_QUEUE, activities: watch }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  running.catch(() => undefined);
  return {
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    },
  };
}

function builtCode(): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  const codePath = builtPath(BUNDLE_FILE);
  return existsSync(codePath) ? { workflowBundle: { codePath } } : { workflowsPath: workflowsPath() };
}

async function start({ client }: TestWorkflowEnvironment, workflowId: string, input: DeploymentInput): Promise<void> {
  const { service, environment } = input.plan;
  const values = { DeployService: service, DeployEnvironment: environment, DeployPhase: 'claim' };
  const attributes = Object.entries(values).map(([name, value]) => ({
    key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
    value,
  }));
  await client.workflow.start(WORKFLOW_TYPE, {
    taskQueue: TASK_QUEUE,
    workflowId,
    args: [input],
    typedSearchAttributes: new TypedSearchAttributes(attributes),
  });
}

/** Ends what is under way. False: the server does not answer; Ctrl-C at a terminal reaches it too. */
async function giveUp(
  { connection }: TestWorkflowEnvironment,
  handle: WorkflowHandle,
  driving: Promise<unknown>,
): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + GIVE_UP_MS, () => handle.terminate('the simulation was given up'));
  } catch {
    return false;
  }
  const ended = driving.then(
    () => true,
    () => true,
  );
  return Promise.race([ended, delay(GIVE_UP_MS, false)]);
}

async function limited<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `the simulation was not over after ${LIMIT_MS / 1_000} s`;
    timer = setTimeout(() => reject(new CutoverError('CUTOVER_INTERNAL', text)), LIMIT_MS);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal?.aborted === true) reject(signal.reason);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
