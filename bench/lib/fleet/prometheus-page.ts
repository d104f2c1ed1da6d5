/** A page of counters of many services, both colours of each under a steady load, that run by the clock. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BenchPage } from '../prometheus.ts';

const PER_SECOND = 100;
const NAME = 'http_request_duration_seconds';
/** Bounds, and how much of the requests is at most as slow. */
const BUCKETS = [
  ['0.05', 0.5],
  ['0.1', 0.9],
  ['0.2', 0.999],
  ['0.25', 1],
  ['+Inf', 1],
] as const;

export async function servicesPage(names: readonly string[]): Promise<BenchPage> {
  const startedMs = performance.now();
  const server = createServer((_, response) => {
    const count = Math.floor((PER_SECOND * (performance.now() - startedMs)) / 1_000);
    response.end(names.map((name) => linesOf(name, count)).join(''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function linesOf(service: string, count: number): string {
  return ['blue', 'green']
    .flatMap((colour) => {
      const labels = `service="${service}",colour="${colour}",status_code="200"`;
      const buckets = BUCKETS.map(
        ([le, share]) => `${NAME}_bucket{${labels},le="${le}"} ${Math.floor(share * count)}\n`,
      );
      return [...buckets, `${NAME}_count{${labels}} ${count}\n`];
    })
    .join('');
}
