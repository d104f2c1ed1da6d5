/** The only worker is killed during an observation and started again at once: how long nobody judged. */
import type { DeploymentHandle } from '../../src/client/cutover-client.ts';
import { until } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import { startWatched, untilRolledBack } from '../lib/deployment.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { instantPlan } from '../lib/plans.ts';
import { percentile, tidy } from '../lib/statistics.ts';

const SAMPLES = 7;
const PER_SECOND = 100;
const LIMIT_MS = 60_000;

export const resume: Figure = {
  name: 'resume_ms',
  title: 'SIGKILL of the only worker, started again at once → the watcher judges again',
  unit: 'ms',
  goal: [{ stat: 'max', below: 10_000 }],
  limitMs: 240_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { load, workers, progress } = context;
  for (const worker of workers.splice(1)) await worker.stop();
  load.setRate(PER_SECOND);
  const handle = await startWatched(context, instantPlan({ version: '7.0.0' }), 3_000);
  const samples: number[] = [];
  const starts: number[] = [];
  for (let index = 0; index < SAMPLES; index += 1) {
    progress(`worker ${index + 1} of ${SAMPLES} …`);
    const { resumedMs, readyMs } = await killAndStart(context, handle);
    samples.push(resumedMs);
    starts.push(readyMs);
  }
  await handle.rollback({ reason: 'bench' });
  await untilRolledBack(handle);
  const stats = summary(samples);
  return {
    report: stats,
    stats,
    floor: summary(starts),
    floor_is: 'a worker process, from its start to its first poll',
    details: { samples_ms: samples.map(tidy), floor_ms: starts.map(tidy) },
  };
}

async function killAndStart(
  context: Context,
  handle: DeploymentHandle,
): Promise<{ resumedMs: number; readyMs: number }> {
  await until(() => hasJudgedSince(handle, Date.now() - 1_500), 'a judgement before the kill');
  const [worker] = context.workers.splice(0);
  if (worker === undefined) throw new Error('there is no worker to kill');
  const killedMs = Date.now();
  await worker.kill();
  const startedMs = performance.now();
  await context.startWorker();
  const readyMs = performance.now() - startedMs;
  let judgedMs: number | null = null;
  const isBack = async () => {
    judgedMs = await judgedAtMs(handle);
    return judgedMs !== null && judgedMs > killedMs;
  };
  await until(isBack, 'a judgement after the kill', { limitMs: LIMIT_MS, pauseMs: 50 });
  return { resumedMs: (judgedMs ?? 0) - killedMs, readyMs };
}

async function hasJudgedSince(handle: DeploymentHandle, sinceMs: number): Promise<boolean> {
  return ((await judgedAtMs(handle)) ?? 0) > sinceMs;
}

/** Epoch milliseconds of the newest tick that had data; null: none is known. */
async function judgedAtMs(handle: DeploymentHandle): Promise<number | null> {
  const { evidence } = (await handle.status()).live;
  const isJudged = evidence?.criteria.some(({ state }) => state === 'ok') === true;
  return isJudged ? Date.parse(evidence.at) : null;
}

function summary(samples: readonly number[]): { p50: number; max: number } {
  return { p50: tidy(percentile(samples, 50)), max: tidy(Math.max(...samples)) };
}
