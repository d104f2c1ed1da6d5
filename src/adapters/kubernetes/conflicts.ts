/** Writes that are conditional on what was read. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../errors.ts';

const ATTEMPTS = 5;
/** Longer each time: a controller that is at it may write several times in a row. */
const PAUSE_MS = 20;

/** Reads and writes anew when somebody wrote in between; the fifth CUTOVER_KUBERNETES_CONFLICT is thrown. */
export async function readAndWrite<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isConflict = error instanceof CutoverError && error.code === 'CUTOVER_KUBERNETES_CONFLICT';
      if (!isConflict || attempt === ATTEMPTS) throw error;
      await sleep(attempt * PAUSE_MS, undefined, { signal });
    }
  }
}
