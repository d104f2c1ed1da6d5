/** Read-only waits, smoke suite, hooks and notifiers on the model: polls that become rarer. */

import { moveScheduledWork } from '../../../src/activities/scheduled-work.ts';
import type { ColourInput, ScheduledWorkInput, SmokeResult } from '../../../src/activities/types.ts';
import type { Target } from '../../../src/activities/watch-types.ts';
import type { ColourState } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { sameWeights } from '../../../src/plan/weights.ts';
import type { Attempt } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { ModelWorld } from './model-world.ts';
import type { OtherActivity, OtherFault } from './scenario.ts';

const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 5_000;
const QUIET_MS = 2_000;
const signal = new AbortController().signal;

interface Play {
  world: ModelWorld;
  time: VirtualTime;
  attempt: Attempt;
}

export async function playOther(play: Play, fault: OtherFault | null): Promise<void> {
  const { attempt } = play;
  if (fault?.kind === 'dead') return attempt.die();
  const isWork = attempt.type === 'moveScheduledWork';
  if (fault?.kind === 'slow' && !isWork) await attempt.sleep(fault.ms);
  const frozenMs = fault?.kind === 'slow' ? fault.ms : 0;
  try {
    const fails = fault?.kind === 'fail';
    attempt.complete(
      await (isWork && !fails
        ? moveWork(play, frozenMs)
        : answer(play, attempt.type as Exclude<OtherActivity, 'moveScheduledWork'>, fails)),
    );
  } catch (error) {
    attempt.fail(error);
  }
}

/** The real activity: asleep, once, after a look at the router, an odd time after the second one. */
function moveWork({ world, attempt }: Play, frozenMs: number): Promise<unknown> {
  const adapters = world.adapters(attempt, 0);
  let looks = 0;
  const router = (target: Target) => {
    const inner = adapters.router(target);
    return {
      ...inner,
      async read(limit: AbortSignal) {
        const state = await inner.read(limit);
        looks += 1;
        if (frozenMs > 0 && looks === 1 + (frozenMs % 2)) await attempt.sleep(frozenMs);
        return state;
      },
    };
  };
  const polling = { signal, heartbeat: (details: unknown) => attempt.heartbeat(details) };
  return moveScheduledWork({ ...adapters, router }, polling, attempt.args[0] as ScheduledWorkInput);
}

async function answer(play: Play, type: Exclude<OtherActivity, 'moveScheduledWork'>, fails: boolean): Promise<unknown> {
  if (type === 'runSmoke') return smoke(!fails);
  if (fails) throw new Error(`${type} failed`);
  switch (type) {
    case 'awaitReady':
      return awaitReady(play);
    case 'awaitConverged':
      return awaitConverged(play);
    case 'proveNoTraffic':
      return proveNoTraffic(play);
    case 'watchKept':
      return watchKept(play);
    case 'awaitDrained':
      return { left: 0 };
    case 'measureBaseline':
      return { p99_latency: { value: 20, observations: 100, at: new Date(play.time.now()).toISOString() } };
    case 'runHook':
      return { note: 'done' };
    case 'notify':
      return undefined;
  }
}

function smoke(ok: boolean): SmokeResult {
  return { ok, checks: [{ name: 'health', ok, note: null, took_ms: 1 }] };
}

async function polled<T>({ attempt }: Play, read: () => Promise<T | null>): Promise<T> {
  for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(LAST_POLL_MS, 2 * waitMs)) {
    // What cannot be read now is asked again.
    const found = await read().catch(() => null);
    if (found !== null) return found;
    await attempt.sleep(waitMs);
  }
}

function awaitReady(play: Play): Promise<ColourState> {
  const { target, colour, version, size } = play.attempt.args[0] as ColourInput & {
    version: string | null;
    size: number;
  };
  const platform = play.world.adapters(null, 0).platform(target);
  return polled(play, async () => {
    const state = await platform.inspect(colour, signal);
    return state.ready >= size && (version === null || state.version === version) ? state : null;
  });
}

function awaitConverged(play: Play): Promise<unknown> {
  const { target, weights } = play.attempt.args[0] as { target: Target; weights: Weights };
  const router = play.world.adapters(null, 0).router(target);
  return polled(play, async () => {
    const { converged, state } = await router.convergence(weights, signal);
    return converged || !sameWeights(state.weights, weights) ? state : null;
  });
}

function proveNoTraffic(play: Play): Promise<{ proof: string }> {
  const { target, colour } = play.attempt.args[0] as ColourInput;
  const router = play.world.adapters(null, 0).router(target);
  const isQuiet = async () => (await router.read(signal)).weights[colour] === 0;
  return polled(play, async () => {
    if (!(await isQuiet())) return null;
    await play.attempt.sleep(QUIET_MS);
    return (await isQuiet()) ? { proof: `${colour}: weight 0 %` } : null;
  });
}

function watchKept(play: Play): Promise<ColourState> {
  const { target, colour, size } = play.attempt.args[0] as ColourInput & { size: number };
  const platform = play.world.adapters(null, 0).platform(target);
  return polled(play, async () => {
    const state = await platform.inspect(colour, signal);
    return state.ready < size ? state : null;
  });
}
