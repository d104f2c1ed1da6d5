/** The one write, conditional on what was read, and again after a fresh read when somebody was faster. */
import { messageOf } from '../activities/clock.ts';
import { DIRECT_STEP, type Fence, type RouterState } from '../adapters/types.ts';
import type { Weights } from '../plan/types.ts';
import { formatWeights, sameWeights } from '../plan/weights.ts';
import { call, type DirectRollback } from './context.ts';

/** Writes after the first. */
const RETRIES = 3;

export type WriteBack = { kind: 'written'; state: RouterState } | { kind: 'stuck'; reason: string; state: RouterState };

/** `found` is what was read, with `claim` stored in it. An answer that was lost is found by the next read. */
export async function writeBack(
  rollback: DirectRollback,
  found: RouterState,
  claim: Fence,
  wanted: Weights,
): Promise<WriteBack> {
  let state = found;
  let reason = '';
  for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
    const outcome = await writeOnce(rollback, state, claim, wanted);
    if (outcome.kind === 'written') return outcome;
    reason = outcome.reason;
    const next = await readAgain(rollback);
    if (next === null) continue;
    if (!isOfClaim(next, claim)) {
      return { kind: 'stuck', reason: 'another deployment has claimed the router', state: next };
    }
    if (sameWeights(next.weights, wanted) && next.exposed === undefined) return { kind: 'written', state: next };
    if (next.revision !== state.revision) rollback.tell('drift', describeChange(next));
    state = next;
  }
  return { kind: 'stuck', reason: `not written after ${RETRIES + 1} attempts: ${reason}`, state };
}

async function writeOnce(
  rollback: DirectRollback,
  state: RouterState,
  claim: Fence,
  wanted: Weights,
): Promise<{ kind: 'written'; state: RouterState } | { kind: 'failed'; reason: string }> {
  const fence = { ...claim, step: Math.max(state.fence?.step ?? 0, DIRECT_STEP) + 1 };
  try {
    const { kind, state: after } = await call(rollback, (signal) =>
      rollback.router.shift({ weights: wanted, expected_revision: state.revision, fence }, signal),
    );
    if (kind === 'written' || (kind === 'already' && after.revision === after.fenced_revision)) {
      rollback.tell('write', `written: ${formatWeights(wanted)}, epoch ${fence.epoch}, step ${fence.step}`);
      return { kind: 'written', state: after };
    }
    return { kind: 'failed', reason: `somebody else wrote to the router meanwhile` };
  } catch (error) {
    rollback.signal.throwIfAborted();
    rollback.tell('failure', `the write was not answered: ${messageOf(error)}`);
    return { kind: 'failed', reason: messageOf(error) };
  }
}

/** Null: it cannot be read now. */
async function readAgain(rollback: DirectRollback): Promise<RouterState | null> {
  try {
    return await call(rollback, (signal) => rollback.router.read(signal));
  } catch (error) {
    rollback.signal.throwIfAborted();
    rollback.tell('failure', `the router cannot be read: ${messageOf(error)}`);
    return null;
  }
}

function isOfClaim({ fence }: RouterState, claim: Fence): boolean {
  return fence !== null && fence.run === claim.run && fence.epoch === claim.epoch;
}

/** The run itself may still be at work, when it is only this client that cannot reach Temporal. */
function describeChange({ weights, revision, fenced_revision }: RouterState): string {
  const who = revision === fenced_revision ? 'the deployment itself' : 'somebody else';
  return `${who} changed the router to ${formatWeights(weights)} meanwhile; it is overwritten`;
}
