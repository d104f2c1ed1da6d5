/** A wait with an end. */
import { CancellationScope, condition } from '@temporalio/workflow';

/** The wait's answer, or null after `timeoutMs`, with the wait cancelled. `summary` names the timer in the Web UI. */
export async function within<T>(timeoutMs: number, summary: string, wait: () => Promise<T>): Promise<T | null> {
  const scope = new CancellationScope();
  let settled = false;
  const waiting = scope.run(wait).finally(() => {
    settled = true;
  });
  waiting.catch(() => undefined);
  const inTime = await Promise.race([waiting.then(() => true), condition(() => settled, timeoutMs, { summary })]);
  if (inTime) return waiting;
  scope.cancel();
  return null;
}
