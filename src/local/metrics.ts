/** What the router counts and what the supervisor measures, as Prometheus text. One registry per service. */
import { availableParallelism, totalmem } from 'node:os';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Colour } from '../plan/types.ts';
import { COLOURS } from './api.ts';
import type { Instance } from './instance.ts';
import { processUsage } from './process-info.ts';

export interface ServiceMetrics {
  registry: Registry;
  /** One production request: the exact status code it was answered with (101: a WebSocket, 499: the client left, 502: cut off). */
  countRequest(colour: Colour, code: number, seconds: number): void;
  /** A request that named its colour by header: not production traffic. */
  countHeaderRequest(colour: Colour, code: number): void;
}

export interface MetricsSources {
  inFlight(colour: Colour): number;
  instances(colour: Colour): readonly Instance[];
}

/** Upper bounds in seconds: fine where latencies of web services lie, so that quantiles are within some 10 %. */
export const DURATION_BUCKETS: number[] = [
  ...range(1, 10, 1),
  ...range(12, 20, 2),
  ...range(25, 100, 5),
  ...range(110, 200, 10),
  ...range(225, 500, 25),
  ...[600, 700, 800, 900, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 30_000],
].map((ms) => ms / 1_000);

function range(first: number, last: number, step: number): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

export function createServiceMetrics(service: string, sources: MetricsSources): ServiceMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    ...{ name: 'cutover_router_requests_total', help: 'Production requests answered.', registers },
    labelNames: ['service', 'colour', 'code'] as const,
  });
  const headerRequests = new Counter({
    ...{ name: 'cutover_router_header_requests_total', help: 'Requests that named their colour.', registers },
    labelNames: ['service', 'colour', 'code'] as const,
  });
  const durations = new Histogram({
    ...{ name: 'cutover_router_request_duration_seconds', help: 'Production requests, first to last byte.', registers },
    labelNames: ['service', 'colour'] as const,
    buckets: DURATION_BUCKETS,
  });
  for (const colour of COLOURS) {
    requests.inc({ service, colour, code: '200' }, 0);
    durations.zero({ service, colour });
  }
  addGauges(registry, service, sources);
  return {
    registry,
    countRequest(colour, code, seconds) {
      requests.inc({ service, colour, code }, 1);
      durations.observe({ service, colour }, seconds);
    },
    countHeaderRequest(colour, code) {
      headerRequests.inc({ service, colour, code }, 1);
    },
  };
}

function addGauges(registry: Registry, service: string, sources: MetricsSources): void {
  const registers = [registry];
  const perInstance = ['service', 'colour', 'instance'] as const;
  const usage = createUsageMeter();
  const add = (name: string, help: string, read: (instance: Instance) => number | null) =>
    new Gauge({
      ...{ name, help, registers, labelNames: perInstance },
      collect() {
        this.reset();
        for (const colour of COLOURS) {
          for (const instance of sources.instances(colour)) {
            const value = read(instance);
            if (value !== null) this.set({ service, colour, instance: instance.record.id }, value);
          }
        }
      },
    });
  new Gauge({
    ...{
      name: 'cutover_router_in_flight',
      help: 'Production requests being answered, and open WebSockets.',
      registers,
    },
    labelNames: ['service', 'colour'] as const,
    collect() {
      for (const colour of COLOURS) this.set({ service, colour }, sources.inFlight(colour));
    },
  });
  add('cutover_instance_ready', '1 when the instance is in rotation.', ({ phase }) => (phase === 'ready' ? 1 : 0));
  add('cutover_instance_cpu_percent', 'CPU time used, percent of one core.', (instance) => usage(instance).cpuPercent);
  add(
    'cutover_instance_memory_percent',
    'Resident memory, percent of what is available to this machine or container.',
    (instance) => usage(instance).memoryPercent,
  );
}

/** Shortest span that a CPU percentage is worked out over; kernel clocks tick every 10 ms. */
const CPU_SPAN_MS = 900;

interface Reading {
  atMs: number;
  cpuSeconds: number;
  cpuPercent: number | null;
  memoryPercent: number;
}

/** CPU percent between two readings at least 900 ms apart, however often it is asked; null before the second one. */
function createUsageMeter(): (instance: Instance) => { cpuPercent: number | null; memoryPercent: number | null } {
  const readings = new WeakMap<Instance, Reading>();
  return (instance) => {
    const last = readings.get(instance);
    const atMs = performance.now();
    if (last !== undefined && atMs - last.atMs < CPU_SPAN_MS) return last;
    const used = instance.record.pid === null ? null : processUsage(instance.record.pid);
    if (used === null) return { cpuPercent: null, memoryPercent: null };
    const reading = {
      atMs,
      cpuSeconds: used.cpuSeconds,
      cpuPercent: last === undefined ? null : cpuPercent(last, atMs, used.cpuSeconds),
      memoryPercent: (100 * used.residentBytes) / availableMemory(),
    };
    readings.set(instance, reading);
    return reading;
  };
}

/** A descendant that ended takes its CPU time along, so the difference can be negative. */
function cpuPercent(last: Reading, atMs: number, cpuSeconds: number): number {
  const percent = (100 * (cpuSeconds - last.cpuSeconds)) / ((atMs - last.atMs) / 1_000);
  return Math.min(Math.max(percent, 0), 100 * availableParallelism());
}

function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
