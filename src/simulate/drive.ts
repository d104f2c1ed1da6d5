/** Moves a simulated deployment to its end, and sends the scripted messages at their moments. */
import type { WorkflowHandle } from '@temporalio/client';
import { type AnyMessage, type DeploymentStatus, PHASES } from '../workflows/api.ts';
import { instantOf } from './course.ts';
import type { ScriptedMessage } from './scenario-schema.ts';
import type { Stage } from './stage.ts';

export interface Drive {
  stage: Stage;
  handle: WorkflowHandle;
  /** Lets so much simulated time go by. */
  skip(ms: number): Promise<void>;
}

/** Where no end of a phase is known, it begins within moments. */
const STEP_MS = 250;
/** A pause ends by a message, whose own moment is known, or by a rollback. */
const PAUSED_STEP_MS = 60_000;

/** Returns the messages whose moment never came. */
export async function drive(
  { stage, handle, skip }: Drive,
  messages: readonly ScriptedMessage[],
): Promise<ScriptedMessage[]> {
  let open = [...messages];
  for (;;) {
    stage.signal.throwIfAborted();
    const { status, nextEndMs } = await stage.refresh();
    const nowMs = await stage.now();
    if (status.phase === 'closed') return open;
    const instants = open.map((message) => instantOf(stage.course, message.at));
    const due = open.filter((_, index) => isDue(instants[index] ?? null, nowMs));
    for (const message of inOrder(stage, due)) await handle.signal(message.name, payloadOf(message));
    open = open.filter((message) => !due.includes(message));
    const nextMs = instants.filter((atMs) => atMs !== null && atMs > nowMs) as number[];
    // Moments that hang on a phase that is still to come are waited for from phase to phase.
    if (open.some((message) => isToCome(stage, message, status)))
      nextMs.push(nextEndMs ?? nowMs + (status.paused === null ? STEP_MS : PAUSED_STEP_MS));
    if (due.length > 0) continue;
    if (nextMs.length === 0) {
      await handle.result();
      return open;
    }
    await skip(Math.max(1, Math.min(...nextMs) - nowMs));
  }
}

function isDue(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && atMs <= nowMs;
}

function inOrder(stage: Stage, messages: ScriptedMessage[]): ScriptedMessage[] {
  const at = (message: ScriptedMessage) => instantOf(stage.course, message.at) ?? 0;
  return [...messages].sort((one, other) => at(one) - at(other));
}

/** Whether the phase that a message hangs on has not begun, and still can: a deployment that goes back has none to come. */
function isToCome({ course }: Stage, { at: { phase } }: ScriptedMessage, status: DeploymentStatus): boolean {
  if (phase === null || course.phases[phase] !== undefined) return false;
  const order: readonly string[] = PHASES;
  const current = order.indexOf(status.phase);
  return status.phase === 'claim' || (current >= 0 && order.indexOf(phase) >= current);
}

function payloadOf({ by, reason, force, duration }: ScriptedMessage): AnyMessage {
  return {
    by: by ?? 'simulation',
    ...(reason === undefined ? {} : { reason }),
    ...(force === undefined ? {} : { force }),
    ...(duration === undefined ? {} : { duration }),
  };
}
