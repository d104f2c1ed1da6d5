/** Many deployments in observation on one worker: whether it keeps up, what it costs, and whether every verdict comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readHttp } from '../../src/adapters/http-read.ts';
import { until } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { cpuPercent, lagP99, type Reading, readWorker } from '../lib/fleet/readings.ts';
import { eachOf, type FleetStage, startFleetStage, startInFleet } from '../lib/fleet/stage.ts';
import { spread, tidy } from '../lib/statistics.ts';

/** What 2 cores carry beside the server and the services; CUTOVER_BENCH_FLEET names others (`500,2000`). */
const SIZES = (process.env.CUTOVER_BENCH_FLEET ?? '500').split(',').map(Number);
const STARTS_AT_ONCE = 20;
const SETTLE_MS = 15_000;
const STEADY_MS = 40_000;
/** How many candidates begin to fail, and how long a verdict may take: 2 breaches, and the window that shows them. */
const BROKEN = 20;
const VERDICT_MS = 20_000;
const FLOOR_MS = 8_000;
const STEADY_FLOOR_MS = 3_000;

interface Row {
  deployments: number;
  lag_p99_ms: number;
  missed: number;
  rss_mb: number;
  cpu_percent: number;
  evictions: number;
}

export const concurrent: Figure = {
  name: 'concurrent',
  title: `${SIZES.join(' and ')} deployments in observation on one worker, judged every second`,
  unit: 'ms',
  goal: SIZES.flatMap((size) => [
    { stat: `${size}_lag_p99`, below: 2_000 },
    { stat: `${size}_missed`, at_most: 0 },
  ]),
  limitMs: 900_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const rows: Row[] = [];
  const stats: Record<string, number> = {};
  const units: Record<string, string> = {};
  const floor: Record<string, number> = {};
  const details: Record<string, unknown> = {};
  for (const size of SIZES) {
    const { row, floorPercent, more } = await measure(context, size);
    rows.push(row);
    const shown = { lag_p99: row.lag_p99_ms, missed: row.missed, rss: row.rss_mb, cpu: row.cpu_percent };
    for (const [stat, value] of Object.entries(shown)) stats[`${size}_${stat}`] = value;
    Object.assign(units, {
      [`${size}_missed`]: 'ticks and verdicts',
      [`${size}_rss`]: 'MB',
      [`${size}_cpu`]: '% of a core',
    });
    floor[`${size}_cpu`] = floorPercent;
    details[String(size)] = more;
  }
  return {
    ...{ report: rows, stats, units, floor },
    floor_is: 'a process that reads as many metrics pages a second, and does nothing else',
    details,
  };
}

async function measure(context: Context, size: number): Promise<{ row: Row; floorPercent: number; more: object }> {
  const { progress } = context;
  const stage = await startFleetStage(context);
  try {
    const names = Array.from({ length: size }, (_, index) => `fleet-${index}`);
    const floorPercent = await readingAlone(stage.fleet.url, names);
    progress(`starting ${size} deployments …`);
    await eachOf(names, STARTS_AT_ONCE, (name) => startInFleet(stage, name));
    await untilAllWatch(stage, size);
    await sleep(SETTLE_MS);
    progress(`${size} deployments are watched …`);
    const from = await read(stage);
    await sleep(STEADY_MS);
    const to = await read(stage);
    progress(`${BROKEN} candidates begin to fail …`);
    const verdicts = await verdictsOf(
      stage,
      names.filter((_, index) => index % Math.floor(size / BROKEN) === 0),
    );
    const after = await read(stage);
    const missedTicks = to.missed - from.missed;
    const row = {
      deployments: size,
      lag_p99_ms: tidy(lagP99(from, to)),
      missed: missedTicks + verdicts.missed + verdicts.wrong,
      rss_mb: Math.round(Math.max(from.resident_bytes, to.resident_bytes) / 1e6),
      cpu_percent: tidy(cpuPercent(from, to)),
      evictions: after.evictions,
    };
    const ticks = { judged: to.judged - from.judged, missed: missedTicks };
    return { row, floorPercent, more: { steady_ms: STEADY_MS, ticks, verdicts } };
  } finally {
    await stage.stop();
  }
}

function read({ metricsUrl, worker }: FleetStage): Promise<Reading> {
  return readWorker(metricsUrl, worker.pid);
}

async function untilAllWatch(stage: FleetStage, size: number): Promise<void> {
  const isThere = async () => {
    const { services } = await counted(stage);
    return services >= size && (await read(stage)).watchers === size;
  };
  await until(isThere, `${size} watchers`, { limitMs: 240_000, pauseMs: 1_000 });
}

/** Deployments that have all their traffic on the candidate and wait in the observation. */
async function counted({ temporal }: FleetStage): Promise<{ services: number }> {
  const { count } = await temporal.workflow.count('DeployPhase="observation" AND ExecutionStatus="Running"');
  return { services: count };
}

/** Breaks candidates, a few milliseconds apart, and waits for their rollbacks; `wrong`: others that went back. */
async function verdictsOf({ fleet }: FleetStage, names: string[]) {
  const broken = names.slice(0, BROKEN);
  for (const name of broken) await fleet.break(name);
  const isBack = async () => {
    const fates = await fleet.fates();
    return fates.filter(({ broken_ms, back_ms }) => broken_ms !== null && back_ms !== null).length === broken.length;
  };
  await until(isBack, 'the rollbacks', { limitMs: VERDICT_MS, pauseMs: 500 }).catch(() => undefined);
  const fates = await fleet.fates();
  const took = fates.flatMap(({ broken_ms, back_ms }) =>
    broken_ms !== null && back_ms !== null ? [back_ms - broken_ms] : [],
  );
  return {
    broken: broken.length,
    missed: broken.length - took.length,
    wrong: fates.filter(({ broken_ms, back_ms }) => broken_ms === null && back_ms !== null).length,
    took_ms: took.length === 0 ? null : spread(took),
  };
}

/** Percent of a core that this process takes to read every service's page once a second. */
async function readingAlone(url: string, names: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const reading = names.map(async (name, index) => {
    await sleep((1_000 * index) / names.length);
    while (!stop.signal.aborted) {
      const startedMs = performance.now();
      await readHttp(`${url}/v1/services/${name}/metrics`, { timeoutMs: 10_000 }, null);
      await sleep(Math.max(0, startedMs + 1_000 - performance.now()));
    }
  });
  await sleep(STEADY_FLOOR_MS);
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await sleep(FLOOR_MS - STEADY_FLOOR_MS);
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / 10 / (performance.now() - startedMs);
  stop.abort();
  await Promise.all(reading);
  return tidy(percent);
}
