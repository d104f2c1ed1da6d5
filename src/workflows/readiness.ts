/** Waiting for a colour's instances, within the plan's limit. */
import type { ColourState } from '../adapters/types.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Colour } from '../plan/types.ts';
import { waits } from './activities.ts';
import { stop } from './interruption.ts';
import type { Run } from './run.ts';
import { within } from './within.ts';

/**
 * Returns when `size` instances of the candidate are ready, or interrupts the run when they are not within
 * `provision_timeout_ms` of `askedAtMs`, when the platform was first asked for them.
 */
export async function readyOrStop(run: Run, colour: Colour, size: number, askedAtMs: number): Promise<ColourState> {
  const { version, provision_timeout_ms: limitMs } = run.plan;
  const leftMs = Math.max(1, askedAtMs + limitMs - Date.now());
  const state = await within(leftMs, `limit of provisioning ${colour}`, () =>
    waits.awaitReady.executeWithOptions({ summary: `wait: ${colour} × ${size} ready` }, [
      { target: run.target, colour, version, size },
    ]),
  );
  if (state !== null) return state;
  return stop(
    run,
    'failure',
    `${colour} did not get ${size} ready instances of ${version} within ${formatDuration(limitMs)}`,
  );
}
