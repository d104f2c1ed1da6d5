/** A service whose two colours count what the test says, for a Prometheus that reads their pages. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Colour } from '../../../src/plan/types.ts';
import { type Listening, listen } from '../../support/prometheus.ts';

export const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25];

export interface Instance extends Listening {
  registry: Registry;
  durations: Histogram;
  /** Counts `times` requests. */
  request(status: number, seconds: number, times: number): void;
  orders: Counter;
  depth: Gauge;
  /** Forgets everything that was counted, as a process that starts anew. */
  restart(): void;
}

/** One instance of one colour of the service `shop`. */
export async function startInstance(colour: Colour, service = 'shop'): Promise<Instance> {
  const registry = new Registry();
  const labels = { service, colour };
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Durations.',
    labelNames: ['service', 'colour', 'status_code'],
    buckets: BUCKETS,
    registers: [registry],
  });
  const options = { help: 'Of the test.', labelNames: ['service', 'colour'], registers: [registry] };
  const orders = new Counter({ name: 'business_metric_total', ...options });
  const depth = new Gauge({ name: 'queue_depth', ...options });
  const page = await listen((_, response) => {
    void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
  });
  return {
    ...page,
    registry,
    durations,
    orders,
    depth,
    request(status, seconds, times) {
      for (let count = 0; count < times; count += 1) {
        durations.observe({ ...labels, status_code: String(status) }, seconds);
      }
    },
    restart() {
      durations.reset();
      orders.reset();
    },
  };
}

/** Until so many scrapes have been read, whatever second they come in. */
export function untilScraped(scrapes = 1): Promise<void> {
  return sleep(1_000 * scrapes + 300);
}
