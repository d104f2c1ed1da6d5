/** What a worker process shows of itself: its meters, its health, and the port that serves both. */
import { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge } from 'prom-client';
import type { MetricsAddress } from './config.ts';
import { createPages, listen } from './http.ts';
import { createFleet } from './metrics/fleet.ts';
import { createMeters, type Meters } from './metrics/meters.ts';
import { mergePages, readSdkPage } from './metrics/sdk-page.ts';
import { measureSlots } from './metrics/slots.ts';
import { createReadiness } from './readiness.ts';
import type { RunningWorker } from './run.ts';

export interface MonitorOptions {
  address: MetricsAddress;
  /** Where the SDK's own exporter listens on 127.0.0.1; null: nowhere, or not yet. */
  sdkPort(): number | null;
  log: Pick<Logger, 'info' | 'warn'>;
}

export interface Monitor {
  url: string;
  meters: Meters;
  /** The worker has connected: from now on it is what is shown. */
  attach(worker: RunningWorker): void;
  /** Called before the worker is asked to end. */
  ending(): void;
  /** Called when nothing else is left to end. */
  close(): Promise<void>;
}

/** Serves at once, not ready until a worker is attached. CUTOVER_PORT_TAKEN. */
export async function startMonitor({ address, sdkPort, log }: MonitorOptions): Promise<Monitor> {
  const meters = createMeters();
  const { registry } = meters;
  const readiness = createReadiness();
  const ended = new AbortController();
  let worker: RunningWorker | null = null;

  collectDefaultMetrics({ register: registry });
  measureSlots(registry, () => worker?.status() ?? []);
  const fleet = createFleet(registry, (error) => log.warn({ err: error }, 'the deployments could not be counted'));
  const sdkUp = new Gauge({
    ...{ name: 'cutover_sdk_metrics_up', help: '1: this page holds the metrics of the Temporal SDK, too.' },
    registers: [registry],
  });
  new Gauge({
    ...{ name: 'cutover_worker_ready', help: '1 when /readyz answers 200.', registers: [registry] },
    async collect() {
      this.set((await readiness.check()).ready ? 1 : 0);
    },
  });

  async function metrics(): Promise<{ text: string; contentType: string }> {
    const port = sdkPort();
    const sdkPage = port === null ? null : await readSdkPage(port);
    sdkUp.set(sdkPage === null ? 0 : 1);
    const ours = await registry.metrics();
    return { text: sdkPage === null ? ours : mergePages(ours, sdkPage), contentType: registry.contentType };
  }

  const port = await listen(createPages({ metrics, ready: () => readiness.check() }), address);
  log.info({ url: port.url }, 'metrics and health are served');
  return {
    url: port.url,
    meters,
    attach(running) {
      worker = running;
      readiness.attach(running);
      const { workflow } = new Client({ connection: running.connection, namespace: running.namespace });
      void fleet.follow(workflow, ended.signal);
    },
    ending() {
      readiness.ending();
      ended.abort(new Error('the worker is ending'));
    },
    async close() {
      ended.abort(new Error('the worker has ended'));
      await port.close();
    },
  };
}
