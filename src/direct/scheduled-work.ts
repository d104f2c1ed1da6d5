/** What only one colour may run, after the traffic: best effort, since the traffic is what counts. */
import { bounded, messageOf } from '../activities/clock.ts';
import { orderFor } from '../activities/scheduled-work.ts';
import type { Fence } from '../adapters/types.ts';
import { workFacts } from '../plan/scheduled-work.ts';
import type { Colour } from '../plan/types.ts';
import type { DirectRollback } from './context.ts';

const LIMIT_MS = 15_000;

/** `fence`: of the router's last write. Tells how it went, and never throws but for the caller's own signal. */
export async function moveWorkBack(rollback: DirectRollback, active: Colour, fence: Fence): Promise<void> {
  const { platform, router, signal, tell } = rollback;
  const { moveScheduledWork: pass } = platform;
  if (pass === undefined) return;
  try {
    const order = orderFor(router, { active, fence });
    const facts = workFacts(await bounded(LIMIT_MS, signal, (limit) => pass(order, limit)));
    tell('work', facts.length === 0 ? `scheduled work is on ${active} already` : facts.join('; '));
  } catch (error) {
    signal.throwIfAborted();
    const again = 'the traffic is not affected; run it again, or suspend and resume by hand';
    tell('work', `ATTENTION: scheduled work was not moved to ${active}: ${messageOf(error)}; ${again}`);
  }
}
