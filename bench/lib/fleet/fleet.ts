/** The fleet's program, and what a figure asks of it. */
import { fork } from 'node:child_process';
import { exitOf, stopChild } from '../../../src/local/temporal/stop-child.ts';
import { builtPath } from '../../../src/package-root.ts';
import type { Fate } from './service.ts';

export interface Fleet {
  /** What a worker takes for the local program's admin URL. */
  url: string;
  /** From now on half of the requests on the service's green colour fail. */
  break(service: string): Promise<void>;
  fates(): Promise<Fate[]>;
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 2_000;

export async function startFleet(): Promise<Fleet> {
  const child = fork(builtPath('bench/lib/fleet/main.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const url = await Promise.race([
    new Promise<string>((resolve) => child.once('message', (message) => resolve((message as { url: string }).url))),
    exitOf(child).then(() => Promise.reject(new Error('the fleet did not start'))),
  ]);
  return {
    url,
    async break(service) {
      const { status } = await fetch(`${url}/v1/services/${service}/break`, { method: 'PUT' });
      if (status !== 200) throw new Error(`the fleet answered ${status}`);
    },
    async fates() {
      const answer = (await (await fetch(`${url}/v1/services`)).json()) as { services: Fate[] };
      return answer.services;
    },
    stop: () => stopChild(child, STOP_GRACE_MS),
  };
}
