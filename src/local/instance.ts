/** One instance while this program runs: its readiness, the requests in flight on it, and its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, killLeftovers, signalInstance } from './launch.ts';
import { probeHealth } from './probe.ts';
import { listensOn } from './process-info.ts';
import type { InstanceRecord } from './schemas.ts';

/** How often an instance is looked at; an adopted one is not our child, so its end is noticed this late. */
const LOOK_INTERVAL_MS = 100;
const PROBE_INTERVAL_MS = 500;
const PROBE_TIMEOUT_MS = 2_000;
/** Unclear probes in a row that take readiness away: one slow answer on a busy machine does not. */
const UNCLEAR_LIMIT = 3;
/** Between SIGTERM and SIGKILL, for what the application does beyond its requests. */
const STOP_GRACE_MS = 5_000;
const DRAIN_POLL_MS = 20;

export interface Instance {
  readonly record: InstanceRecord;
  /** Started by an earlier run of this program. */
  readonly adopted: boolean;
  phase: 'starting' | 'ready' | 'unready' | 'draining' | 'gone';
  /** Why it is not ready; null when ready. */
  reason: string | null;
  inFlight: number;
  /** Epoch ms; null: it never was ready. */
  readySince: number | null;
}

export function createInstance(record: InstanceRecord, adopted: boolean): Instance {
  return { record, adopted, phase: 'starting', reason: 'starting', inFlight: 0, readySince: null };
}

/**
 * Probes until the instance is gone. `onGone` is called when an adopted process has ended; a child's end is told by its
 * exit event.
 */
export async function watchInstance(instance: Instance, onGone: (how: string) => void): Promise<void> {
  let nextProbeMs = 0;
  let unclear = 0;
  while (instance.phase !== 'gone') {
    if (instance.adopted && !isRunning(instance.record)) {
      onGone('ended');
      return;
    }
    const nowMs = performance.now();
    if (instance.phase !== 'draining' && nowMs >= nextProbeMs) {
      unclear = await probeOnce(instance, unclear);
      nextProbeMs = nowMs + (readPhase(instance) === 'ready' ? PROBE_INTERVAL_MS : LOOK_INTERVAL_MS);
    }
    await sleep(LOOK_INTERVAL_MS, undefined, { ref: false });
  }
}

/** Probes, and tells how many probes in a row were unclear. */
export async function probeOnce(instance: Instance, unclear: number): Promise<number> {
  const { record } = instance;
  const result = await probeHealth(record.port, record.health_path, PROBE_TIMEOUT_MS);
  if (instance.phase === 'gone' || instance.phase === 'draining') return 0;
  if (result.kind === 'unclear') {
    if (unclear + 1 >= UNCLEAR_LIMIT || instance.phase !== 'ready') markUnready(instance, result.reason);
    return unclear + 1;
  }
  if (result.kind === 'refused') markUnready(instance, result.reason);
  else if (instance.phase !== 'ready') markReady(instance);
  return 0;
}

/** Out of rotation at once; the next good probe puts it back. */
export function markUnready(instance: Instance, reason: string): void {
  if (instance.phase === 'gone' || instance.phase === 'draining') return;
  instance.phase = instance.readySince === null ? 'starting' : 'unready';
  instance.reason = reason;
}

function markReady(instance: Instance): void {
  const { pid, port } = instance.record;
  // A stranger may have taken the port before the instance could, and answer 200 there.
  if (pid === null || listensOn(pid, port) === false) {
    markUnready(instance, `port ${port} is held by another process`);
    return;
  }
  instance.phase = 'ready';
  instance.reason = null;
  instance.readySince ??= Date.now();
}

/** Out of rotation, then waits for requests in flight (at most `drainTimeoutMs`), then SIGTERM, then SIGKILL. */
export async function stopInstance(instance: Instance, drainTimeoutMs: number): Promise<void> {
  if (instance.phase === 'gone' || instance.phase === 'draining') return;
  instance.phase = 'draining';
  instance.reason = 'draining';
  await waitUntil(() => instance.inFlight === 0 || readPhase(instance) === 'gone', drainTimeoutMs);
  signalInstance(instance.record, 'SIGTERM');
  if (await waitUntil(() => readPhase(instance) === 'gone', STOP_GRACE_MS)) return;
  signalInstance(instance.record, 'SIGKILL');
  await waitUntil(() => readPhase(instance) === 'gone', STOP_GRACE_MS);
}

/** The process has ended: nothing of it may stay, and nothing may be sent to it. */
export function buryInstance(instance: Instance, how: string): void {
  instance.phase = 'gone';
  instance.reason = how;
  killLeftovers(instance.record);
}

async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const endsAtMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() >= endsAtMs) return false;
    await sleep(DRAIN_POLL_MS);
  }
  return true;
}

/** The phase as it is now: it changes while a function awaits. */
function readPhase(instance: Instance): Instance['phase'] {
  return instance.phase;
}
