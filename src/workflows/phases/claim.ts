/** Before everything: the plan is checked again, the router's epoch claimed, what stood before put into history. */

import { patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { Found, Parity } from '../../activities/types.ts';
import type { Fence } from '../../adapters/types.ts';
import { otherColour } from '../../plan/weights.ts';
import { mutations } from '../activities.ts';
import { stop } from '../interruption.ts';
import { introduce } from '../journal.ts';
import type { Run } from '../run.ts';

/** Longer than many deployments at once wait for each other within the bound of requests to an API server. */
const CLAIM_LIMIT_MS = 300_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;
/** Runs that are open yet may have read and claimed in one attempt. */
const IN_TWO_STEPS = 'claim-in-two-steps';

type Claim = Found & { fence: Fence };

/** Ends the run as refused, with nothing changed, when the plan or the router's state does not allow a start. */
export async function claim(run: Run): Promise<void> {
  introduce(run);
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const owner = `${workflowId} ${firstExecutionRunId}`;
  const { state, fence, active, active_state, parity } = await (patched(IN_TWO_STEPS)
    ? claimAsFound(run, owner)
    : claimAtOnce(run, owner));
  run.claimed = {
    fence,
    active,
    candidate: otherColour(active),
    fullSize: Math.max(1, active_state.desired),
    previousVersion: active_state.version,
  };
  run.weights = state.weights;
  run.revision = state.revision;
  run.exposed = state.exposed ?? null;
  recordParity(run, parity);
}

/**
 * Claims the next epoch of the router as it was found: the revision comes from history, as every write's does, so that an
 * attempt that wakes late, of this deployment or one long over, meets a router that has changed. Whoever loses a race
 * looks again.
 */
async function claimAsFound(run: Run, owner: string): Promise<Claim> {
  const deadlineMs = Date.now() + CLAIM_LIMIT_MS;
  const inTime = () => ({ scheduleToCloseTimeout: Math.max(1, deadlineMs - Date.now()) });
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
    const found = await mutations.findActive.executeWithOptions({ summary: 'find the active colour', ...inTime() }, [
      { plan: run.plan },
    ]);
    const fence: Fence = { run: owner, epoch: (found.state.fence?.epoch ?? 0) + 1, step: 0 };
    const { kind, state } = await mutations.claimEpoch.executeWithOptions(
      { summary: `claim the router: epoch ${fence.epoch}`, ...inTime() },
      [{ target: run.target, expected_revision: found.state.revision, fence }],
    );
    if (kind === 'written' || kind === 'already') return { ...found, state, fence };
    if (Date.now() + retryMs >= deadlineMs)
      stop(run, 'failure', 'somebody wrote to the router whenever it was claimed');
    await sleep(retryMs);
  }
}

function claimAtOnce({ plan }: Run, owner: string): Promise<Claim> {
  return mutations.claimRouter.executeWithOptions(
    { summary: 'claim the router', scheduleToCloseTimeout: CLAIM_LIMIT_MS },
    [{ plan, run: owner }],
  );
}

/** The colours were compared before the router was claimed; a plan that requires parity would have ended there. */
function recordParity(run: Run, parity: Parity | undefined): void {
  const record = run.phases.parity;
  const at = Date.now();
  Object.assign(record, { state: 'passed', startedAtMs: at, endedAtMs: at, share: 0 });
  record.note = parity?.note ?? 'not compared';
  run.parity = parity?.differences ?? null;
}
