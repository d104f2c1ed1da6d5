/**
 * The way back. It needs nothing from the candidate and waits for nothing but the router's answer, except when the
 * old colour is known not to be ready: then the table of the design holds (repair, shift what it carries, hold the
 * rest while the candidate is healthy; force always goes).
 */

import { ActivityFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { ShiftOutcome } from '../activities/types.ts';
import type { ColourState, RouterState } from '../adapters/types.ts';
import { formatWeights, sameWeights } from '../plan/weights.ts';
import { FIRST, mutations, waits } from './activities.ts';
import { publishDetails } from './details.ts';
import { adoptDirect, isFencedWrite } from './foreign-write.ts';
import { interruptionOf } from './interruption.ts';
import { callPerson, closeOpenPhases, setPhase, tell } from './journal.ts';
import { rollbackRestored } from './meters.ts';
import { unsafeRollback } from './rollback-safety.ts';
import { rootMessage } from './root-message.ts';
import { candidateShare, claimedOf, type RollbackRecord, type Run, weightsFor } from './run.ts';
import { converged, writeWeights } from './traffic.ts';

/** A rollback reverted by somebody else so often within the span is stuck: a person must find out who. */
const MAX_REVERTS = 3;
const REVERT_SPAN_MS = 60_000;
/** After this long without the router's answer a person is called; the write goes on being tried. */
const SLOW_WRITE_MS = 5_000;

type Short = Extract<ShiftOutcome, { kind: 'short' }>;

/** The write cannot be done at all, and a person must act. */
interface Refused {
  kind: 'refused';
  reason: string;
}

/** Puts all traffic back on the old colour and proves it. The record, which is the run's, tells how it ended. */
export async function rollBack(run: Run): Promise<RollbackRecord> {
  const interruption = interruptionOf(run);
  const record: RollbackRecord = {
    interruption,
    requestedAtMs: interruption.atMs,
    fromPhase: run.phase,
    restoredAtMs: null,
    state: 'writing',
    force: interruption.force,
    unsafe: false,
    note: null,
  };
  run.rollback = record;
  run.pause = null;
  closeOpenPhases(run, interruption);
  // At step 0 there is nothing to put back, and no late writer to fence off.
  if (interruption.kind === 'superseded') stuck(run, record, interruption.reason);
  else if (run.step === 0) restored(run, record, 'no traffic had been moved');
  else if (await isWanted(run, record)) await goBack(run, record);
  return record;
}

async function goBack(run: Run, record: RollbackRecord): Promise<void> {
  const { reason, by } = record.interruption;
  setPhase(run, 'rolling_back');
  await restore(run, record);
  if (record.state !== 'restored') return;
  rollbackRestored(record);
  await regrow(run);
  tell(run, 'Rolled back', `${run.plan.version}: ${reason} (${by})`);
}

/**
 * Nobody but a person may go back once data makes it unsafe: the traffic stays until somebody forces the rollback, or
 * releases the deployment as it is. Tells whether to go on.
 */
async function isWanted(run: Run, record: RollbackRecord): Promise<boolean> {
  const unsafe = record.force ? null : unsafeRollback(run);
  if (unsafe === null) return true;
  record.state = 'stuck';
  record.unsafe = true;
  record.note = `${unsafe}; it needs force`;
  setPhase(run, 'stuck');
  callPerson(
    run,
    'A rollback is due, but unsafe',
    `${record.interruption.reason}; ${unsafe}. \`rollback\` with force goes back all the same, \`release\` leaves the traffic where it is`,
  );
  await condition(() => record.force || run.released);
  record.unsafe = false;
  if (record.force) record.state = 'writing';
  return record.force;
}

async function restore(run: Run, record: RollbackRecord): Promise<void> {
  const wanted = weightsFor(claimedOf(run).candidate, 0);
  const reverts: number[] = [];
  for (;;) {
    const outcome = await writeBack(run, record);
    if (outcome.kind === 'refused') {
      await askPerson(run, record, outcome.reason);
    } else if (outcome.kind === 'superseded') {
      // Somebody has gone back past Temporal meanwhile: the same write, counted on from theirs.
      if (!adoptDirect(run, outcome.state)) return stuck(run, record, 'another deployment has claimed the router');
      if (!isFencedWrite(outcome.state)) await noteRevert(run, record, reverts, outcome.state);
    } else if (outcome.kind === 'short') {
      await repair(run, record, outcome);
    } else if (outcome.kind === 'conflict') {
      adoptDirect(run, outcome.state);
      if (!writtenByThisRun(run, outcome.state)) await noteRevert(run, record, reverts, outcome.state);
      run.revision = outcome.state.revision;
    } else {
      if (outcome.capacity === 'unknown') callPerson(run, 'Rolled back blindly', outcome.note ?? 'capacity unknown');
      record.restoredAtMs ??= Date.now();
      const deadlineMs = Date.now() + run.plan.switch.deadline_ms;
      const state = outcome.converged ? outcome.state : await converged(run, wanted, deadlineMs, true);
      if (state !== null && sameWeights(state.weights, wanted)) return restored(run, record, outcome.note);
      if (state === null) callPerson(run, 'The rollback is not proven', 'the router has not converged; writing again');
      else await noteRevert(run, record, reverts, state);
      run.revision = state?.revision ?? run.revision;
    }
  }
}

async function writeBack(run: Run, record: RollbackRecord): Promise<ShiftOutcome | Refused> {
  const wanted = weightsFor(claimedOf(run).candidate, 0);
  let answered = false;
  const writing = writeWeights(run, wanted, record.force ? 'force' : 'rollback', null).finally(() => {
    answered = true;
  });
  writing.catch(() => undefined);
  const scope = new CancellationScope();
  scope
    .run(() => condition(() => answered, SLOW_WRITE_MS, { summary: 'call a person if the router does not answer' }))
    .then((inTime) => {
      if (!inTime) callPerson(run, 'The rollback is not through yet', 'the router has not answered; trying on');
    })
    .catch(() => undefined);
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { kind: 'refused', reason: rootMessage(error) };
  } finally {
    scope.cancel();
  }
}

