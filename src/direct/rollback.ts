/**
 * A rollback without Temporal: what the workflow's own does, through the adapters alone. Its fence belongs to the run
 * that claimed the router, with a step above all of that run's, so nothing that the run still has under way undoes it.
 */
import { type Capacity, inspectOrNull, judgeCapacity } from '../activities/capacity.ts';
import { messageOf } from '../activities/clock.ts';
import type { ColourState, Fence, RouterState } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import { formatExposure } from '../plan/exposure.ts';
import type { Colour, Plan, Weights } from '../plan/types.ts';
import { formatWeights, otherColour, sameWeights } from '../plan/weights.ts';
import { call, type DirectRollback } from './context.ts';
import { moveWorkBack } from './scheduled-work.ts';
import { writeBack } from './write-back.ts';

/**
 * - `restored`: written, and proven that new requests follow. `nothing_to_do`: all was on the old colour already.
 * - `held`: the old colour is known not to carry all traffic; nothing was written.
 * - `stuck`: it could not be written, or not be proven.
 */
export interface DirectResult {
  outcome: 'restored' | 'nothing_to_do' | 'held' | 'stuck';
  reason: string;
  old_colour: Colour;
  /** As last read. */
  weights: Weights;
  fence: Fence;
}

/** The platform is not waited for longer: a state that cannot be read is unknown. */
const INSPECT_LIMIT_MS = 2_000;
const PAUSE_MS = { min: 100, max: 500 };

/**
 * CUTOVER_NOTHING_TO_ROLL_BACK when no deployment has claimed the router, CUTOVER_ROUTER_SPLIT when what stood at the
 * claim gave neither colour everything; whatever the router's first read throws.
 */
export async function rollBackDirectly(rollback: DirectRollback): Promise<DirectResult> {
  const found = await readFirst(rollback);
  const { claim, oldColour } = claimOf(rollback.plan.service, found);
  const wanted = allOn(oldColour);
  const result = (outcome: DirectResult['outcome'], reason: string, state = found): DirectResult => ({
    outcome,
    reason,
    old_colour: oldColour,
    weights: state.weights,
    fence: state.fence ?? claim,
  });
  rollback.tell(
    'read',
    `the router holds ${formatWeights(found.weights)}${besideOf(found)}; ${claim.run} claimed it, step ${claim.step}`,
  );
  if (sameWeights(found.weights, wanted) && found.exposed === undefined) {
    await moveWorkBack(rollback, oldColour, claim);
    return result('nothing_to_do', `all traffic is on ${oldColour} already`);
  }
  const capacity = await capacityOf(rollback, oldColour, wanted);
  if (capacity.note !== null) rollback.tell('capacity', capacity.note);
  if (capacity.kind === 'short') return result('held', `${capacity.note}; --force goes all the same`);
  const written = await writeBack(rollback, found, claim, wanted);
  if (written.kind === 'stuck') return result('stuck', written.reason, written.state);
  const { problem, state } = await prove(rollback, wanted, written.state);
  if (problem === null) rollback.tell('proof', 'every new request follows');
  else rollback.tell('failure', problem);
  await moveWorkBack(rollback, oldColour, written.state.fence ?? claim);
  return problem === null
    ? result('restored', `all traffic is on ${oldColour}`, state)
    : result('stuck', problem, state);
}

function besideOf({ exposed }: RouterState): string {
  return exposed === undefined ? '' : `, and leads to ${exposed.colour}: ${formatExposure(exposed)}`;
}

async function readFirst(rollback: DirectRollback): Promise<RouterState> {
  try {
    return await call(rollback, (signal) => rollback.router.read(signal));
  } catch (cause) {
    if (cause instanceof CutoverError) throw cause;
    throw new CutoverError('CUTOVER_ROUTER_UNREACHABLE', `the router cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function claimOf(service: string, { fence, before }: RouterState): { claim: Fence; oldColour: Colour } {
  if (fence === null || before === null) {
    throw new CutoverError(
      'CUTOVER_NOTHING_TO_ROLL_BACK',
      `the router of ${service} was never claimed by a deployment, so there is nothing to go back to`,
    );
  }
  if (before.blue !== 100 && before.green !== 100) {
    throw new CutoverError(
      'CUTOVER_ROUTER_SPLIT',
      `before the deployment the router held ${formatWeights(before)}: neither colour is the one to go back to`,
    );
  }
  return { claim: fence, oldColour: before.blue === 100 ? 'blue' : 'green' };
}

function allOn(colour: Colour): Weights {
  return { blue: colour === 'blue' ? 100 : 0, green: colour === 'green' ? 100 : 0 };
}

async function capacityOf(rollback: DirectRollback, oldColour: Colour, wanted: Weights): Promise<Capacity> {
  if (rollback.force) return { kind: 'forced', note: 'forced: capacity was not looked at' };
  const { platform, signal } = rollback;
  const [old, candidate] = await Promise.all([
    inspectOrNull(platform, oldColour, signal, INSPECT_LIMIT_MS),
    inspectOrNull(platform, otherColour(oldColour), signal, INSPECT_LIMIT_MS),
  ]);
  if (old === null) {
    return { kind: 'unknown', note: `ATTENTION: the state of ${oldColour} could not be read; going back blindly` };
  }
  const fullSize = fullSizeOf(rollback.plan, old, candidate);
  const capacity = judgeCapacity(old, { weights: wanted, full_size: fullSize });
  if (capacity.kind !== 'short') return capacity;
  const missing = fullSize - old.ready;
  return { ...capacity, note: `${capacity.note}: ${missing} missing. ${describe(candidate, oldColour)}` };
}

/**
 * Instances that carry 100 %. The run measured them at its claim, which cannot be asked now: the old colour may have
 * been shrunk since, so the candidate's size counts too, by the plan's own measure.
 */
function fullSizeOf({ capacity }: Pick<Plan, 'capacity'>, old: ColourState, candidate: ColourState | null): number {
  const percent = Math.max(100, capacity.validation_percent, capacity.switch_percent);
  return Math.max(1, old.desired, Math.floor(((candidate?.desired ?? 0) * 100) / percent));
}

function describe(candidate: ColourState | null, oldColour: Colour): string {
  if (candidate === null) return `The state of ${otherColour(oldColour)} cannot be read`;
  return `${candidate.colour} has ${candidate.ready} of ${candidate.desired} instances ready`;
}

/** `problem` null: new requests follow `wanted` everywhere, within the plan's deadline. */
async function prove(
  rollback: DirectRollback,
  wanted: Weights,
  written: RouterState,
): Promise<{ problem: string | null; state: RouterState }> {
  const { clock, router, plan, signal } = rollback;
  const deadlineMs = clock.now() + plan.switch.deadline_ms;
  let state = written;
  let waiting = 'it was not read yet';
  for (let pauseMs = PAUSE_MS.min; ; pauseMs = Math.min(PAUSE_MS.max, pauseMs * 1.5)) {
    try {
      const seen = await call(rollback, (limit) => router.convergence(wanted, limit), deadlineMs - clock.now());
      state = seen.state;
      if (seen.converged) return { problem: null, state };
      if (!sameWeights(state.weights, wanted)) {
        return { problem: `written, but somebody changed the router to ${formatWeights(state.weights)} since`, state };
      }
      waiting = seen.detail;
    } catch (error) {
      signal.throwIfAborted();
      waiting = messageOf(error);
    }
    const leftMs = deadlineMs - clock.now();
    if (leftMs <= 0) {
      return { problem: `written, but not proven within ${plan.switch.deadline_ms / 1_000} s: ${waiting}`, state };
    }
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
  }
}
