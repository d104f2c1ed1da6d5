import { createServer } from 'node:net';

/** The port when nobody listens on it on 127.0.0.1; else undefined, for a free one. */
export function portIfFree(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}
