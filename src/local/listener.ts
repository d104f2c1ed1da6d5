import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWebSocketHandshake, readWithoutUpgrade } from './upgrade.ts';

/** What becomes of what clients send. */
export interface PublicHandler {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** The handshake of a WebSocket; `head`: what the client sent right after it. */
  handleUpgrade(request: IncomingMessage, head: Buffer): void;
}

export interface PublicListener {
  port: number;
  /** Stops accepting, lets requests and WebSockets end (at most `drainMs`), then closes every connection. */
  close(drainMs: number): Promise<void>;
}

/** Longer than the idle time of common clients and load balancers, so that they close first (Node's default: 5 s). */
const KEEP_ALIVE_MS = 75_000;
/** Node 24.9 and later ask the callback before they leave a connection to the listener of `upgrade`; others do not. */
const SERVER_OPTIONS = { keepAliveTimeout: KEEP_ALIVE_MS, shouldUpgradeCallback: isWebSocketHandshake };
/** How often a closing listener looks for connections that have become idle. */
const IDLE_POLL_MS = 20;

/** Listens for clients; rejects with the system's error, EADDRINUSE among them. Port 0: one that is free. */
export function listenPublic(host: string, port: number, handler: PublicHandler): Promise<PublicListener> {
  let closing = false;
  const open = new Set<ServerResponse>();
  /** Connections that Node's server has let go of, and would neither count as idle nor close. */
  const upgraded = new Set<Socket>();
  const server = createServer(SERVER_OPTIONS, (request, response) => {
    if (closing) response.shouldKeepAlive = false;
    open.add(response);
    response.once('close', () => open.delete(response));
    handler.handle(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, _: unknown, head: Buffer) => {
    const { socket } = request;
    // Sent before the answer to an earlier request was complete: the two would be mixed up.
    if ([...open].some((response) => response.req.socket === socket && !response.writableFinished)) socket.destroy();
    else if (!isWebSocketHandshake(request)) readWithoutUpgrade(server, request, head);
    else {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      handler.handleUpgrade(request, head);
    }
  });
  // An upload may take its time; headersTimeout still bounds a client that never finishes its head.
  server.requestTimeout = 0;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 1_024 }, () => {
      server.off('error', reject);
      const close = (drainMs: number) => {
        closing = true;
        // Answers that have not begun tell their clients not to use the connection again.
        for (const response of open) if (!response.headersSent) response.shouldKeepAlive = false;
        return closeServer(server, upgraded, drainMs);
      };
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}

async function closeServer(server: Server, upgraded: Set<Socket>, drainMs: number): Promise<void> {
  const endsAtMs = performance.now() + drainMs;
  let closed = false;
  server.close(() => {
    closed = true;
  });
  while (!closed) {
    if (performance.now() >= endsAtMs) {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    } else server.closeIdleConnections();
    await sleep(IDLE_POLL_MS);
  }
}
