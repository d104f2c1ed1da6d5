/** Before everything: the plan is checked again, the router's epoch claimed, what stood before put into history. */

import { workflowInfo } from '@temporalio/workflow';
import type { Parity } from '../../activities/types.ts';
import { otherColour } from '../../plan/weights.ts';
import { mutations } from '../activities.ts';
import { introduce } from '../journal.ts';
import type { Run } from '../run.ts';

/** Longer than many deployments at once wait for each other within the bound of requests to an API server. */
const CLAIM_LIMIT = '5m';

/** Ends the run as refused, with nothing changed, when the plan or the router's state does not allow a start. */
export async function claim(run: Run): Promise<void> {
  introduce(run);
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const claimed = await mutations.claimRouter.executeWithOptions(
    { summary: 'claim the router', scheduleToCloseTimeout: CLAIM_LIMIT },
    [{ plan: run.plan, run: `${workflowId} ${firstExecutionRunId}` }],
  );
  run.claimed = {
    fence: claimed.fence,
    active: claimed.active,
    candidate: otherColour(claimed.active),
    fullSize: Math.max(1, claimed.active_state.desired),
    previousVersion: claimed.active_state.version,
  };
  run.weights = claimed.state.weights;
  run.revision = claimed.state.revision;
  run.exposed = claimed.state.exposed ?? null;
  recordParity(run, claimed.parity);
}

/** The colours were compared before the router was claimed; a plan that requires parity would have ended there. */
function recordParity(run: Run, parity: Parity | undefined): void {
  const record = run.phases.parity;
  const at = Date.now();
  Object.assign(record, { state: 'passed', startedAtMs: at, endedAtMs: at, share: 0 });
  record.note = parity?.note ?? 'not compared';
  run.parity = parity?.differences ?? null;
}
