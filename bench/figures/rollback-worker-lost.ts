/** A person's rollback in the worst moment: the worker that knew the deployment has just been killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allOn } from '../lib/answers.ts';
import { epochMs } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import { OLD, startWatched, untilAllOn, untilRolledBack } from '../lib/deployment.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { cachingPid, eventsOf } from '../lib/history.ts';
import { instantPlan } from '../lib/plans.ts';
import { spread, tidy } from '../lib/statistics.ts';

const SAMPLES = 10;
const FLOOR_SAMPLES = 5;
const PER_SECOND = 400;
/** Between the worker's end and the message. */
const AFTER_MS = 100;

export const rollbackWorkerLost: Figure = {
  name: 'rollback_worker_lost_ms',
  title: `rollback sent ${AFTER_MS} ms after the caching worker was killed, another alive → all traffic on the old colour`,
  unit: 'ms',
  goal: [{ stat: 'p99', below: 2_500 }],
  limitMs: 240_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { load, progress, workers } = context;
  if (workers.length < 2) await context.startWorker();
  load.setRate(PER_SECOND);
  progress(`with both workers alive, ${FLOOR_SAMPLES} times …`);
  const floor: number[] = [];
  for (let index = 0; index < FLOOR_SAMPLES; index += 1) floor.push(await measure(context, `5.0.${index}`, false));
  const samples: number[] = [];
  for (let index = 0; index < SAMPLES; index += 1) {
    if (index % 5 === 0) progress(`worker ${index + 1} of ${SAMPLES} …`);
    samples.push(await measure(context, `6.0.${index}`, true));
  }
  return {
    report: spread(samples),
    stats: spread(samples),
    floor: spread(floor),
    floor_is: 'the same with both workers alive',
    details: {
      samples: SAMPLES,
      requests_per_second: PER_SECOND,
      samples_ms: samples.map(tidy),
      floor_ms: floor.map(tidy),
    },
  };
}

/** Milliseconds from the sending of the message to all traffic on the old colour. */
async function measure(context: Context, version: string, isKilling: boolean): Promise<number> {
  const { load } = context;
  const handle = await startWatched(context, instantPlan({ version }), 500);
  if (isKilling) {
    await killWorker(context, cachingPid(await eventsOf(context, handle)));
    await sleep(AFTER_MS);
  }
  await load.take();
  const sentMs = epochMs();
  await handle.rollback({ reason: 'bench' });
  await untilAllOn(context, OLD, handle);
  await sleep(100);
  const restoredMs = allOn(OLD, (await load.take()).answers);
  await untilRolledBack(handle);
  if (isKilling) await context.startWorker();
  return restoredMs - sentMs;
}

async function killWorker({ workers }: Context, pid: number): Promise<void> {
  const index = workers.findIndex((worker) => worker.pid === pid);
  const [worker] = index === -1 ? [] : workers.splice(index, 1);
  if (worker === undefined) throw new Error(`the workflow is cached by ${pid}, which is none of the bench's workers`);
  await worker.kill();
}
