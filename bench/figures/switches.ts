/** Whether a switch, or a rollback, costs anybody's request. */
import { setTimeout as sleep } from 'node:timers/promises';
import { causes, failed } from '../lib/answers.ts';
import type { Context } from '../lib/context.ts';
import { OLD, startSwitched, untilAllOn, untilRolledBack } from '../lib/deployment.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import type { Taken } from '../lib/load.ts';
import { instantPlan } from '../lib/plans.ts';
import { percentile, tidy } from '../lib/statistics.ts';

/** Deployments; each is switched once and rolled back once. */
const DEPLOYMENTS = 100;
const PER_SECOND = 1_000;
/** How long all traffic stays on the candidate at least. */
const STAY_MS = 100;
const QUIET_MS = 10_000;

export const switches: Figure = {
  name: 'switches',
  title: `${DEPLOYMENTS} switches and ${DEPLOYMENTS} rollbacks at ${PER_SECOND} requests/s`,
  unit: 'requests',
  goal: [{ stat: 'failed', at_most: 0 }],
  limitMs: 420_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { load, progress } = context;
  load.setRate(PER_SECOND);
  progress(`${QUIET_MS / 1_000} s without a switch …`);
  await load.take();
  await sleep(QUIET_MS);
  const quiet = tally();
  quiet.add(await load.take());
  const busy = tally();
  const startedMs = performance.now();
  for (let index = 0; index < DEPLOYMENTS; index += 1) {
    if (index % 10 === 0) progress(`deployment ${index + 1} of ${DEPLOYMENTS} …`);
    const handle = await startSwitched(context, instantPlan({ version: `4.0.${index}` }));
    await sleep(STAY_MS);
    await handle.rollback({ reason: 'bench' });
    await untilAllOn(context, OLD, handle);
    await untilRolledBack(handle);
    busy.add(await load.take());
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const count = 2 * DEPLOYMENTS;
  const { requests } = busy;
  return {
    report: { count, requests, failed: busy.failed },
    stats: { count, requests, failed: busy.failed, skipped: busy.skipped, p99: busy.latency(99) },
    units: { count: 'shifts', p99: 'ms' },
    floor: { failed: quiet.failed, skipped: quiet.skipped, p99: quiet.latency(99) },
    floor_is: `the same load for ${QUIET_MS / 1_000} s without a switch`,
    details: {
      switches: DEPLOYMENTS,
      rollbacks: DEPLOYMENTS,
      requests_per_second: PER_SECOND,
      achieved_per_second: tidy(requests / seconds),
      seconds: tidy(seconds),
      causes: busy.causes,
      by_colour: busy.byColour,
      latency_ms: { p50: busy.latency(50), p99: busy.latency(99) },
      quiet: { requests: quiet.requests, failed: quiet.failed, p50: quiet.latency(50), p99: quiet.latency(99) },
    },
  };
}

function tally() {
  const latencies: number[] = [];
  const total = {
    requests: 0,
    failed: 0,
    skipped: 0,
    causes: {} as Record<string, number>,
    byColour: { blue: 0, green: 0 },
    latency: (percent: number) => tidy(percentile(latencies, percent)),
    add({ answers, skipped }: Taken) {
      total.requests += answers.length;
      total.failed += failed(answers).length;
      total.skipped += skipped;
      for (const { startedMs, endedMs, colour } of answers) {
        latencies.push(endedMs - startedMs);
        if (colour !== null) total.byColour[colour] += 1;
      }
      for (const [cause, count] of Object.entries(causes(answers))) {
        total.causes[cause] = (total.causes[cause] ?? 0) + count;
      }
    },
  };
  return total;
}
