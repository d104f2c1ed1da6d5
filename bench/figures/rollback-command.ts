/** A person's rollback of a version that has all traffic. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allOn, causes, failed } from '../lib/answers.ts';
import { epochMs } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import { OLD, startWatched, untilRolledBack } from '../lib/deployment.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { bareWrites } from '../lib/floor.ts';
import { acceptedMs, eventsOf } from '../lib/history.ts';
import { instantPlan } from '../lib/plans.ts';
import { percentile, spread, tidy } from '../lib/statistics.ts';

const SAMPLES = 30;
const PER_SECOND = 400;

export const rollbackCommand: Figure = {
  name: 'rollback_command_ms',
  title: 'rollback command accepted → all traffic on the old colour',
  unit: 'ms',
  goal: [
    { stat: 'p50', below: 100 },
    { stat: 'p99', below: 300 },
  ],
  limitMs: 180_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { load, progress } = context;
  load.setRate(PER_SECOND);
  progress(`the bare write, ${SAMPLES} times …`);
  const floor = await bareWrites(context, SAMPLES);
  const fromAccepted: number[] = [];
  const fromSent: number[] = [];
  const seen: Record<string, number> = {};
  let requests = 0;
  for (let index = 0; index < SAMPLES; index += 1) {
    if (index % 10 === 0) progress(`rollback ${index + 1} of ${SAMPLES} …`);
    // Spread over the watcher's tick of one second.
    const settleMs = 300 + ((index * 370) % 1_000);
    const handle = await startWatched(context, instantPlan({ version: `2.0.${index}` }), settleMs);
    await load.take();
    const sentMs = epochMs();
    await handle.rollback({ reason: 'bench' });
    await sleep(100);
    const { answers } = await load.take();
    const restoredMs = allOn(OLD, answers);
    await untilRolledBack(handle);
    fromSent.push(restoredMs - sentMs);
    fromAccepted.push(restoredMs - acceptedMs(await eventsOf(context, handle)));
    requests += answers.length;
    for (const [cause, count] of Object.entries(causes(failed(answers)))) seen[cause] = (seen[cause] ?? 0) + count;
  }
  const accepted = spread(fromAccepted);
  const sent = spread(fromSent);
  const floor_p50 = tidy(percentile(floor, 50));
  return {
    report: { ...accepted, floor_p50 },
    stats: { ...accepted, sent_p50: sent.p50, sent_p99: sent.p99 },
    floor: { p50: floor_p50, p99: spread(floor).p99, sent_p50: floor_p50, sent_p99: spread(floor).p99 },
    floor_is: 'the bare conditional PUT on the admin API',
    details: {
      samples: SAMPLES,
      requests_per_second: PER_SECOND,
      from_sent: sent,
      floor: spread(floor),
      requests_watched: requests,
      failed: seen,
      accepted_samples: fromAccepted.map(tidy),
      sent_samples: fromSent.map(tidy),
      floor_samples: floor.map(tidy),
    },
  };
}
