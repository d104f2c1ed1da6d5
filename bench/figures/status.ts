/** `cutover status` of a deployment that a worker is watching. */
import { CUTOVER, NOTHING, runs } from '../lib/cli.ts';
import type { Context } from '../lib/context.ts';
import { startWatched, untilRolledBack } from '../lib/deployment.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { instantPlan, SERVICE } from '../lib/plans.ts';
import { percentile, tidy } from '../lib/statistics.ts';

const RUNS = 11;

export const status: Figure = {
  name: 'status_ms',
  title: 'cutover status of a deployment in its decision window, the whole process',
  unit: 'ms',
  goal: [{ stat: 'p50', below: 600 }],
  limitMs: 90_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const handle = await startWatched(context, instantPlan({ version: '8.0.0' }), 1_500);
  const floor = await runs(NOTHING, RUNS);
  const env = { TEMPORAL_ADDRESS: context.client.address };
  const samples = await runs([...CUTOVER, 'status', `bench/${SERVICE}`], RUNS, env);
  await handle.rollback({ reason: 'bench' });
  await untilRolledBack(handle);
  const p50 = tidy(percentile(samples, 50));
  return {
    report: p50,
    stats: { p50 },
    floor: { p50: tidy(percentile(floor, 50)) },
    floor_is: 'node -e 0',
    details: { samples_ms: samples.map(tidy), floor_ms: floor.map(tidy) },
  };
}
