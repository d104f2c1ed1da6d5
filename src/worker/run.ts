import { IllegalStateError } from '@temporalio/common';
import {
  NativeConnection,
  type NativeConnectionOptions,
  Runtime,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerInterceptors,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { MutationActivities, WatchActivities } from '../activities/types.ts';
import { CutoverError } from '../errors.ts';
import { TASK_QUEUE, WATCH_TASK_QUEUE } from '../workflows/api.ts';
import { createActivities } from './activities.ts';
import { workflowsPath } from './bundle.ts';
import { activityLogFields } from './log-fields.ts';
import { type Meters, SILENT_SINKS } from './metrics/meters.ts';

export interface StartWorkerOptions {
  /** An open connection, which stays open; else one is made and closed again. */
  connection?: NativeConnection | undefined;
  /** How to connect (TLS, API key, …) when `connection` is absent. */
  connectionOptions?: NativeConnectionOptions | undefined;
  /** host:port; over `connectionOptions.address`. */
  address?: string | undefined;
  namespace?: string | undefined;
  /** Admin URL of the local program, for plans that name none. */
  localUrl: string;
  /** Workflow code as the build bundled it; bundled from the sources when absent, which takes seconds. */
  bundlePath?: string | undefined;
  slots?: number | undefined;
  watchSlots?: number | undefined;
  cachedWorkflows?: number | undefined;
  identity?: string | undefined;
  /** Where notifications of the `log` notifier go; the SDK's logger when absent. */
  log?: ((line: string) => void) | undefined;
  /** The directory that scripts of a plan must lie in; absent: none are run. */
  scripts?: string | null | undefined;
  /** The directory that files with credentials must lie in; absent: none are read. */
  secretsFolder?: string | null | undefined;
  /** Instead of the real ones. */
  activities?: { mutations: MutationActivities; watch: WatchActivities } | undefined;
  /** Pins a deployment to this build up to its lease, which follows the current one; absent: no worker versioning. */
  version?: { deploymentName: string; buildId: string } | undefined;
  /** What is told of runs, watchers and adapters; absent: nobody. */
  meters?: Meters | undefined;
}

/** One of the two workers. */
export interface QueueStatus {
  queue: string;
  /** The SDK's name of it; `RUNNING` is the good one. */
  state: string;
  /** Activities at work, and how many there may be. */
  used: number;
  slots: number;
}

export interface RunningWorker {
  /** Hands over: watchers are cancelled at once (another worker resumes them), mutations under way may end. */
  shutdown(): Promise<void>;
  /** Resolves after `shutdown`; rejects when the worker failed. */
  done: Promise<void>;
  status(): QueueStatus[];
  /** Asks the server for a sign of life; rejects without one. The caller bounds it. */
  ping(): Promise<void>;
  connection: NativeConnection;
  namespace: string;
}

/**
 * A worker that died keeps its sticky queue's messages for this long. Well below the second within which the client
 * expects an update to be accepted: the signal that it sends then makes the server begin this wait anew.
 */
const STICKY_TIMEOUT = '500ms';
/** A mutation takes under 5 s. */
const MUTATION_GRACE = '6s';
/** Live values are read from heartbeat details, so these must reach the server about once a second. */
const HEARTBEAT_THROTTLE = '1s';

/**
 * Starts one process's two workers: `cutover` (workflow tasks and short mutations) and `cutover-watch` (everything
 * that takes long), so that full watch slots never delay a rollback. Throws CUTOVER_TEMPORAL_UNREACHABLE.
 */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const connection = options.connection ?? (await connect(options));
  const close = async () => {
    if (options.connection === undefined) await connection.close();
  };
  try {
    const workers = await createWorkers(connection, options);
    const namespace = options.namespace ?? 'default';
    return { ...runTogether(workers, close), ...statusOf(workers, connection, options), connection, namespace };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function connect(options: StartWorkerOptions): Promise<NativeConnection> {
  const address = options.address ?? options.connectionOptions?.address ?? '127.0.0.1:7233';
  try {
    return await NativeConnection.connect({ ...options.connectionOptions, address });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CutoverError('CUTOVER_TEMPORAL_UNREACHABLE', `Temporal does not answer at ${address}: ${reason}`, {
      cause: error,
      details: { address },
    });
  }
}

function statusOf(
  workers: Worker[],
  connection: NativeConnection,
  options: StartWorkerOptions,
): Pick<RunningWorker, 'status' | 'ping'> {
  const { slots, watchSlots } = slotsOf(options);
  const limits: Record<string, number> = { [TASK_QUEUE]: slots, [WATCH_TASK_QUEUE]: watchSlots };
  return {
    status: () =>
      workers.map((worker) => {
        const { runState, numInFlightActivities } = worker.getStatus();
        const queue = worker.options.taskQueue;
        return { queue, state: runState, used: numInFlightActivities, slots: limits[queue] ?? 0 };
      }),
    async ping() {
      await connection.workflowService.getSystemInfo({});
    },
  };
}

function slotsOf({ slots = 500, watchSlots = 5_000 }: StartWorkerOptions): { slots: number; watchSlots: number } {
  return { slots, watchSlots };
}

async function createWorkers(connection: NativeConnection, options: StartWorkerOptions): Promise<Worker[]> {
  const { mutations, watch } =
    options.activities ??
    createActivities(
      {
        localUrl: options.localUrl,
        log: options.log ?? logLine,
        scripts: options.scripts,
        secretsFolder: options.secretsFolder,
      },
      options.meters,
    );
  const { slots, watchSlots } = slotsOf(options);
  const interceptors: WorkerInterceptors = { activity: [activityLogFields] };
  const common = {
    connection,
    namespace: options.namespace ?? 'default',
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    shutdownForceTime: '10s',
    ...(options.version === undefined ? {} : { workerDeploymentOptions: versioned(options.version) }),
    interceptors,
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  } as const;
  return [
    await Worker.create({
      ...common,
      taskQueue: TASK_QUEUE,
      ...workflowCode(options.bundlePath),
      activities: mutations,
      sinks: options.meters?.sinks ?? SILENT_SINKS,
      stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
      maxCachedWorkflows: options.cachedWorkflows ?? 5_000,
      maxConcurrentWorkflowTaskExecutions: 200,
      maxConcurrentWorkflowTaskPolls: 20,
      maxConcurrentActivityTaskExecutions: slots,
      maxConcurrentActivityTaskPolls: Math.min(10, slots),
      shutdownGraceTime: MUTATION_GRACE,
    }),
    await Worker.create({
      ...common,
      taskQueue: WATCH_TASK_QUEUE,
      activities: watch,
      maxConcurrentActivityTaskExecutions: watchSlots,
      maxConcurrentActivityTaskPolls: Math.min(20, watchSlots),
      shutdownGraceTime: 0,
    }),
  ];
}

/** Watchers belong to the build of the run that they watch for, so both queues are of one version. */
function versioned(version: { deploymentName: string; buildId: string }): WorkerDeploymentOptions {
  return { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' };
}

function logLine(line: string): void {
  Runtime.instance().logger.info(line);
}

function workflowCode(
  bundlePath: string | undefined,
): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  return bundlePath === undefined ? { workflowsPath: workflowsPath() } : { workflowBundle: { codePath: bundlePath } };
}

function runTogether(workers: Worker[], close: () => Promise<void>): Pick<RunningWorker, 'shutdown' | 'done'> {
  let stopping = false;
  const stopAll = () => {
    stopping = true;
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } catch (error) {
      // Core says so when a poll is still pending at the end, as when Temporal went away: everything has stopped.
      if (!stopping || !(error instanceof IllegalStateError)) throw error;
      Runtime.instance().logger.warn(`worker stopped with a poll pending: ${error.message}`);
    } finally {
      // One without the other would look alive and strand half of every deployment.
      stopAll();
    }
  });
  const done = Promise.allSettled(runs).then(async (results) => {
    await close();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
  done.catch(() => undefined);
  const shutdown = async () => {
    stopAll();
    await done;
  };
  return { shutdown, done };
}
