import { createServer } from 'node:net';

/** Below the range that systems give to outgoing connections (32768 and up on Linux), which could take the port first. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 200;

/**
 * A port on 127.0.0.1 that nobody listens on at this moment and that is not in `taken`. Another program may still be
 * faster: whoever is given the port must be able to fail and be started again with another.
 */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${FIRST} and ${LAST} after ${ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
