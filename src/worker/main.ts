import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { CutoverError } from '../errors.ts';
import { builtPath } from '../package-root.ts';
import { BUNDLE_FILE } from './bundle.ts';
import { readWorkerConfig, type WorkerConfig } from './config.ts';
import { createLog, installRuntime } from './logging.ts';
import { type Monitor, startMonitor } from './monitor.ts';
import { type RunningWorker, startWorker } from './run.ts';

/** What the log says once both workers poll; whoever starts a worker may wait for it. */
export const READY_MESSAGE = 'worker ready';

/** How often an unreachable server is asked again at the start: 1 s apart, growing to 5 s, about a minute in all. */
const CONNECT_RETRIES = 14;

/**
 * The program `cutover worker`: runs until SIGTERM or SIGINT (a second one ends it at once). Throws CutoverError:
 * CUTOVER_USAGE, CUTOVER_PORT_TAKEN, or CUTOVER_TEMPORAL_UNREACHABLE after about a minute of asking.
 */
export async function workerMain(argv: string[]): Promise<void> {
  const config = readWorkerConfig(argv, process.env);
  if (config === null) return;
  const log = createLog(config.logLevel, config.logFile);
  const { metricsAddress: address } = config;
  let sdkPort: number | null = null;
  const monitor = address === null ? null : await startMonitor({ address, sdkPort: () => sdkPort, log });
  const stop = stopSignal(log);
  stop.signal.addEventListener('abort', () => monitor?.ending(), { once: true });
  try {
    sdkPort = await installRuntime(log, monitor !== null);
    const worker = await startPatiently(config, log, stop.signal, monitor);
    if (worker !== null) await runUntilStopped(worker, config, log, stop.signal, monitor);
  } finally {
    stop.release();
    await monitor?.close();
  }
}

async function runUntilStopped(
  worker: RunningWorker,
  config: WorkerConfig,
  log: Logger,
  stop: AbortSignal,
  monitor: Monitor | null,
): Promise<void> {
  const shutdown = () => void worker.shutdown().catch(() => undefined);
  stop.addEventListener('abort', shutdown, { once: true });
  if (stop.aborted) shutdown();
  else monitor?.attach(worker);
  const { connection, namespace, watchSlots } = config;
  log.info({ address: connection.address, namespace, watch_slots: watchSlots }, READY_MESSAGE);
  await worker.done;
  log.info('worker ended');
}

/** Null: it was asked to end while the server was still out of reach. */
async function startPatiently(
  config: WorkerConfig,
  log: Logger,
  stop: AbortSignal,
  monitor: Monitor | null,
): Promise<RunningWorker | null> {
  const bundlePath = builtPath(BUNDLE_FILE);
  const start = () =>
    startWorker({
      connectionOptions: config.connection,
      namespace: config.namespace,
      localUrl: config.localUrl,
      bundlePath: existsSync(bundlePath) ? bundlePath : undefined,
      slots: config.slots,
      watchSlots: config.watchSlots,
      cachedWorkflows: config.cachedWorkflows,
      version: config.version ?? undefined,
      scripts: config.scripts,
      secretsFolder: config.secretsFolder,
      meters: monitor?.meters,
    });
  try {
    return await pRetry(start, {
      retries: CONNECT_RETRIES,
      minTimeout: 1_000,
      maxTimeout: 5_000,
      signal: stop,
      shouldRetry: ({ error }) => error instanceof CutoverError && error.code === 'CUTOVER_TEMPORAL_UNREACHABLE',
      onFailedAttempt: ({ error, retriesLeft }) => log.warn({ retries_left: retriesLeft }, error.message),
    });
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
}

function stopSignal(log: Logger): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    log.info({ signal: name }, 'worker ending');
    controller.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const release = () => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  };
  return { signal: controller.signal, release };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await workerMain(process.argv.slice(2));
  } catch (error) {
    const known = error instanceof CutoverError;
    process.stderr.write(known ? `${error.code}: ${error.message}\n${error.hint}\n` : `${String(error)}\n`);
    process.exitCode = !known ? 1 : error.fault === 'user' ? 2 : 6;
  }
}
