/** Typed client of the local program's admin API. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fence } from '../adapters/types.ts';
import { CutoverError, ERRORS, type ErrorCode } from '../errors.ts';
import type { Colour } from '../plan/types.ts';
import type {
  ColourRequest,
  ColourView,
  RouterAnswer,
  RouterRequest,
  RouterView,
  ServiceDefinitionInput,
  ServiceView,
} from './api.ts';

export interface LocalClientOptions {
  url: string;
  /** Per call, retries included. */
  timeoutMs?: number | undefined;
  /** The code of errors when nothing answers. */
  unreachable?: ErrorCode | undefined;
}

interface Call {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal: AbortSignal | undefined;
  /** Statuses beside 2xx that carry an answer instead of an error. */
  answers?: number[];
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 4_000;
/** A removal waits for requests in flight: the service's drain limit, on a busy machine. */
const REMOVE_TIMEOUT_MS = 60_000;
/** A refused connection means that nothing was done; the program may be on its way back. */
const REFUSED_RETRIES_MS = [50, 100, 200, 400];
const CONFLICT = 412;
const SUPERSEDED = 409;

/**
 * Every call is idempotent; a write that was refused a connection is retried for some 750 ms within the call's own time.
 * Errors are CutoverErrors: the program's own code, or `unreachable`.
 */
export class LocalClient {
  readonly url: string;
  readonly #timeoutMs: number;
  readonly #unreachable: ErrorCode;

  constructor({
    url,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    unreachable = 'CUTOVER_PLATFORM_UNREACHABLE',
  }: LocalClientOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#timeoutMs = timeoutMs;
    this.#unreachable = unreachable;
  }

  async health(signal?: AbortSignal): Promise<void> {
    await this.#json({ method: 'GET', path: '/healthz', signal });
  }

  async services(signal?: AbortSignal): Promise<ServiceView[]> {
    const { services } = await this.#json<{ services: ServiceView[] }>({ method: 'GET', path: '/v1/services', signal });
    return services;
  }

  service(service: string, signal?: AbortSignal): Promise<ServiceView> {
    return this.#json({ method: 'GET', path: servicePath(service), signal });
  }

  /** Creates the service or changes its definition. */
  define(service: string, definition: ServiceDefinitionInput, signal?: AbortSignal): Promise<ServiceView> {
    return this.#json({ method: 'PUT', path: servicePath(service), body: definition, signal });
  }

  /** Ends when its requests and instances have. Right also without such a service. `force`: although it has traffic. */
  async remove(service: string, force: boolean, signal?: AbortSignal): Promise<void> {
    const path = `${servicePath(service)}?force=${force}`;
    await this.#call({ method: 'DELETE', path, signal, timeoutMs: REMOVE_TIMEOUT_MS });
  }

  deploy(service: string, colour: Colour, request: ColourRequest, signal?: AbortSignal): Promise<ColourView> {
    return this.#json({ method: 'PUT', path: `${servicePath(service)}/colours/${colour}`, body: request, signal });
  }

  router(service: string, signal?: AbortSignal): Promise<RouterView> {
    return this.#json({ method: 'GET', path: `${servicePath(service)}/router`, signal });
  }

  /** `expectedRevision` `*`: whatever stands (only without a fence). */
  shift(
    service: string,
    request: RouterRequest,
    expectedRevision: string,
    signal?: AbortSignal,
  ): Promise<RouterAnswer> {
    return this.#write(
      { method: 'PUT', path: `${servicePath(service)}/router`, body: request, signal },
      expectedRevision,
    );
  }

  claim(service: string, fence: Fence, expectedRevision: string, signal?: AbortSignal): Promise<RouterAnswer> {
    const path = `${servicePath(service)}/router/claim`;
    return this.#write({ method: 'POST', path, body: { fence }, signal }, expectedRevision);
  }

  /** Prometheus text of one service. */
  async metrics(service: string, signal?: AbortSignal): Promise<string> {
    const response = await this.#call({ method: 'GET', path: `${servicePath(service)}/metrics`, signal });
    return response.text;
  }

  #write(call: Call, expectedRevision: string): Promise<RouterAnswer> {
    const headers = { 'if-match': expectedRevision === '*' ? '*' : `"${expectedRevision}"` };
    return this.#json({ ...call, headers, answers: [CONFLICT, SUPERSEDED] });
  }

  async #json<T>(call: Call): Promise<T> {
    const { status, text } = await this.#call(call);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new CutoverError(this.#unreachable, `${this.url} answered ${status} without JSON`, { cause });
    }
  }

  async #call(call: Call): Promise<{ status: number; text: string }> {
    const limit = AbortSignal.timeout(call.timeoutMs ?? this.#timeoutMs);
    const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { status, ok, text } = await this.#fetch(call, signal);
        if (ok || call.answers?.includes(status)) return { status, text };
        throw errorFrom(status, text, call);
      } catch (cause) {
        if (cause instanceof CutoverError) throw cause;
        const waitMs = REFUSED_RETRIES_MS[attempt];
        if (signal.aborted || !wasRefused(cause) || waitMs === undefined) throw this.#notReached(call, cause);
        await sleep(waitMs, undefined, { signal }).catch((error) => Promise.reject(this.#notReached(call, error)));
      }
    }
  }

  async #fetch(call: Call, signal: AbortSignal): Promise<{ status: number; ok: boolean; text: string }> {
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    const headers = { ...call.headers, ...(body === null ? {} : { 'content-type': 'application/json' }) };
    const response = await fetch(this.url + call.path, { method: call.method, headers, body, signal });
    return { status: response.status, ok: response.ok, text: await response.text() };
  }

  #notReached(call: Call, cause: unknown): CutoverError {
    const reason = causeOf(cause);
    return new CutoverError(this.#unreachable, `${call.method} ${this.url}${call.path}: ${reason}`, { cause });
  }
}

function servicePath(service: string): string {
  return `/v1/services/${encodeURIComponent(service)}`;
}

function errorFrom(status: number, text: string, call: Call): CutoverError {
  const body = parseError(text);
  const code = body.code !== undefined && body.code in ERRORS ? (body.code as ErrorCode) : 'CUTOVER_INTERNAL';
  const message = body.message ?? `${call.method} ${call.path} answered ${status}`;
  return new CutoverError(code, message, { details: { status } });
}

function parseError(text: string): { code?: string; message?: string } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function wasRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
