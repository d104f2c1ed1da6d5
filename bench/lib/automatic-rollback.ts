/** A version that turns bad under traffic, and what is made of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { allOn, firstBad } from './answers.ts';
import type { Context } from './context.ts';
import { OLD, startSwitched, untilAllOn, untilRolledBack } from './deployment.ts';
import type { Measured } from './figure.ts';
import { bareWrites } from './floor.ts';
import { instantPlan } from './plans.ts';
import { spread, tidy } from './statistics.ts';

export interface AutomaticSettings {
  resolutionMs: number;
  windowMs: number;
  samples: number;
}

const PER_SECOND = 400;
const FLOOR_SAMPLES = 10;
/** Of the bad version's requests; the trigger of the plan is 5 %. */
const ERROR_PERCENT = 30;
/** Breaches in a row that fire a trigger: the plan's default. */
const CONSECUTIVE = 2;

/**
 * Switches to a version that begins to fail after a while, and measures from the start of the first request that it
 * failed to all traffic on the old colour. The instant is spread evenly over the watcher's tick.
 */
export async function measureAutomatic(context: Context, settings: AutomaticSettings): Promise<Measured> {
  const { load, progress } = context;
  const { resolutionMs, windowMs, samples: count } = settings;
  load.setRate(PER_SECOND);
  const bare = await bareWrites(context, FLOOR_SAMPLES);
  const samples: number[] = [];
  const lost: number[] = [];
  for (let index = 0; index < count; index += 1) {
    if (index % 5 === 0) progress(`bad version ${index + 1} of ${count} …`);
    const fault = {
      errors_after_ms: Math.round(windowMs + 500 + (index * resolutionMs) / count),
      error_percent: ERROR_PERCENT,
    };
    const options = { version: `3.${resolutionMs}.${index}`, fault };
    const plan = instantPlan({ ...options, resolution: `${resolutionMs}ms`, window: `${windowMs}ms` });
    await load.take();
    const handle = await startSwitched(context, plan);
    await untilAllOn(context, OLD, handle);
    await sleep(100);
    const { answers } = await load.take();
    const begunMs = firstBad('green', answers);
    samples.push(allOn(OLD, answers) - begunMs);
    lost.push(answers.filter(({ status }) => status >= 500).length);
    await untilRolledBack(handle);
  }
  // The first breaching tick comes half a tick after the first bad request on average, the last one of the row later.
  const ticksMs = (CONSECUTIVE - 0.5) * resolutionMs;
  const longestTicksMs = CONSECUTIVE * resolutionMs;
  const bareSpread = spread(bare);
  return {
    report: spread(samples),
    stats: spread(samples),
    floor: { p50: tidy(ticksMs + bareSpread.p50), p99: tidy(longestTicksMs + bareSpread.p99) },
    floor_is: `the ticks that ${CONSECUTIVE} breaches take, and the bare conditional PUT`,
    details: {
      samples: count,
      requests_per_second: PER_SECOND,
      resolution_ms: resolutionMs,
      window_ms: windowMs,
      error_percent: ERROR_PERCENT,
      bare_write: bareSpread,
      failed_requests: spread(lost),
      samples_ms: samples.map(tidy),
    },
  };
}
