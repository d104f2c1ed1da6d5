/** Read-only waits: what they wait for is in their heartbeat details, and cancelling them ends them at once. */
import type { Adapters } from '../adapters/registry.ts';
import type { ColourState, RouterState } from '../adapters/types.ts';
import type { Colour } from '../plan/types.ts';
import { formatWeights, sameWeights } from '../plan/weights.ts';
import { type Polling, poll } from './polling.ts';
import type { ColourInput, KeptInput, WatchActivities } from './types.ts';
import { RECENT_VERSION_MS } from './watch-drift.ts';
import type { Target } from './watch-types.ts';

/** How often a kept colour is looked at, and how many looks in a row must find it short. */
const KEPT_PAUSE_MS = 1_000;
const KEPT_LOOKS = 2;
/** How old the looks of waits may be; who writes on what they wait for reads it again. */
const KEPT_AGE_MS = 90_000;
const READY_AGE_MS = 5_000;
/** Below the span over which it is proven that nothing comes. */
const PROOF_AGE_MS = 1_000;
/** How long the old colour must have been without a request. */
const QUIET_MS = 2_000;

export async function awaitReady(
  adapters: Adapters,
  polling: Polling,
  { target, colour, version, size, deadline_ms, urgent }: Parameters<WatchActivities['awaitReady']>[0],
): Promise<ColourState> {
  const platform = adapters.platform(target, urgent);
  const wanted = `${size} ready instances of ${colour}${version === null ? '' : ` ${version}`}`;
  const isDone = (state: ColourState) => state.ready >= size && (version === null || state.version === version);
  const state = await poll(polling, {
    read: (signal) => platform.inspect(colour, signal, READY_AGE_MS),
    isDone,
    waitingFor: (seen) =>
      seen === null ? `waiting for ${wanted}` : `waiting for ${wanted}: ${stateOf(seen, version)}`,
    ...(deadline_ms === undefined ? {} : { deadlineMs: deadline_ms }),
  });
  return found(state);
}

export async function awaitConverged(
  adapters: Adapters,
  polling: Polling,
  { target, weights, urgent }: Parameters<WatchActivities['awaitConverged']>[0],
): Promise<RouterState> {
  const router = adapters.router(target, urgent);
  const wanted = formatWeights(weights);
  const result = await poll(polling, {
    read: (signal) => router.convergence(weights, signal),
    isDone: ({ converged, state }) => converged || !sameWeights(state.weights, weights),
    waitingFor: (seen) => `waiting until requests follow ${wanted}${seen === null ? '' : `: ${seen.detail}`}`,
  });
  return found(result).state;
}

export async function awaitDrained(
  adapters: Adapters,
  polling: Polling,
  { target, colour, deadline_ms }: ColourInput & { deadline_ms: number },
): Promise<{ left: number | null }> {
  const inFlight = await poll(polling, {
    read: (signal) => readInFlight(adapters, target, colour, signal),
    isDone: (count) => count === 0,
    waitingFor: (count) => `draining ${colour}: ${count ?? 'an unknown number of'} requests in flight`,
    deadlineMs: deadline_ms,
  });
  return { left: inFlight };
}

/**
 * Weight 0, nothing in flight, and no request counted over at least 2 s, all at the end of the same span; what breaks
 * one of them begins the span anew.
 */
