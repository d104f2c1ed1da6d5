/** `cutover --help`: what every command pays before it does anything. */

import { CUTOVER, NOTHING, runs } from '../lib/cli.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { percentile, tidy } from '../lib/statistics.ts';

const RUNS = 11;

export const help: Figure = {
  name: 'help_ms',
  title: 'cutover --help, the whole process',
  unit: 'ms',
  goal: [{ stat: 'p50', below: 200 }],
  limitMs: 60_000,
  run,
};

async function run(): Promise<Measured> {
  const floor = await runs(NOTHING, RUNS);
  const samples = await runs([...CUTOVER, '--help'], RUNS);
  const p50 = tidy(percentile(samples, 50));
  return {
    report: p50,
    stats: { p50 },
    floor: { p50: tidy(percentile(floor, 50)) },
    floor_is: 'node -e 0',
    details: { samples_ms: samples.map(tidy), floor_ms: floor.map(tidy) },
  };
}
