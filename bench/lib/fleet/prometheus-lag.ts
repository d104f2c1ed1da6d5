/** Many deployments whose metrics come from one Prometheus: how late their ticks are judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../clock.ts';
import type { Context } from '../context.ts';
import { startPrometheus } from '../prometheus.ts';
import { servicesPage } from './prometheus-page.ts';
import { lagP99, readWorker } from './readings.ts';
import { eachOf, startFleetStage, startInFleet } from './stage.ts';

export interface PrometheusLag {
  deployments: number;
  lag_p99_ms: number;
  judged: number;
  missed: number;
}

const STARTS_AT_ONCE = 20;
/** A window of data before the first deployment is judged. */
const SCRAPES = 12;
const SETTLE_MS = 15_000;
const STEADY_MS = 40_000;
const ALL_WATCH = { limitMs: 240_000, pauseMs: 1_000 };

export async function measurePrometheusLag(context: Context, size: number): Promise<PrometheusLag> {
  const { folder, progress } = context;
  const names = Array.from({ length: size }, (_, index) => `fleet-${index}`);
  const prometheus = await startPrometheus(folder, 'prometheus-fleet', await servicesPage(names), SCRAPES);
  try {
    const stage = await startFleetStage(context);
    try {
      progress(`starting ${size} deployments, with Prometheus …`);
      const metrics = { prometheus: { url: prometheus.url } };
      await eachOf(names, STARTS_AT_ONCE, (name) => startInFleet(stage, name, metrics));
      const read = () => readWorker(stage.metricsUrl, stage.worker.pid);
      await until(async () => (await observed(stage.temporal)) >= size, `${size} observations`, ALL_WATCH);
      await sleep(SETTLE_MS);
      const from = await read();
      await sleep(STEADY_MS);
      const to = await read();
      const stillWatched = await observed(stage.temporal);
      if (stillWatched < size) throw new Error(`${size - stillWatched} of ${size} deployments went back`);
      return {
        deployments: size,
        lag_p99_ms: lagP99(from, to),
        judged: to.judged - from.judged,
        missed: to.missed - from.missed,
      };
    } finally {
      await stage.stop();
    }
  } finally {
    await prometheus.stop();
  }
}

async function observed({ workflow }: Awaited<ReturnType<typeof startFleetStage>>['temporal']): Promise<number> {
  return (await workflow.count('DeployPhase="observation" AND ExecutionStatus="Running"')).count;
}
