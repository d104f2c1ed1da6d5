/** What each message may do in each phase: the reason to refuse it, and its effect. */
import { formatDuration, parseDuration } from '../plan/duration.ts';
import type { AnyMessage, MessageName } from './api.ts';
import { namesDigest } from './digest.ts';
import { interrupt } from './interruption.ts';
import { leftMs, lengthen, pause, resume } from './pause.ts';
import { unsafeRollback } from './rollback-safety.ts';
import type { CircuitRecord, Run } from './run.ts';

/** Bound of every text that a person sends. */
const MAX_TEXT = 500;

/**
 * Anything may arrive as a payload, or nothing. A bare string is taken as the reason: that is what somebody in a
 * hurry types.
 */
export function normaliseMessage(payload: unknown): AnyMessage {
  if (typeof payload === 'string') return { reason: payload.slice(0, MAX_TEXT) };
  if (typeof payload !== 'object' || payload === null) return {};
  const given = payload as Record<string, unknown>;
  const message: AnyMessage = {};
  for (const key of ['by', 'reason', 'request_id', 'duration', 'digest'] as const) {
    const value = given[key];
    if (typeof value === 'string' && value !== '') message[key] = value.slice(0, MAX_TEXT);
  }
  if (given.force === true) message.force = true;
  return message;
}

/** Why the message cannot be honoured now, for people; null: it can. */
export function refusal(run: Run, name: MessageName, message: AnyMessage): string | null {
  if (run.closed) return 'the deployment has ended';
  switch (name) {
    case 'approve':
    case 'reject':
      return approvalRefusal(run, name, message);
    case 'rollback':
      return rollbackRefusal(run, message);
    case 'pause':
      return pauseRefusal(run);
    case 'resume':
      return run.pause === null ? 'it is not paused' : null;
    case 'promote':
      return promoteRefusal(run);
    case 'extend_observation':
      return extensionRefusal(run, message);
    case 'release':
      return releaseRefusal(run);
  }
}

function rollbackRefusal(run: Run, message: AnyMessage): string | null {
  if (run.cleanUpBegun) return 'clean-up has begun: the old colour is being removed; deploy the old version anew';
  if (run.successor !== null) return `the deployment of ${run.successor.plan.version} takes over: roll that one back`;
  if (message.force === true || run.step === 0 || run.rollback?.state === 'restored') return null;
  const unsafe = unsafeRollback(run);
  return unsafe === null ? null : `${unsafe}: send it with force to go back all the same`;
}

function pauseRefusal(run: Run): string | null {
  if (run.pause !== null) return `it is paused already, by ${run.pause.by}`;
  if (run.interruption !== null && run.phase !== 'keep_failed') return 'a rollback is under way; it waits for nothing';
  if (run.cleanUpBegun) return 'clean-up has begun: the old colour is being removed';
  return run.successor === null ? null : `the deployment of ${run.successor.plan.version} takes over`;
}

function promoteRefusal(run: Run): string | null {
  if (run.pause !== null) return 'it is paused: resume it first';
  if (run.interruption !== null) return 'it is being rolled back';
  if (run.window !== null || run.heldHook === 'held' || brokenCircuit(run) !== null) return null;
  if (run.phase === 'approval') return 'promote is no approval: send approve';
  if (run.phase === 'lease') return 'the lease is ended by release';
  return `there is no wait to end early: the deployment is in ${run.phase}`;
}

/** The circuit whose pause goes on; null: no share is stopped, or it is being given back. */
function brokenCircuit({ circuit }: Run): CircuitRecord | null {
  return circuit !== null && circuit.openUntilMs !== null && !circuit.restoring ? circuit : null;
}

function releaseRefusal(run: Run): string | null {
  if (run.phase === 'keep_failed') return null;
  if (run.phase === 'lease' && run.successor === null) return null;
  if (run.phase === 'stuck' && run.rollback?.state === 'stuck' && run.rollback.unsafe) return null;
  return `there is nothing to release: the deployment is in ${run.phase}`;
}

function approvalRefusal(run: Run, name: 'approve' | 'reject', message: AnyMessage): string | null {
  const plan = run.plan.approval;
  if (plan === null || run.phase !== 'approval' || run.approval?.state !== 'pending') {
    return `no approval is pending: the deployment is in ${run.phase}`;
  }
  if (message.by === undefined) return `say who you are (by): one of ${plan.approvers.join(', ')}`;
  if (!plan.approvers.includes(message.by)) return `${message.by} is not an approver: ${plan.approvers.join(', ')}`;
  if (name === 'reject') return null;
  if (message.by === run.startedBy && !plan.starter_may_approve)
    return `${message.by} started it and cannot approve it`;
  if (run.approval.approvedBy.includes(message.by)) return `${message.by} has approved it already`;
  const { digest } = run.approval;
  if (message.digest !== undefined && !namesDigest(message.digest, digest))
    return `${message.digest} is not what waits for approval: that is ${digest}`;
  return null;
}

