import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CutoverError } from '../errors.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the worker serves its metrics and health. */
export interface MetricsAddress {
  host: string;
  /** 0: one that is free. */
  port: number;
  /** Nobody chose it, so that another port does as well. */
  isDefault: boolean;
}

const DEFAULT_METRICS_ADDRESS: MetricsAddress = { host: '127.0.0.1', port: 9_464, isDefault: true };

export interface WorkerConfig {
  /** Address, TLS, API key: as `@temporalio/envconfig` reads them, `--address` over it. */
  connection: NativeConnectionOptions;
  namespace: string;
  /** Admin URL of the local program, for plans that name none. */
  localUrl: string;
  /** Short mutations at once. */
  slots: number;
  /** Watchers, waits and checks at once: about two for each deployment that is being watched. */
  watchSlots: number;
  /** Workflows kept in memory, about 40 KB each. */
  cachedWorkflows: number;
  /** Which build this is, where runs are to stay on the build that started them; null: no worker versioning. */
  version: { deploymentName: string; buildId: string } | null;
  /** Absolute path of the directory that scripts of a plan must lie in; null: none are run. */
  scripts: string | null;
  /** Absolute path of the directory that files with credentials must lie in; null: none are read. */
  secretsFolder: string | null;
  /** Null: not at all. */
  metricsAddress: MetricsAddress | null;
  logLevel: LogLevel;
  /** Null: standard error. */
  logFile: string | null;
}

interface Flags {
  address?: string;
  namespace?: string;
  localUrl: string;
  slots: number;
  watchSlots: number;
  cachedWorkflows: number;
  deploymentName?: string;
  buildId?: string;
  scripts?: string;
  secrets?: string;
  metricsAddress?: MetricsAddress | 'off';
  logLevel: LogLevel;
  logFile?: string;
}

/**
 * Flags over the environment over defaults. Null: help was asked for, and printed.
 * Throws CUTOVER_USAGE for a flag or a variable that cannot be read.
 */
export function readWorkerConfig(argv: string[], env: NodeJS.ProcessEnv): WorkerConfig | null {
  let command: Command;
  try {
    command = workerCommand(env).parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw new CutoverError('CUTOVER_USAGE', error.message.replace(/^error: /, ''), { cause: error });
  }
  const flags = command.opts<Flags>();
  const { connectionOptions, namespace } = readConnection(env);
  const metricsAddress = flags.metricsAddress ?? DEFAULT_METRICS_ADDRESS;
  const address = flags.address ?? connectionOptions.address;
  return {
    connection: { ...connectionOptions, ...(address === undefined ? {} : { address }) },
    namespace: flags.namespace ?? namespace ?? 'default',
    localUrl: flags.localUrl,
    slots: flags.slots,
    watchSlots: flags.watchSlots,
    cachedWorkflows: flags.cachedWorkflows,
    version: versionOf(flags),
    scripts: flags.scripts === undefined ? null : resolve(flags.scripts),
    secretsFolder: flags.secrets === undefined ? null : resolve(flags.secrets),
    metricsAddress: metricsAddress === 'off' ? null : metricsAddress,
    logLevel: flags.logLevel,
    logFile: flags.logFile ?? null,
  };
}

