import { type Logger, type MetricsExporterConfig, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { destination, type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
import { freePorts } from '../local/temporal/free-port.ts';
import type { LogLevel } from './config.ts';

/** The SDK warns of a worker without workflows; the one of `cutover-watch` has none by design. */
const ACTIVITIES_ONLY = 'No workflows registered';

/** JSON lines into `file`, or to standard error; readable ones where standard error is a terminal. */
export function createLog(level: LogLevel, file: string | null): PinoLogger {
  const options = { level, base: { pid: process.pid } };
  if (file !== null) return pino(options, destination({ dest: file, mkdir: true, sync: true }));
  if (!process.stderr.isTTY) return pino(options, destination({ dest: 2, sync: true }));
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' }));
}

/**
 * Sends everything that the SDK and workflow code log through `log`. Once per process, before anything else of the
 * SDK; it leaves signals to the program. With `metrics` the SDK serves its own on 127.0.0.1, at the port returned; null:
 * it does not.
 */
export async function installRuntime(log: PinoLogger, metrics: boolean): Promise<number | null> {
  const port = metrics ? await sdkPort() : null;
  const filter = makeTelemetryFilterString({ core: 'WARN', other: 'WARN' });
  const install = (port: number | null) =>
    Runtime.install({
      logger: temporalLogger(log),
      telemetryOptions: { logging: { filter, forward: {} }, ...(port === null ? {} : { metrics: exporter(port) }) },
      shutdownSignals: [],
    });
  try {
    install(port);
    return port;
  } catch (error) {
    if (port === null) throw error;
    // Somebody was faster; a worker without the SDK's metrics is better than none.
    log.warn({ err: error }, 'the metrics of the Temporal SDK are not served');
    install(null);
    return null;
  }
}

async function sdkPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Names and units as Prometheus wants them. */
function exporter(port: number): MetricsExporterConfig {
  return {
    prometheus: {
      bindAddress: `127.0.0.1:${port}`,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
    },
  };
}

function temporalLogger(log: PinoLogger): Logger {
  const at = (level: LogLevel) => (message: string, meta?: Record<string | symbol, unknown>) => {
    log[message.startsWith(ACTIVITIES_ONLY) ? 'debug' : level]({ ...meta }, message);
  };
  const [trace, debug, info, warn, error] = [at('trace'), at('debug'), at('info'), at('warn'), at('error')];
  const byLevel = { TRACE: trace, DEBUG: debug, INFO: info, WARN: warn, ERROR: error };
  return { log: (level, message, meta) => byLevel[level](message, meta), trace, debug, info, warn, error };
}
