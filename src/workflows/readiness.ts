/** Waiting for a colour's instances, within the plan's limit. */
import type { ColourState } from '../adapters/types.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Colour } from '../plan/types.ts';
import { waits } from './activities.ts';
import { stop } from './interruption.ts';
import type { Run } from './run.ts';
import { within } from './within.ts';

/** How long after its own deadline a wait may take to answer. */
const GRACE_MS = 2_000;

/**
 * Returns when `size` instances of the candidate are ready, or interrupts the run when they are not within
 * `provision_timeout_ms` of `askedAtMs`, when the platform was first asked for them: with what keeps them from it.
 */
export async function readyOrStop(run: Run, colour: Colour, size: number, askedAtMs: number): Promise<ColourState> {
  const { version, provision_timeout_ms: limitMs } = run.plan;
  const deadlineMs = Math.max(Date.now() + 1, askedAtMs + limitMs);
  const state = await within(deadlineMs + GRACE_MS - Date.now(), `limit of provisioning ${colour}`, () =>
    waits.awaitReady.executeWithOptions({ summary: `wait: ${colour} × ${size} ready` }, [
      { target: run.target, colour, version, size, deadline_ms: deadlineMs },
    ]),
  );
  if (state !== null && state.ready >= size) return state;
  const wanted = `${size} ready instances of ${version} within ${formatDuration(limitMs)}`;
  return stop(run, 'failure', `${colour} did not get ${wanted}${state === null ? '' : whyNot(state)}`);
}

function whyNot({ ready, instances }: ColourState): string {
  const [first] = instances.filter((instance) => !instance.ready && instance.reason !== null);
  return `, but ${ready}${first === undefined ? '' : `: ${first.id}: ${first.reason}`}`;
}
