/**
 * Passes one request on to an instance and its answer back, both streamed. Built on httpxy; the answer's head is
 * written by `passOn`, because hop-by-hop headers of one connection do not belong on the other.
 */
import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createProxyServer } from 'httpxy';
import { ANSWER_TIMEOUT_MS, type ForwardResult, passOn, reasonOf, type Upstream, wasRefused } from './answer.ts';
import { dropHopByHop, hasBody } from './headers.ts';

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

/** An idle connection is kept this long, or less when the instance says so (Keep-Alive: timeout=…). */
const KEEP_IDLE_MS = 60_000;
const MAX_IDLE_PER_INSTANCE = 256;

interface Exchange {
  upstream: Upstream;
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
    passOn(incoming, response, exchange.upstream, () => {
      exchange.cut = true;
    });
  });

  return {
    async forward(request, response, upstream, fresh) {
      const exchange: Exchange = { upstream, outgoing: null, cut: false, timedOut: false };
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
  const refused = wasRefused(error);
  const idempotent = request.method === 'GET' || request.method === 'HEAD';
  const stale = idempotent && exchange.outgoing?.reusedSocket === true && !exchange.timedOut;
  const retryable = !hasBody(request) && (refused || stale);
  return {
    kind: 'failed',
    retryable,
    refused,
    timedOut: exchange.timedOut,
    reason: reasonOf(error, exchange.timedOut),
  };
}