/** Our own earlier write, which answered late or not at all, is no foreign change. */
function writtenByThisRun(run: Run, state: RouterState): boolean {
  const { fence } = claimedOf(run);
  return state.fence?.run === fence.run && state.fence.epoch === fence.epoch && isFencedWrite(state);
}

async function noteRevert(run: Run, record: RollbackRecord, reverts: number[], state: RouterState): Promise<void> {
  const now = Date.now();
  reverts.push(now);
  callPerson(
    run,
    'Drift',
    `somebody else changed the router to ${formatWeights(state.weights)}; the rollback overwrites it`,
  );
  const recent = reverts.filter((at) => at > now - REVERT_SPAN_MS);
  if (recent.length < MAX_REVERTS) return;
  const times = `${recent.length} times within ${REVERT_SPAN_MS / 1000} s`;
  await askPerson(run, record, `reverted by somebody else ${times}`);
  reverts.length = 0;
}

/** The old colour is known not to carry all traffic: a kept one that was shrunk on purpose, or one that is not well. */
async function repair(run: Run, record: RollbackRecord, outcome: Short): Promise<void> {
  const { active, fullSize } = claimedOf(run);
  const shrunk = run.lease !== null && run.lease.size < fullSize && outcome.colour_state.ready >= run.lease.size;
  if (!isHealthy(run, outcome.other_state)) {
    callPerson(run, 'Both colours are unhealthy', `${outcome.note}; going back all the same`);
    record.force = true;
    return;
  }
  record.state = 'repairing';
  record.note = outcome.note;
  if (shrunk) {
    record.note = `scaling ${active} up again, from ${outcome.colour_state.ready} to ${fullSize} instances`;
    publishDetails(run);
  } else {
    callPerson(run, 'Rollback is held', `${outcome.note}; repairing it. Force with: rollback --force`);
    setPhase(run, 'stuck');
  }
  const scope = new CancellationScope();
  const repairing = scope.run(() => expand(run, outcome));
  repairing.catch((error: unknown) => {
    record.note = rootMessage(error);
  });
  await Promise.race([repairing.catch(() => condition(() => record.force)), condition(() => record.force)]);
  scope.cancel();
  record.state = 'writing';
  setPhase(run, 'rolling_back');
}

/** Asks for all instances, moves at once what the ready ones carry, and waits for the rest. */
async function expand(run: Run, outcome: Short): Promise<void> {
  const { candidate, active, fullSize } = claimedOf(run);
  const colour = { target: run.target, colour: active };
  await mutations.scaleColour.executeWithOptions({ summary: `repair: ${active} × ${fullSize}`, priority: FIRST }, [
    { ...colour, size: fullSize, urgent: true },
  ]);
  const carries = Math.floor((100 * outcome.colour_state.ready) / fullSize);
  if (carries > 100 - candidateShare(run)) {
    await writeWeights(run, weightsFor(candidate, 100 - carries), 'rollback', null);
  }
  await waits.awaitReady.executeWithOptions({ summary: `wait: ${active} × ${fullSize} ready again` }, [
    { ...colour, version: outcome.colour_state.version, size: fullSize, urgent: true },
  ]);
}

/** A shrink of the lease that was under way when the rollback came may have been done after the colour was looked at. */
async function regrow(run: Run): Promise<void> {
  const { active, fullSize } = claimedOf(run);
  if (run.lease === null || run.lease.size >= fullSize) return;
  run.lease.size = fullSize;
  await mutations.scaleColour
    .executeWithOptions({ summary: `${active} × ${fullSize}` }, [
      { target: run.target, colour: active, size: fullSize },
    ])
    .catch((error: unknown) => callPerson(run, 'The old colour is small', `${active}: ${rootMessage(error)}`));
}

/** Known healthy: enough ready instances for the share it has now. */
function isHealthy(run: Run, state: ColourState | null): boolean {
  if (state === null) return false;
  return state.ready > 0 && state.ready * 100 >= candidateShare(run) * claimedOf(run).fullSize;
}

/** Waits for another `rollback` message, forced or not. */
async function askPerson(run: Run, record: RollbackRecord, reason: string): Promise<void> {
  record.state = 'stuck';
  record.note = reason;
  setPhase(run, 'stuck');
  callPerson(run, 'The rollback is stuck', `${reason}; send rollback again to retry`);
  await condition(() => record.state !== 'stuck');
  setPhase(run, 'rolling_back');
}

function stuck(run: Run, record: RollbackRecord, reason: string): void {
  record.state = 'stuck';
  record.note = reason;
  setPhase(run, 'stuck');
  callPerson(run, 'The rollback is stuck', reason);
}

function restored(run: Run, record: RollbackRecord, note: string | null): void {
  record.state = 'restored';
  record.restoredAtMs ??= Date.now();
  record.note = note;
  publishDetails(run);
}
