/** What a worker pays to take over a deployment that another one had in its cache: the replay of its history. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { builtPath, packageRoot } from '../../src/package-root.ts';
import { BUNDLE_FILE } from '../../src/worker/bundle.ts';
import { SILENT_SINKS } from '../../src/worker/metrics/meters.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { quietRuntime } from '../lib/quiet-runtime.ts';
import { percentile, tidy } from '../lib/statistics.ts';

const FILE = 'test/histories/observed-4h.json';
const RUNS = 15;
/** The first ones load the code. */
const WARM_UP = 3;

/** As the server exports it. */
interface Recorded {
  events: { eventType: string }[];
}

type History = Parameters<typeof Worker.runReplayHistory>[1];

export const replay: Figure = {
  name: 'replay_ms',
  title: `replay of ${FILE}, worker and code loaded`,
  unit: 'ms',
  goal: [{ stat: 'p50', below: 100 }],
  limitMs: 60_000,
  run,
};

async function run(): Promise<Measured> {
  quietRuntime();
  const recorded: Recorded = JSON.parse(await readFile(join(packageRoot(), FILE), 'utf8'));
  const samples = await replays(historyFromJSON(recorded));
  const floor = await replays(historyFromJSON(beginning(recorded)));
  const p50 = tidy(percentile(samples, 50));
  return {
    report: p50,
    stats: { p50, max: tidy(Math.max(...samples)) },
    floor: { p50: tidy(percentile(floor, 50)), max: tidy(Math.max(...floor)) },
    floor_is: 'the same history up to its first workflow task',
    details: { events: recorded.events.length, samples_ms: samples.map(tidy), floor_ms: floor.map(tidy) },
  };
}

/** Milliseconds of each replay, one after the other on one worker. */
async function replays(history: History): Promise<number[]> {
  const samples: number[] = [];
  let startedMs = 0;
  async function* histories() {
    for (let index = 0; index < WARM_UP + RUNS; index += 1) {
      startedMs = performance.now();
      yield { workflowId: `replay-${index}`, history };
    }
  }
  const workflowBundle = { codePath: builtPath(BUNDLE_FILE) };
  for await (const { error } of Worker.runReplayHistories({ workflowBundle, sinks: SILENT_SINKS }, histories())) {
    if (error !== undefined) throw new Error(`the history does not replay: ${error.message}`, { cause: error });
    samples.push(performance.now() - startedMs);
  }
  return samples.slice(WARM_UP);
}

/** A run that has just begun. */
function beginning({ events }: Recorded): Recorded {
  const first = events.findIndex(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_STARTED');
  return { events: events.slice(0, first + 1) };
}
