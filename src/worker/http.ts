/** The worker's one HTTP port: metrics and health. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { CutoverError } from '../errors.ts';
import type { MetricsAddress } from './config.ts';
import type { Ready } from './readiness.ts';

export interface Pages {
  /** The page in Prometheus' text format, and its content type. */
  metrics(): Promise<{ text: string; contentType: string }>;
  ready(): Promise<Ready>;
}

export interface HttpPort {
  url: string;
  /** Lets requests in flight end, for a second at most. */
  close(): Promise<void>;
}

/** A scrape has no body; a client that sends its head slowly is not waited for. */
const REQUEST_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 1_000;

export function createPages(pages: Pages): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ status: 'alive' }));
  app.get('/readyz', async (c) => {
    const { ready, reason } = await pages.ready();
    return c.json(ready ? { status: 'ready' } : { status: 'not ready', reason }, ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const { text, contentType } = await pages.metrics();
    return c.body(text, 200, { 'content-type': contentType });
  });
  app.notFound((c) => c.json({ status: 'not found', pages: ['/metrics', '/healthz', '/readyz'] }, 404));
  return app;
}

/**
 * Listens. CUTOVER_PORT_TAKEN when the address cannot be bound; the default one, which nobody chose, gives way to a
 * free port, so that a second worker of the same machine starts without a word.
 */
export async function listen(app: Hono, { host, port, isDefault }: MetricsAddress): Promise<HttpPort> {
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS }, getRequestListener(app.fetch));
  try {
    await bind(server, host, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (!isDefault || code !== 'EADDRINUSE') {
      const message = `the metrics address ${inUrl(host)}:${port} cannot be listened on: ${code}`;
      throw new CutoverError('CUTOVER_PORT_TAKEN', message, { cause: error, details: { host, port } });
    }
    await bind(server, host, 0);
  }
  const bound = server.address() as AddressInfo;
  return { url: `http://${inUrl(host)}:${bound.port}`, close: () => close(server) };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
