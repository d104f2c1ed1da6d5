import { join } from 'node:path';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { startTemporal, type TemporalServer } from '../../src/local/temporal/server.ts';
import { ensureTestServer } from '../../src/local/temporal/test-server.ts';
import { builtPath } from '../../src/package-root.ts';
import { bundleWorkflows, workflowsPath } from '../../src/worker/bundle.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/api.ts';
import { BUNDLE_VARIABLE, readCountedBundle } from './branch-coverage/bundle.ts';
import { type SpawnedProcess, spawnProcess, temporaryFolder } from './processes.ts';

/** By design: one of the two workers has activities only, and nobody measures the workflows of most tests. */
const EXPECTED = ['No workflows registered', 'Workflow referenced an unregistered external sink'];

let quiet = false;

/** Keeps the SDK's own lines of a test's process to warnings that mean something. */
export function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  const toStderr = new DefaultLogger('WARN');
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (!EXPECTED.some((expected) => message.startsWith(expected))) toStderr.log(level, message, meta);
  });
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
}

let bundle: Promise<WorkflowBundleWithSourceMap> | null = null;

/** The workflow code as the sources stand; bundled once per test process. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  const counted = process.env[BUNDLE_VARIABLE];
  bundle ??= counted === undefined ? bundleWorkflows(workflowsPath()) : readCountedBundle(counted);
  return bundle;
}

/** The time-skipping server, which knows the Deploy… search attributes. End it with `teardown()`. */
export async function startTestServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = await ensureTestServer();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, keyword])),
  });
  return environment;
}

export interface DevServer extends TemporalServer {
  /** Where its log, and its database when it keeps one, are. */
  folder: string;
  /** Ends this server and starts another on the same ports and database. Only with `persistent`. */
  restart(): Promise<DevServer>;
}

/** A whole server on free ports; `stop` removes its folder too. */
export async function startDevServer(options: { persistent?: boolean } = {}): Promise<DevServer> {
  quietRuntime();
  const folder = await temporaryFolder('temporal');
  const dbFile = options.persistent === true ? join(folder.path, 'temporal.sqlite') : undefined;
  const settings = { dbFile, logFile: join(folder.path, 'temporal.log'), cliPath: process.env.CUTOVER_TEMPORAL_CLI };

  function describe(server: TemporalServer): DevServer {
    async function stop(): Promise<void> {
      await server.stop();
      await folder.remove();
    }
    async function restart(): Promise<DevServer> {
      await server.stop();
      const ports = { port: portOf(`http://${server.address}`), uiPort: portOf(server.uiUrl) };
      return describe(await startTemporal({ ...settings, ...ports }));
    }
    return { ...server, folder: folder.path, stop, restart };
  }
  return describe(await startTemporal(settings));
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

export interface SpawnWorkerOptions {
  address: string;
  localUrl: string;
  logFile: string;
  namespace?: string;
  watchSlots?: number;
  env?: Record<string, string | undefined>;
}

/** The built worker program in a process of its own, ready to poll when this returns. */
export async function spawnWorker(options: SpawnWorkerOptions): Promise<SpawnedProcess> {
  const args = [builtPath('src/worker/main.js'), '--address', options.address, '--local-url', options.localUrl];
  if (options.namespace !== undefined) args.push('--namespace', options.namespace);
  if (options.watchSlots !== undefined) args.push('--watch-slots', String(options.watchSlots));
  const { logFile } = options;
  // A connection that the machine's own environment describes must not reach into a test.
  const env = {
    TEMPORAL_ADDRESS: undefined,
    TEMPORAL_NAMESPACE: undefined,
    TEMPORAL_PROFILE: undefined,
    ...options.env,
  };
  const worker = await spawnProcess({ command: process.execPath, args, logFile, env });
  await worker.waitForLine(/"msg":"worker ready"/, 30_000);
  return worker;
}
