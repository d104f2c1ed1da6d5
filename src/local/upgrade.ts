/**
 * WebSockets (RFC 6455): the handshake is passed on to an instance, and when that agrees the two connections are joined
 * until either ends. Not httpxy's: it has ended the client's connection before a refusal can be answered or repeated.
 */
import { request as httpRequest, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  ANSWER_TIMEOUT_MS,
  answerHeaders,
  type ForwardResult,
  passOn,
  reasonOf,
  type Upstream,
  wasRefused,
} from './answer.ts';
import { addForwarded, dropHopByHop, hasBody } from './headers.ts';

/** First probe of a silent connection: a client that vanished must not hold its colour for hours. */
const SILENCE_MS = 60_000;

export function isWebSocketHandshake(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket' && !hasBody(request);
}

/**
 * Has a request answered as if it had not asked for another protocol, as RFC 9110, 7.8 allows: clients offer `h2c` with
 * ordinary requests. Node's parser has let go of the connection by then, so it reads the request once more.
 */
export function readWithoutUpgrade(server: Server, request: IncomingMessage, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  request.socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', request.socket);
}

/** Stands for the client's connection from its handshake on; another answer than 101 ends the connection. */
export function responseToHandshake(request: IncomingMessage, head: Buffer): ServerResponse {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  // A client that ends its side has left, and the socket's close tells so; an error is followed by it.
  socket.allowHalfOpen = false;
  socket.on('error', ignore);
  socket.setTimeout(0);
  if (head.length > 0) socket.unshift(head);
  // Only a socket that is read notices its end. What comes before the answer waits for the instance.
  socket.once('data', hold);
  return response;
}

function hold(this: Socket, early: Buffer): void {
  this.pause();
  this.unshift(early);
}

/**
 * Ends when both connections have, or with the instance's answer when it does not agree. `onUpgraded`: the client has been
 * answered 101. Never rejects.
 */
export function forwardHandshake(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  onUpgraded: () => void,
): Promise<ForwardResult> {
  dropHopByHop(request);
  addForwarded(request);
  const headers = { ...request.headers, connection: 'Upgrade', upgrade: 'websocket' };
  const address = { host: '127.0.0.1', port: upstream.port, path: request.url, agent: false as const };
  return new Promise((resolve) => {
    const outgoing = httpRequest({ ...address, headers });
    let timedOut = false;
    let cut = false;
    const leave = () => outgoing.destroy();
    response.once('close', leave);
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => {
      timedOut = true;
      outgoing.destroy();
    });
    outgoing.on('error', (error) => {
      response.off('close', leave);
      // An answer that has begun tells its own end.
      if (response.headersSent) return;
      const refused = wasRefused(error);
      resolve({ kind: 'failed', retryable: refused, refused, timedOut, reason: reasonOf(error, timedOut) });
    });
    outgoing.once('response', (incoming) => {
      outgoing.setTimeout(0);
      passOn(incoming, response, upstream, () => {
        cut = true;
        response.destroy();
      });
      response.once('close', () => resolve({ kind: 'done', cut }));
    });
    outgoing.once('upgrade', (incoming, _, early) => {
      response.off('close', leave);
      if (early.length > 0) incoming.socket.unshift(early);
      const protocol = incoming.headers.upgrade ?? 'websocket';
      const head = ['Connection', 'Upgrade', 'Upgrade', protocol, ...answerHeaders(incoming, upstream)];
      response.writeHead(101, head).flushHeaders();
      onUpgraded();
      join(request.socket, incoming.socket).then(() => resolve({ kind: 'done', cut: false }));
    });
    outgoing.end();
  });
}

/** What either side sends reaches the other; when one ends, the other still gets what was sent, and then ends too. */
async function join(client: Socket, instance: Socket): Promise<void> {
  client.off('data', hold);
  instance.on('error', ignore);
  for (const socket of [client, instance]) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, SILENCE_MS);
  }
  client.pipe(instance).pipe(client);
  await Promise.all([whenClosed(client, instance), whenClosed(instance, client)]);
}

function whenClosed(socket: Socket, other: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      other.destroySoon();
      resolve();
    };
    if (socket.closed) end();
    else socket.once('close', end);
  });
}

function ignore(): void {
  // The socket's close follows, and is what counts.
}
