/** Waiting for a colour's instances, within the plan's limit. */
import type { ColourState } from '../adapters/types.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Colour } from '../plan/types.ts';
import { waits } from './activities.ts';
import { stop } from './interruption.ts';
import type { Run } from './run.ts';
import { within } from './within.ts';

/** Returns when `size` instances are ready, or interrupts the run when they are not within `provision_timeout_ms`. */
export async function readyOrStop(run: Run, colour: Colour, size: number, version: string): Promise<ColourState> {
  const timeoutMs = run.plan.provision_timeout_ms;
  const state = await within(timeoutMs, `limit of provisioning ${colour}`, () =>
    waits.awaitReady.executeWithOptions({ summary: `wait: ${colour} × ${size} ready` }, [
      { target: run.target, colour, version, size },
    ]),
  );
  if (state !== null) return state;
  return stop(
    run,
    'failure',
    `${colour} did not get ${size} ready instances of ${version} within ${formatDuration(timeoutMs)}`,
  );
}
