/**
 * Where Temporal is and who is asking. The connection's settings are the ones every Temporal tool reads
 * (TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY, _TLS…, TEMPORAL_PROFILE and temporal.toml); only the environment of this
 * process is read, and only here.
 */
import { userInfo } from 'node:os';
import { env } from 'node:process';
import type { ConnectionOptions } from '@temporalio/client';
import { CutoverError } from '../errors.ts';

export const DEFAULT_ADDRESS = '127.0.0.1:7233';
export const DEFAULT_NAMESPACE = 'default';
const DEFAULT_LOCAL_URL = 'http://127.0.0.1:7440';
const DEV_SERVER_UI = 'http://127.0.0.1:8233';

/** Given values go before those of the environment. */
export interface ConnectOptions {
  address?: string;
  namespace?: string;
  /** Address of the Web UI, for the links shown. */
  uiUrl?: string;
  /** How long to wait for Temporal at first, milliseconds. Default: 3000. */
  connectTimeoutMs?: number;
}

export interface TemporalConfig {
  connection: ConnectionOptions & { address: string };
  namespace: string;
}

/** CUTOVER_USAGE when the configuration cannot be read. */
export async function loadTemporalConfig(options: ConnectOptions = {}): Promise<TemporalConfig> {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const { connectionOptions, namespace } = attempt(() => loadClientConnectConfig());
  const { apiKey, tls, metadata } = connectionOptions;
  return {
    connection: {
      address: options.address ?? connectionOptions.address ?? DEFAULT_ADDRESS,
      ...(tls === undefined ? {} : { tls }),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
      ...(metadata === undefined ? {} : { metadata }),
      connectTimeout: options.connectTimeoutMs ?? 3_000,
    },
    namespace: options.namespace ?? namespace ?? DEFAULT_NAMESPACE,
  };
}

function attempt<T>(load: () => T): T {
  try {
    return load();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError('CUTOVER_USAGE', `The Temporal configuration cannot be read: ${why}`, { cause });
  }
}

/**
 * The Web UI's base address: given, CUTOVER_UI_URL, or where the development server has it when Temporal is on this
 * machine at its usual port. Null: unknown.
 */
export function webUiUrl(address: string, given?: string): string | null {
  const known = given ?? env.CUTOVER_UI_URL;
  if (known !== undefined && known !== '') return known.replace(/\/+$/, '');
  return /^(localhost|127\.0\.0\.1|\[::1\]):7233$/.test(address) ? DEV_SERVER_UI : null;
}

/** Admin URL of the local program for plans that name none, as a worker reads it: CUTOVER_LOCAL_URL. */
export function localProgramUrl(): string {
  const named = env.CUTOVER_LOCAL_URL;
  return named !== undefined && named !== '' ? named : DEFAULT_LOCAL_URL;
}

/** Who sends a message when `--by` is not given: CUTOVER_BY, else the account's name. */
export function defaultSender(): string {
  const named = env.CUTOVER_BY;
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
