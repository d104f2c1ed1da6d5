import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PublicListener {
  port: number;
  /** Stops accepting, lets requests in flight end (at most `drainMs`), then closes every connection. */
  close(drainMs: number): Promise<void>;
}

/** Longer than the idle time of common clients and load balancers, so that they close first (Node's default: 5 s). */
const KEEP_ALIVE_MS = 75_000;
/** How often a closing listener looks for connections that have become idle. */
const IDLE_POLL_MS = 20;

/** Listens for clients; rejects with the system's error, EADDRINUSE among them. Port 0: one that is free. */
export function listenPublic(host: string, port: number, handle: RequestListener): Promise<PublicListener> {
  let closing = false;
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (closing) response.shouldKeepAlive = false;
    open.add(response);
    response.once('close', () => open.delete(response));
    handle(request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
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
        return closeServer(server, drainMs);
      };
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}

async function closeServer(server: Server, drainMs: number): Promise<void> {
  const endsAtMs = performance.now() + drainMs;
  let closed = false;
  server.close(() => {
    closed = true;
  });
  while (!closed) {
    if (performance.now() >= endsAtMs) server.closeAllConnections();
    else server.closeIdleConnections();
    await sleep(IDLE_POLL_MS);
  }
}
