/**
 * Passes one request on to an instance and its answer back, both streamed. Built on httpxy; the answer's head is
 * written here, because hop-by-hop headers (RFC 9110, 7.6.1) of one connection do not belong on the other.
 */
import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createProxyServer } from 'httpxy';
import { SERVED_BY_HEADER } from './api.ts';

/**
 * - `done`: an answer was passed on, whole or as far as both sides went; `cut`: the instance broke off midway.
 * - `failed`: nothing of an answer came. `retryable`: the instance cannot have seen the request, or it may see it twice.
 */
export type ForwardResult =
  | { kind: 'done'; cut: boolean }
  | { kind: 'failed'; retryable: boolean; refused: boolean; timedOut: boolean; reason: string };

export interface Upstream {
  port: number;
  /** Value of the answer's X-Cutover-Served-By. */
  servedBy: string;
}

export interface Forwarder {
  /** `fresh`: on a connection of its own, never on a kept one. Never rejects. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    upstream: Upstream,
    fresh: boolean,
  ): Promise<ForwardResult>;
  close(): void;
}

/** How long an instance may leave a request without the first byte of an answer. */
const ANSWER_TIMEOUT_MS = 120_000;
/** An idle connection is kept this long, or less when the instance says so (Keep-Alive: timeout=…). */
const KEEP_IDLE_MS = 60_000;
const MAX_IDLE_PER_INSTANCE = 256;
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

interface Exchange {
  servedBy: string;
  outgoing: ClientRequest | null;
  cut: boolean;
  timedOut: boolean;
}

export function createForwarder(): Forwarder {
  const agent = new Agent({
    ...{ keepAlive: true, scheduling: 'lifo', timeout: KEEP_IDLE_MS },
    ...{ maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: MAX_IDLE_PER_INSTANCE },
  });
  const proxy = createProxyServer({ selfHandleResponse: true, xfwd: true });
  const exchanges = new WeakMap<IncomingMessage, Exchange>();

  proxy.on('proxyReq', (outgoing, request) => {
    const exchange = exchanges.get(request);
    if (exchange === undefined) return;
    exchange.outgoing = outgoing;
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => {
      exchange.timedOut = true;
      outgoing.destroy();
    });
  });
  proxy.on('proxyRes', (incoming, request, response) => {
    const exchange = exchanges.get(request);
    if (exchange === undefined) return;
    exchange.outgoing?.setTimeout(0);
    // Before httpxy's own listeners, which destroy the response: who broke off first is to blame.
    const breakOff = () => {
      if (!incoming.complete && !response.destroyed) exchange.cut = true;
    };
    incoming.once('error', breakOff);
    incoming.once('close', breakOff);
    const headers = [...endToEndHeaders(incoming), SERVED_BY_HEADER, exchange.servedBy];
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', headers);
    incoming.pipe(response);
  });

  return {
    async forward(request, response, upstream, fresh) {
      const exchange: Exchange = { servedBy: upstream.servedBy, outgoing: null, cut: false, timedOut: false };
      exchanges.set(request, exchange);
      dropHopByHop(request);
      const target = { protocol: 'http:', host: '127.0.0.1', port: upstream.port };
      try {
        await proxy.web(request, response, { target, agent: fresh ? false : agent });
        return { kind: 'done', cut: exchange.cut };
      } catch (error) {
        if (response.headersSent) return { kind: 'done', cut: exchange.cut };
        return describeFailure(request, exchange, error);
      }
    },
    close: () => agent.destroy(),
  };
}

function describeFailure(request: IncomingMessage, exchange: Exchange, error: unknown): ForwardResult {
  const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  const idempotent = request.method === 'GET' || request.method === 'HEAD';
  const stale = idempotent && exchange.outgoing?.reusedSocket === true && !exchange.timedOut;
  const reason = exchange.timedOut ? `no answer within ${ANSWER_TIMEOUT_MS} ms` : String(error);
  const retryable = !hasBody(request) && (refused || stale);
  return { kind: 'failed', retryable, refused, timedOut: exchange.timedOut, reason };
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** Frame the request; a client that names them in Connection must not have its body read as another request. */
const NEVER_DROPPED = new Set(['transfer-encoding', 'content-length', 'host']);

/** `expect` goes too: this server has answered it. */
function dropHopByHop(request: IncomingMessage): void {
  for (const name of [...HOP_BY_HOP, ...connectionTokens(request.headers.connection), 'expect']) {
    if (!NEVER_DROPPED.has(name)) delete request.headers[name];
  }
}

/** Name, value, name, value … as the instance sent them. */
function endToEndHeaders(incoming: IncomingMessage): string[] {
  const dropped = new Set([
    ...HOP_BY_HOP,
    ...connectionTokens(incoming.headers.connection),
    SERVED_BY_HEADER.toLowerCase(),
  ]);
  const kept: string[] = [];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    const name = incoming.rawHeaders[index] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, incoming.rawHeaders[index + 1] ?? '');
  }
  return kept;
}

function connectionTokens(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((token) => token.trim().toLowerCase());
}
