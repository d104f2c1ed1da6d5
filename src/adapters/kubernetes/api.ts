/**
 * The Kubernetes API as Cutover uses it: client-node's configuration, credentials and types, over connections that are
 * kept. (client-node opens a new one for every request, which costs a TLS handshake each.)
 */
import pRetry from 'p-retry';
import { CutoverError, type ErrorCode } from '../../errors.ts';
import { connect, forget, keepConnection, noCluster } from './connections.ts';
import { errorOfAnswer, perhapsForbidden, unreachable } from './errors.ts';
import { type Caller, type RequestLimit, type TakeTurn, turnsOf } from './request-limit.ts';
import { WatchedLists, type WatchedSource } from './watched.ts';

/** Whose fields a server-side apply owns, and who is named in an object's managed fields. */
export const FIELD_MANAGER = 'cutover';

/** A busy server says how long to wait: its usual second is waited within the call, so often; longer is the caller's to wait. */
const BUSY_RETRIES = 3;
const BUSY_PAUSE_MS = 1_000;

/** Which cluster, and how. `urgent`: its requests, apart from those for open watches, are counted and never held back. */
export interface ClusterAccess extends Caller {
  /** Context of the kubeconfig; null: the cluster that the worker runs in, else the kubeconfig's current context. */
  context: string | null;
  /** Of the requests that this worker makes of the cluster; absent: the defaults of `turnsOf`. */
  limit?: Partial<RequestLimit>;
}

export interface KubernetesApiOptions extends ClusterAccess {
  /** The code of errors when nothing answers. */
  unreachable: ErrorCode;
}

/** Of options that have more. */
export function accessOf({ context, limit = {}, urgent, party }: ClusterAccess): ClusterAccess {
  return { context, limit, urgent, party };
}

interface Call {
  /** Whose turn it is; absent: the caller's own. */
  turn?: TakeTurn;
  method: 'GET' | 'PATCH' | 'POST';
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
  signal: AbortSignal;
}

/**
 * Paths are those of the API (`/api/v1/namespaces/shop/services/checkout`). Errors are CutoverErrors:
 * CUTOVER_KUBERNETES_NOT_FOUND, _FORBIDDEN (names verb, resource and the rule that would allow it), _UNAUTHORIZED, _CONFLICT
 * (somebody wrote in between), _REFUSED (invalid, or refused by admission), _THROTTLED, _BOUND (held back here), or `unreachable`.
 */
export interface KubernetesApi {
  get<T>(path: string, signal: AbortSignal): Promise<T>;
  /** Null: there is no such object. */
  find<T>(path: string, signal: AbortSignal): Promise<T | null>;
  list<T>(path: string, labelSelector: string, signal: AbortSignal): Promise<T[]>;
  /**
   * As `list`, from an open watch whose last sign of life is at most `maxAgeMs` old. Where watching is not allowed, or has
   * ended, it is listed. `query`: `labelSelector` or `fieldSelector`.
   */
  recent<T>(path: string, query: Record<string, string>, maxAgeMs: number, signal: AbortSignal): Promise<T[]>;
  text(path: string, query: Record<string, string>, signal: AbortSignal): Promise<string>;
  /** Server-side apply as FIELD_MANAGER, taking over what others own; conditional when it names a resourceVersion. */
  apply<T>(path: string, object: object, signal: AbortSignal): Promise<T>;
  /**
   * JSON merge patch as FIELD_MANAGER; conditional when it names a resourceVersion. `strict`: refused when the server does
   * not know one of its fields, which it else drops in silence.
   */
  merge<T>(path: string, patch: object, signal: AbortSignal, strict?: boolean): Promise<T>;
  create<T>(path: string, object: object, signal: AbortSignal): Promise<T>;
}

