/** The public side of one service: chooses colour and instance of each request, and counts what it was answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Colour, Weights } from '../plan/types.ts';
import { COLOUR_HEADER } from './api.ts';
import { type Instance, markUnready } from './instance.ts';
import type { ServiceMetrics } from './metrics.ts';
import { createForwarder, type ForwardResult } from './proxy.ts';
import { createShares } from './shares.ts';

export interface Router {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** New requests follow from the next one on; requests in flight end where they began. */
  setWeights(weights: Weights): void;
  /** Production requests in flight. */
  inFlight(colour: Colour): number;
  /** Drops the idle connections to instances. */
  close(): void;
}

export interface RouterOptions {
  service: string;
  weights: Weights;
  instances(colour: Colour): readonly Instance[];
  metrics(): ServiceMetrics;
}

/** Where the client left before the answer was complete (after nginx; no such code is ever sent). */
const CLIENT_CLOSED = 499;

export function createRouter(options: RouterOptions): Router {
  const forwarder = createForwarder();
  const inFlight: Weights = { blue: 0, green: 0 };
  let nextColour = createShares(options.weights);
  const turn: Record<Colour, number> = { blue: 0, green: 0 };

  /** The ready instance with the fewest requests in flight; equals take turns. */
  function choose(colour: Colour, not: Instance | null): Instance | null {
    const candidates = options.instances(colour);
    let best: Instance | null = null;
    turn[colour] += 1;
    for (let offset = 0; offset < candidates.length; offset += 1) {
      const instance = candidates[(turn[colour] + offset) % candidates.length];
      if (instance === undefined || instance === not || instance.phase !== 'ready') continue;
      if (best === null || instance.inFlight < best.inFlight) best = instance;
    }
    return best;
  }

  async function forwardTo(instance: Instance, request: IncomingMessage, response: ServerResponse, fresh: boolean) {
    const { colour, id, version, port } = instance.record;
    instance.inFlight += 1;
    try {
      return await forwarder.forward(request, response, { port, servedBy: `${colour}/${id}/${version}` }, fresh);
    } finally {
      instance.inFlight -= 1;
    }
  }

  /** Answers from the colour, or says why it cannot; never from the other colour. True: the instance broke off midway. */
  async function serve(colour: Colour, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const first = choose(colour, null);
    if (first === null) return refuseNotReady(options.service, colour, response);
    const result = await forwardTo(first, request, response, false);
    if (result.kind === 'done') return result.cut;
    if (result.refused) markUnready(first, 'refused a connection');
    if (!result.retryable || response.destroyed) return fail(colour, result, response);
    const second = choose(colour, result.refused ? first : null);
    if (second === null) return fail(colour, result, response);
    const again = await forwardTo(second, request, response, true);
    return again.kind === 'done' ? again.cut : fail(colour, again, response);
  }

  async function handleProduction(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const colour = nextColour();
    inFlight[colour] += 1;
    try {
      const cut = await serve(colour, request, response);
      await closed(response);
      options.metrics().countRequest(colour, finalCode(response, cut), (performance.now() - startedMs) / 1_000);
    } finally {
      inFlight[colour] -= 1;
    }
  }

  async function handleNamed(colour: Colour, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cut = await serve(colour, request, response);
    await closed(response);
    options.metrics().countHeaderRequest(colour, finalCode(response, cut));
  }

  return {
    handle(request, response) {
      const named = request.headers[COLOUR_HEADER];
      if (named === undefined) void handleProduction(request, response);
      else if (named === 'blue' || named === 'green') void handleNamed(named, request, response);
      else answer(response, 400, 'CUTOVER_USAGE', `${COLOUR_HEADER} must be blue or green`);
    },
    setWeights(weights) {
      nextColour = createShares(weights);
    },
    inFlight: (colour) => inFlight[colour],
    close: () => forwarder.close(),
  };
}

function refuseNotReady(service: string, colour: Colour, response: ServerResponse): false {
  response.setHeader('retry-after', '1');
  return answer(response, 503, 'CUTOVER_CAPACITY_SHORT', `no instance of ${service} on ${colour} is ready`);
}

function fail(colour: Colour, result: Extract<ForwardResult, { kind: 'failed' }>, response: ServerResponse): false {
  const message = `the instance on ${colour} did not answer: ${result.reason}`;
  return answer(response, result.timedOut ? 504 : 502, 'CUTOVER_PLATFORM_UNREACHABLE', message);
}

function answer(response: ServerResponse, status: number, code: string, message: string): false {
  if (response.destroyed || response.headersSent) return false;
  const body = JSON.stringify({ code, message });
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
  return false;
}

function closed(response: ServerResponse): Promise<void> {
  if (response.closed) return Promise.resolve();
  return new Promise((resolve) => response.once('close', resolve));
}

function finalCode(response: ServerResponse, cut: boolean): number {
  if (cut) return 502;
  return response.writableFinished ? response.statusCode : CLIENT_CLOSED;
}
