/** The sample service `checkout`: three instances of version 1.0.0 on blue, unless an earlier play left others. */
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../errors.ts';
import type { ServiceView } from '../../local/api.ts';
import { LocalClient } from '../../local/client.ts';
import { packageRoot } from '../../package-root.ts';
import { portIfFree } from './ports.ts';

export const SAMPLE_SERVICE = 'checkout';
const FIRST_VERSION = '1.0.0';
const REPLICAS = 3;
const PREFERRED_PORT = 8080;
const READY_LIMIT_MS = 30_000;

/** What goes wrong with which version, for plays that are to fail. See examples/app/server.mjs. */
const FAULTS = { '3.0.0': { latency_ms: 60 }, '4.0.0': { errors_after_requests: 400, error_percent: 30 } };

/**
 * Returns when a colour with traffic is ready. `publicPort` 0: a free one; by default 8080 when it is free.
 * CUTOVER_LOCAL_NOT_STARTED when none becomes so within 30 s.
 */
export async function ensureSample(localUrl: string, publicPort?: number): Promise<ServiceView> {
  const client = new LocalClient({ url: localUrl });
  const known = (await client.services()).find(({ service }) => service === SAMPLE_SERVICE);
  if (known === undefined) {
    await client.define(SAMPLE_SERVICE, {
      command: [process.execPath, join(packageRoot(), 'examples', 'app', 'server.mjs')],
      env: { FAULTS: JSON.stringify(FAULTS) },
      public_port: publicPort ?? (await portIfFree(PREFERRED_PORT)) ?? 0,
    });
    await client.deploy(SAMPLE_SERVICE, 'blue', { version: FIRST_VERSION, replicas: REPLICAS });
  }
  const limit = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const view = await client.service(SAMPLE_SERVICE);
    const serving = Object.values(view.colours).filter(({ colour }) => view.router.weights[colour] > 0);
    if (serving.every(({ ready, desired }) => desired > 0 && ready >= desired)) return view;
    if (Date.now() > limit) {
      throw new CutoverError(
        'CUTOVER_LOCAL_NOT_STARTED',
        `The sample service ${SAMPLE_SERVICE} is not ready after ${READY_LIMIT_MS / 1_000} s.`,
      );
    }
    await sleep(100);
  }
}

/** The version on the colour with the most traffic. */
export function servingVersion(view: ServiceView): string {
  const { weights } = view.router;
  const colour = weights.blue >= weights.green ? 'blue' : 'green';
  return view.colours[colour].version ?? 'unknown';
}