function workerCommand(env: NodeJS.ProcessEnv): Command {
  const fromEnv = (option: Option, name: string) => {
    option.description += ` [${name}]`;
    const value = env[name];
    return value === undefined || value === '' ? option : option.default(readVariable(option, name, value));
  };
  const count = (flag: string, about: string, fallback: number, name: string) =>
    fromEnv(new Option(flag, about).argParser(parseCount).default(fallback), name);

  return new Command('cutover worker')
    .description('Runs deployments until it is asked to end (SIGTERM, SIGINT).')
    .addOption(new Option('--address <host:port>', 'Temporal front end [TEMPORAL_ADDRESS]'))
    .addOption(new Option('--namespace <name>', 'Temporal namespace [TEMPORAL_NAMESPACE]'))
    .addOption(
      fromEnv(
        new Option('--local-url <url>', 'admin URL of the local program').default('http://127.0.0.1:7440'),
        'CUTOVER_LOCAL_URL',
      ),
    )
    .addOption(count('--slots <n>', 'short mutations at once', 500, 'CUTOVER_SLOTS'))
    .addOption(count('--watch-slots <n>', 'watchers, waits and checks at once', 5_000, 'CUTOVER_WATCH_SLOTS'))
    .addOption(count('--cached-workflows <n>', 'workflows kept in memory', 5_000, 'CUTOVER_CACHED_WORKFLOWS'))
    .addOption(
      fromEnv(
        new Option('--deployment-name <name>', 'worker versioning: the worker deployment'),
        'TEMPORAL_DEPLOYMENT_NAME',
      ),
    )
    .addOption(
      fromEnv(new Option('--build-id <id>', 'worker versioning: this build of it'), 'TEMPORAL_WORKER_BUILD_ID'),
    )
    .addOption(
      fromEnv(
        new Option('--scripts <directory>', 'runs scripts of hooks and checks that lie in it').argParser(
          parseDirectory,
        ),
        'CUTOVER_SCRIPTS',
      ),
    )
    .addOption(
      fromEnv(
        new Option('--secrets <directory>', "reads a plan's files of credentials that lie in it").argParser(
          parseDirectory,
        ),
        'CUTOVER_SECRETS',
      ),
    )
    .addOption(
      fromEnv(
        new Option('--metrics-address <host:port>', 'metrics and health; 127.0.0.1:9464 when absent, or off').argParser(
          parseMetricsAddress,
        ),
        'CUTOVER_METRICS_ADDRESS',
      ),
    )
    .addOption(
      fromEnv(
        new Option('--log-level <level>', LOG_LEVELS.join(', ')).argParser(parseLevel).default('info'),
        'CUTOVER_LOG_LEVEL',
      ),
    )
    .addOption(fromEnv(new Option('--log-file <file>', 'JSON lines; standard error when absent'), 'CUTOVER_LOG_FILE'))
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
}

/** The two that the Temporal Worker Controller sets; one without the other is half a name. */
function versionOf({ deploymentName, buildId }: Flags): WorkerConfig['version'] {
  if (deploymentName !== undefined && buildId !== undefined) return { deploymentName, buildId };
  if (deploymentName === undefined && buildId === undefined) return null;
  const missing = deploymentName === undefined ? '--deployment-name' : '--build-id';
  throw new CutoverError(
    'CUTOVER_USAGE',
    `Worker versioning needs --deployment-name and --build-id: ${missing} is missing.`,
  );
}

function readVariable(option: Option, name: string, value: string): unknown {
  try {
    return option.parseArg === undefined ? value : option.parseArg(value, undefined);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new InvalidArgumentError(`${name}: ${error.message}`);
    throw error;
  }
}

function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100_000) return value;
  throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to 100000.`);
}

/** `9464`, `0.0.0.0:9464`, `[::]:9464`, or `off`. */
function parseMetricsAddress(text: string): MetricsAddress | 'off' {
  if (text.toLowerCase() === 'off') return 'off';
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]:|([^:[\]\s]+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65_535)
    return { host: bracketed ?? plain ?? '127.0.0.1', port, isDefault: false };
  throw new InvalidArgumentError(`"${text}" is no host:port such as 0.0.0.0:9464, no port, and not off.`);
}

function parseDirectory(text: string): string {
  if (existsSync(text) && statSync(text).isDirectory()) return text;
  throw new InvalidArgumentError(`"${text}" is no directory.`);
}

function parseLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase());
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`"${text}" is none of ${LOG_LEVELS.join(', ')}.`);
}

function readConnection(env: NodeJS.ProcessEnv): ReturnType<typeof loadClientConnectConfig> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(entries) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CutoverError('CUTOVER_USAGE', `The Temporal connection's settings cannot be read: ${reason}`, {
      cause: error,
    });
  }
}
