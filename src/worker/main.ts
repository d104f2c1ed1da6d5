import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { CutoverError } from '../errors.ts';
import { builtPath } from '../package-root.ts';
import { BUNDLE_FILE } from './bundle.ts';
import { readWorkerConfig, type WorkerConfig } from './config.ts';
import { createLog, installRuntime } from './logging.ts';
import { type RunningWorker, startWorker } from './run.ts';

/** What the log says once both workers poll; whoever starts a worker may wait for it. */
export const READY_MESSAGE = 'worker ready';

/** How often an unreachable server is asked again at the start: 1 s apart, growing to 5 s, about a minute in all. */
const CONNECT_RETRIES = 14;

/**
 * The program `cutover worker`: runs until SIGTERM or SIGINT (a second one ends it at once). Throws CutoverError:
 * CUTOVER_USAGE, or CUTOVER_TEMPORAL_UNREACHABLE after about a minute of asking.
 */
export async function workerMain(argv: string[]): Promise<void> {
  const config = readWorkerConfig(argv, process.env);
  if (config === null) return;
  const log = createLog(config.logLevel, config.logFile);
  installRuntime(log);
  const stop = stopSignal(log);
  const worker = await startPatiently(config, log, stop.signal);
  if (worker === null) return;
  stop.signal.addEventListener('abort', () => void worker.shutdown().catch(() => undefined), { once: true });
  if (stop.signal.aborted) void worker.shutdown().catch(() => undefined);
  log.info(
    { address: config.connection.address, namespace: config.namespace, watch_slots: config.watchSlots },
    READY_MESSAGE,
  );
  try {
    await worker.done;
    log.info('worker ended');
  } finally {
    stop.release();
  }
}

/** Null: it was asked to end while the server was still out of reach. */
async function startPatiently(config: WorkerConfig, log: Logger, stop: AbortSignal): Promise<RunningWorker | null> {
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
    process.exitCode = !known ? 1 : error.code === 'CUTOVER_USAGE' ? 2 : 6;
  }
}
