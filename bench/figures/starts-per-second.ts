/** How many deployments begin in a rush: the client, the server, and one worker that runs them meanwhile. */
import type { Context } from '../lib/context.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { eachOf, type FleetStage, startFleetStage, startInFleet } from '../lib/fleet/stage.ts';
import { tidy } from '../lib/statistics.ts';

const STARTS = 300;
const AT_ONCE = 20;
const WARM_UP = 20;
/** No worker polls it, and nothing runs there. */
const NOBODYS_QUEUE = 'bench-floor';

export const startsPerSecond: Figure = {
  name: 'starts_per_second',
  title: `deployments accepted per second, ${STARTS} of ${STARTS} services, ${AT_ONCE} at once`,
  unit: 'starts/s',
  goal: [{ stat: 'rate', above: 50 }],
  limitMs: 180_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const stage = await startFleetStage(context);
  try {
    let again = 0;
    const start = async (name: string) => {
      again += await startInFleet(stage, name);
    };
    await ratePerSecond('warm', WARM_UP, start);
    const floor = tidy(await ratePerSecond('bare', STARTS, (name) => startBare(stage, name)));
    const rate = tidy(await ratePerSecond('fleet', STARTS, start));
    return {
      report: rate,
      stats: { rate },
      floor: { rate: floor },
      floor_is: 'the server accepts workflows that no worker takes up',
      details: { starts: STARTS, at_once: AT_ONCE, sent_again: again },
    };
  } finally {
    await stage.stop();
  }
}

async function ratePerSecond(name: string, count: number, start: (name: string) => Promise<unknown>): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const startedMs = performance.now();
  await eachOf(names, AT_ONCE, start);
  return (1_000 * count) / (performance.now() - startedMs);
}

function startBare({ temporal }: FleetStage, workflowId: string): Promise<unknown> {
  return temporal.workflow.start('nothing', { workflowId, taskQueue: NOBODYS_QUEUE });
}
