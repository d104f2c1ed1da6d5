import { type Logger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { destination, type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
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
 * SDK; it leaves signals to the program.
 */
export function installRuntime(log: PinoLogger): void {
  const filter = makeTelemetryFilterString({ core: 'WARN', other: 'WARN' });
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: { logging: { filter, forward: {} } },
    shutdownSignals: [],
  });
}

function temporalLogger(log: PinoLogger): Logger {
  const at = (level: LogLevel) => (message: string, meta?: Record<string | symbol, unknown>) => {
    log[message.startsWith(ACTIVITIES_ONLY) ? 'debug' : level]({ ...meta }, message);
  };
  const [trace, debug, info, warn, error] = [at('trace'), at('debug'), at('info'), at('warn'), at('error')];
  const byLevel = { TRACE: trace, DEBUG: debug, INFO: info, WARN: warn, ERROR: error };
  return { log: (level, message, meta) => byLevel[level](message, meta), trace, debug, info, warn, error };
}
