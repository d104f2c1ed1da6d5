/** The public side of one service: chooses colour and instance of each request, and counts what it was answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RouterState } from '../adapters/types.ts';
import type { Colour, Weights } from '../plan/types.ts';
import { sameWeights } from '../plan/weights.ts';
import { answer, type ForwardResult, type Upstream } from './answer.ts';
import { COLOUR_HEADER } from './api.ts';
import { type Instance, markUnready } from './instance.ts';
import type { PublicHandler } from './listener.ts';
import type { ServiceMetrics } from './metrics.ts';
import { createForwarder } from './proxy.ts';
import { createShares } from './shares.ts';
import { colourOfKey, cookieName, drawKey, formatCookie, readKey } from './sticky.ts';
import { forwardHandshake, responseToHandshake } from './upgrade.ts';

export interface Router extends PublicHandler {
  /** New requests follow from the next one on; requests and WebSockets in flight end where they began. */
  setTraffic(traffic: Traffic): void;
  /** Production requests in flight, and WebSockets until they end. */
  inFlight(colour: Colour): number;
  /** Drops the idle connections to instances. */
  close(): void;
}

/** What decides where requests go. */
type Traffic = Pick<RouterState, 'weights' | 'exposed'>;

export interface RouterOptions {
  service: string;
  traffic: Traffic;
  /** Whether a cookie keeps a client on its colour. */
  isSticky(): boolean;
  instances(colour: Colour): readonly Instance[];
  metrics(): ServiceMetrics;
}

/** Where a request goes, and the cookie that its client gets there. */
type Place = Pick<Upstream, 'setCookie'> & { colour: Colour };

/** One request on its way. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** `onUpgraded`: a WebSocket has begun; the result follows when it has ended. */
  forward(upstream: Upstream, fresh: boolean, onUpgraded: () => void): Promise<ForwardResult>;
}

/** Where the client left before the answer was complete (after nginx; no such code is ever sent). */
const CLIENT_CLOSED = 499;
const SWITCHING_PROTOCOLS = 101;

export function createRouter(options: RouterOptions): Router {
  const forwarder = createForwarder();
  const cookie = cookieName(options.service);
  const inFlight: Weights = { blue: 0, green: 0 };
  let { weights, exposed } = options.traffic;
  let nextColour = createShares(weights);
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

  function placeOf(request: IncomingMessage): Place {
    if (exposed?.header != null && hasHeader(request, exposed.header)) {
      return { colour: exposed.colour, setCookie: null };
    }
    if (!options.isSticky()) return { colour: nextColour(), setCookie: null };
    const known = readKey(request.headers.cookie, cookie);
    if (known !== null) return { colour: colourOfKey(known, weights), setCookie: null };
    const colour = nextColour();
    return { colour, setCookie: formatCookie(cookie, drawKey(colour, weights)) };
  }

  async function forwardTo(
    instance: Instance,
    exchange: Exchange,
    { setCookie }: Place,
    fresh: boolean,
    onUpgraded: () => void,
  ): Promise<ForwardResult> {
    const { colour, id, version, port } = instance.record;
    instance.inFlight += 1;
    try {
      return await exchange.forward({ port, servedBy: `${colour}/${id}/${version}`, setCookie }, fresh, onUpgraded);
    } finally {
      instance.inFlight -= 1;
    }
  }

  /** Answers from the colour, or says why it cannot; never from the other colour. True: the instance broke off midway. */
  async function serve(place: Place, exchange: Exchange, onUpgraded: () => void): Promise<boolean> {
    const { colour } = place;
    const { response } = exchange;
    const first = choose(colour, null);
    if (first === null) return refuseNotReady(options.service, colour, response);
    const result = await forwardTo(first, exchange, place, false, onUpgraded);
    if (result.kind === 'done') return result.cut;
    if (result.refused) markUnready(first, 'refused a connection');
    if (!result.retryable || response.destroyed) return fail(colour, result, response);
    const second = choose(colour, result.refused ? first : null);
    if (second === null) return fail(colour, result, response);
    const again = await forwardTo(second, exchange, place, true, onUpgraded);
    return again.kind === 'done' ? again.cut : fail(colour, again, response);
  }

  /** Counts what the client was answered: a WebSocket when it begins, all else when it is over. */
  async function serveAndCount(place: Place, exchange: Exchange, count: (code: number) => void): Promise<void> {
    const { response } = exchange;
    const cut = await serve(place, exchange, () => count(SWITCHING_PROTOCOLS));
    await closed(response);
    if (response.statusCode !== SWITCHING_PROTOCOLS) count(finalCode(response, cut));
  }

  async function handleProduction(exchange: Exchange): Promise<void> {
    const startedMs = performance.now();
    const place = placeOf(exchange.request);
    const { colour } = place;
    inFlight[colour] += 1;
    try {
      await serveAndCount(place, exchange, (code) =>
        options.metrics().countRequest(colour, code, (performance.now() - startedMs) / 1_000),
      );
    } finally {
      inFlight[colour] -= 1;
    }
  }

  function handleNamed(colour: Colour, exchange: Exchange): Promise<void> {
    return serveAndCount({ colour, setCookie: null }, exchange, (code) =>
      options.metrics().countHeaderRequest(colour, code),
    );
  }

  function handle(exchange: Exchange): void {
    const named = exchange.request.headers[COLOUR_HEADER];
    if (named === undefined) void handleProduction(exchange);
    else if (named === 'blue' || named === 'green') void handleNamed(named, exchange);
    else answer(exchange.response, 400, 'CUTOVER_USAGE', `${COLOUR_HEADER} must be blue or green`);
  }

  return {
    handle: (request, response) =>
      handle({
        ...{ request, response },
        forward: (upstream, fresh) => forwarder.forward(request, response, upstream, fresh),
      }),
    handleUpgrade(request, head) {
      const response = responseToHandshake(request, head);
      handle({
        ...{ request, response },
        forward: (upstream, _, onUpgraded) => forwardHandshake(request, response, upstream, onUpgraded),
      });
    },
    setTraffic(next) {
      // What is merely exposed, or no more, leaves the turns of the shares where they are.
      if (!sameWeights(next.weights, weights)) nextColour = createShares(next.weights);
      ({ weights, exposed } = next);
    },
    inFlight: (colour) => inFlight[colour],
    close: () => forwarder.close(),
  };
}

function hasHeader({ headers }: IncomingMessage, { name, value }: { name: string; value: string }): boolean {
  return headers[name.toLowerCase()] === value;
}

function refuseNotReady(service: string, colour: Colour, response: ServerResponse): false {
  response.setHeader('retry-after', '1');
  answer(response, 503, 'CUTOVER_CAPACITY_SHORT', `no instance of ${service} on ${colour} is ready`);
  return false;
}

function fail(colour: Colour, result: Extract<ForwardResult, { kind: 'failed' }>, response: ServerResponse): false {
  const message = `the instance on ${colour} did not answer: ${result.reason}`;
  answer(response, result.timedOut ? 504 : 502, 'CUTOVER_PLATFORM_UNREACHABLE', message);
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