function extensionRefusal(run: Run, message: AnyMessage): string | null {
  if (run.window !== 'observation') return `the deployment is in ${run.phase}, not in observation`;
  const byMs = extensionMs(message);
  if (byMs === 0) return 'say by how much (duration): 30m lengthens, -30m shortens';
  const left = leftMs(run);
  return left + byMs <= 0 ? `that would end it in the past: ${formatDuration(left)} are left` : null;
}

/** 0: it does not say by how much. */
function extensionMs({ duration }: AnyMessage): number {
  return duration === undefined ? 0 : (parseDuration(duration) ?? 0);
}

/** Sets the fields that the story acts on; tells what it did. Call only when `refusal` is null. */
export function honour(run: Run, name: MessageName, message: AnyMessage): string {
  const by = message.by ?? 'unknown';
  switch (name) {
    case 'approve':
      return approve(run, by);
    case 'reject':
      if (run.approval !== null) run.approval.state = 'rejected';
      interruptBy(run, 'reject', by, message, `rejected by ${by}`);
      return 'rejected: rolling back';
    case 'rollback':
      return rollback(run, by, message);
    case 'pause':
      pause(run, by, message.reason ?? null);
      return 'paused: share, scale-down and clean-up do not advance; watching goes on';
    case 'resume':
      resume(run);
      return 'going on';
    case 'promote':
      return promote(run);
    case 'extend_observation':
      return extend(run, message);
    case 'release':
      return release(run);
  }
}

/** Ends one wait: a held hook's, a broken circuit's, or the open window's, whose criteria are judged as of now. */
function promote(run: Run): string {
  if (run.heldHook === 'held') {
    run.heldHook = 'promoted';
    return 'going on without it';
  }
  const circuit = brokenCircuit(run);
  if (circuit !== null) {
    circuit.restoring = true;
    return 'another try now';
  }
  if (run.window !== null) run.phases[run.window].endsAtMs = Date.now();
  return 'the phase ends now, if what was watched is enough to pass it';
}

function release(run: Run): string {
  const { phase } = run;
  run.released = true;
  if (phase === 'lease') return 'the lease ends: the old colour will be removed';
  return phase === 'stuck' ? 'the traffic stays where it is' : 'the failed candidate will be removed';
}

function approve(run: Run, by: string): string {
  const { approval, plan } = run;
  if (approval === null || plan.approval === null) return 'nothing to approve';
  approval.approvedBy.push(by);
  const missing = plan.approval.required - approval.approvedBy.length;
  if (missing > 0) return `approved by ${by}; ${missing} more needed`;
  approval.state = 'approved';
  return `approved by ${by}: going on`;
}

function rollback(run: Run, by: string, message: AnyMessage): string {
  const record = run.rollback;
  if (record === null) {
    if (run.interruption !== null) {
      if (message.force === true) run.interruption.force = true;
      return 'a rollback is under way already';
    }
    interruptBy(run, 'rollback', by, message, `rolled back by ${by}`);
    return 'rolling back';
  }
  if (record.state === 'restored') return 'all traffic is back on the old colour already';
  if (message.force === true) record.force = true;
  if (record.state === 'stuck' && !record.unsafe) record.state = 'writing';
  return message.force === true ? 'forced: going back in any case' : 'a rollback is under way already';
}

function interruptBy(run: Run, kind: 'rollback' | 'reject', by: string, message: AnyMessage, what: string): void {
  const reason = message.reason === undefined ? what : `${what}: ${message.reason}`;
  // To reject is to go back as the table says; going back in any case is `rollback`'s.
  const force = kind === 'rollback' && message.force === true;
  interrupt(run, { kind, by, reason, force, atMs: Date.now() });
}

function extend(run: Run, message: AnyMessage): string {
  lengthen(run, extensionMs(message));
  const left = leftMs(run);
  if (run.pause !== null) return `${formatDuration(left)} of the observation are left once it is resumed`;
  return `the observation now ends at ${new Date(Date.now() + left).toISOString()}`;
}

/** How a rollback stands, for the answer to the one who asked for it. */
export function settledNote(run: Run): string {
  const record = run.rollback;
  if (record === null) return 'rolling back';
  if (record.state !== 'restored' || record.restoredAtMs === null)
    return `held: ${record.note ?? 'a person is needed'}`;
  const old = run.claimed === null ? 'the old colour' : run.claimed.active;
  return `all traffic is on ${old}, ${record.restoredAtMs - record.requestedAtMs} ms after the request`;
}