export function createKubernetesApi(options: KubernetesApiOptions): KubernetesApi {
  const { context, limit = {}, urgent, party } = options;
  const ownTurn = turnsOf(context, limit, { urgent, party });

  async function call(what: Call): Promise<string> {
    try {
      return await untilNotBusy(what);
    } catch (error) {
      if (!(error instanceof CutoverError) || error.code !== 'CUTOVER_KUBERNETES_FORBIDDEN') throw error;
      if (!(await isReady(what.signal))) throw perhapsForbidden(error);
      // It may have become ready in between.
      return untilNotBusy(what);
    }
  }

  /** A server that has just started denies everything to everybody until it has read the roles. */
  async function isReady(signal: AbortSignal): Promise<boolean> {
    try {
      await once({ method: 'GET', path: '/readyz', signal });
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  function untilNotBusy(what: Call): Promise<string> {
    return pRetry(() => once(what), {
      retries: BUSY_RETRIES,
      factor: 1,
      minTimeout: BUSY_PAUSE_MS,
      signal: what.signal,
      shouldRetry: ({ error }) => isBusyBriefly(error),
    });
  }

  async function once(what: Call): Promise<string> {
    const connection = connect(context);
    const { library, config, client } = await connection;
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw noCluster(context, config);
    const request = new client.RequestContext(server.replace(/\/+$/, '') + what.path, client.HttpMethod[what.method]);
    for (const [name, value] of Object.entries(what.query ?? {})) request.setQueryParam(name, value);
    request.setHeaderParam('Accept', 'application/json');
    if (what.body !== undefined) {
      request.setHeaderParam('Content-Type', what.contentType ?? 'application/json');
      request.setBody(JSON.stringify(what.body));
    }
    request.setSignal(what.signal);
    await (what.turn ?? ownTurn)(what.signal);
    try {
      await config.applySecurityAuthentication(request);
      keepConnection(server, request);
      const response = await library.send(request).toPromise();
      const text = await response.body.text();
      if (response.httpStatusCode < 300) return text;
      if (response.httpStatusCode === 401) forget(context, connection);
      throw errorOfAnswer({ ...what, status: response.httpStatusCode, headers: response.headers, text });
    } catch (error) {
      if (error instanceof CutoverError) throw error;
      what.signal.throwIfAborted();
      throw unreachable(options.unreachable, server, what, error);
    }
  }

  async function json<T>(what: Call): Promise<T> {
    const text = await call(what);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new CutoverError(options.unreachable, `${what.method} ${what.path}: the answer is no JSON`, { cause });
    }
  }

  function patch<T>(path: string, body: object, how: { type: string; query: object }, signal: AbortSignal): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER, ...how.query };
    return json({ method: 'PATCH', path, query, body, contentType: `application/${how.type}`, signal });
  }

  const watchTurn = urgent ? turnsOf(context, limit, { party }) : ownTurn;
  const lists = watchedLists(context, () => ({
    list: (path, query, signal) => json({ method: 'GET', path, query, signal, turn: watchTurn }),
    async watch(path, query, event, done) {
      await watchTurn(new AbortController().signal);
      const { client, config } = await connect(context);
      const controller = await new client.Watch(config).watch(path, query, event, done);
      return () => controller.abort();
    },
  }));

  return {
    get: (path, signal) => json({ method: 'GET', path, signal }),
    async find<T>(path: string, signal: AbortSignal) {
      try {
        return await json<T>({ method: 'GET', path, signal });
      } catch (error) {
        if (error instanceof CutoverError && error.code === 'CUTOVER_KUBERNETES_NOT_FOUND') return null;
        throw error;
      }
    },
    async list<T>(path: string, labelSelector: string, signal: AbortSignal) {
      const { items } = await json<{ items: T[] }>({ method: 'GET', path, query: { labelSelector }, signal });
      return items;
    },
    recent: async <T>(path: string, query: Record<string, string>, maxAgeMs: number, signal: AbortSignal) =>
      (await lists.list(path, query, maxAgeMs, signal)) as T[],
    text: (path, query, signal) => call({ method: 'GET', path, query, signal }),
    apply: (path, object, signal) =>
      patch(path, object, { type: 'apply-patch+yaml', query: { force: 'true' } }, signal),
    merge: (path, object, signal, strict = false) =>
      patch(path, object, { type: 'merge-patch+json', query: strict ? { fieldValidation: 'Strict' } : {} }, signal),
    create: (path, body, signal) =>
      json({ method: 'POST', path, query: { fieldManager: FIELD_MANAGER }, body, signal }),
  };
}

/** By context: a watch outlives the adapter that asked for it first. */
const watched = new Map<string | null, WatchedLists>();

function watchedLists(context: string | null, source: () => WatchedSource): WatchedLists {
  const known = watched.get(context) ?? new WatchedLists(source());
  watched.set(context, known);
  return known;
}

/** The server wants to be asked again after BUSY_PAUSE_MS at the latest. */
function isBusyBriefly(error: Error): boolean {
  if (!(error instanceof CutoverError)) return false;
  const { retry_after_ms: told } = error.details;
  return typeof told === 'number' && told <= BUSY_PAUSE_MS;
}