export async function proveNoTraffic(
  adapters: Adapters,
  polling: Polling,
  { target, colour }: ColourInput,
): Promise<{ proof: string }> {
  const provider = adapters.metrics(target);
  const router = adapters.router(target);
  let sinceMs: number | null = null;
  try {
    const proof = await poll<{ proof: string | null; seen: string }>(polling, {
      async read(signal) {
        const { weights } = await router.read(signal, PROOF_AGE_MS);
        const inFlight = await readInFlight(adapters, target, colour, signal);
        const nowMs = polling.clock.now();
        const fromMs = sinceMs ?? nowMs;
        const [sample] = await provider.sample(
          [{ metric: 'request_rate', colour, from_ms: fromMs, to_ms: nowMs }],
          signal,
        );
        const share = weights[colour];
        const flying =
          inFlight === null ? 'requests in flight unknown to the router' : `${inFlight} requests in flight`;
        if (share !== 0 || (inFlight ?? 0) > 0) {
          sinceMs = null;
          return { proof: null, seen: `it has ${share} % of the traffic, ${flying}` };
        }
        sinceMs ??= nowMs;
        if (nowMs - sinceMs < QUIET_MS) return { proof: null, seen: `quiet for ${nowMs - sinceMs} ms` };
        if (sample?.kind !== 'value') return { proof: null, seen: sample?.reason ?? 'its requests are not counted' };
        if (sample.value > 0) {
          sinceMs = null;
          return { proof: null, seen: `it still got ${sample.value.toFixed(2)} requests per second` };
        }
        const seconds = ((nowMs - fromMs) / 1000).toFixed(1);
        const proof = `${colour}: weight 0 %, ${flying}, 0 requests counted in ${seconds} s`;
        return { proof, seen: proof };
      },
      isDone: (value) => value.proof !== null,
      waitingFor: (value) => `proving that ${colour} gets no traffic${value === null ? '' : `: ${value.seen}`}`,
    });
    return { proof: found(proof).proof ?? '' };
  } finally {
    provider.close();
  }
}

/** A single look that finds too few, or another version, is not believed: a restarted instance is back a moment later. */
export async function watchKept(
  adapters: Adapters,
  polling: Polling,
  { target, colour, size, serving }: KeptInput,
): Promise<ColourState> {
  const platform = adapters.platform(target);
  let short = 0;
  let foreign = 0;
  const inspectServing = async (signal: AbortSignal): Promise<ColourState | null> => {
    if (serving === undefined) return null;
    // The look that confirms another version is one at the colour as it is now.
    const maxAgeMs = foreign === 0 ? RECENT_VERSION_MS : 0;
    return platform.inspect(serving.colour, signal, maxAgeMs).catch(() => null);
  };
  const seen = await poll(polling, {
    async read(signal) {
      const [kept, other] = await Promise.all([platform.inspect(colour, signal, KEPT_AGE_MS), inspectServing(signal)]);
      return { kept, other };
    },
    isDone({ kept, other }) {
      short = kept.ready < size ? short + 1 : 0;
      foreign = other !== null && other.version !== serving?.version ? foreign + 1 : 0;
      return short >= KEPT_LOOKS || foreign >= KEPT_LOOKS;
    },
    waitingFor: (looked) =>
      `keeping ${size} instances of ${colour} ready${looked === null ? '' : `: ${stateOf(looked.kept, null)}`}`,
    pauseMs: { min: KEPT_PAUSE_MS, max: KEPT_PAUSE_MS },
  });
  const { kept, other } = found(seen);
  return foreign >= KEPT_LOOKS && other !== null ? other : kept;
}

async function readInFlight(
  adapters: Adapters,
  target: Target,
  colour: Colour,
  signal: AbortSignal,
): Promise<number | null> {
  const router = adapters.router(target);
  if (router.countsInFlight === false) return null;
  const { weights } = await router.read(signal);
  const { in_flight } = await router.convergence(weights, signal);
  return in_flight === null ? null : in_flight[colour];
}

function stateOf(state: ColourState, version: string | null): string {
  const reasons = state.instances
    .filter(({ ready }) => !ready)
    .map(({ id, reason }) => `${id}: ${reason ?? 'not ready'}`);
  const other = version !== null && state.version !== version ? `, of version ${state.version ?? 'none'}` : '';
  const why = reasons.length === 0 ? '' : ` (${reasons.slice(0, 3).join('; ')}${reasons.length > 3 ? '; …' : ''})`;
  return `${state.ready} of ${state.desired} ready${other}${why}`;
}

/** A wait without a deadline ends with a value or by throwing. */
function found<T>(value: T | null): T {
  if (value === null) throw new Error('a wait without a deadline ended without a value');
  return value;
}
