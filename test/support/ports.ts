export { freePorts } from '../../src/local/temporal/free-port.ts';

import { freePorts } from '../../src/local/temporal/free-port.ts';

/** One port on 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
