/** What the plan has run around the switch, the rollback and the clean-up: migrations, CDN purges, flags. */
import { ActivityFailure, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { HookEvent } from '../activities/types.ts';
import type { HookPlan, HookPoint } from '../plan/types.ts';
import { hooks } from './activities.ts';
import type { HookStatus } from './api.ts';
import { publishDetails } from './details.ts';
import { interruptionOf, stop } from './interruption.ts';
import { callPerson } from './journal.ts';
import { rootMessage } from './root-message.ts';
import { claimedOf, type Run, routedOf } from './run.ts';

/** How long a failed hook that is held waits for its next try. */
const HELD_PAUSE_MS = 60_000;

/**
 * One after the other, in the plan's order. A failed one ends the deployment (`rollback`), is passed over (`continue`),
 * or is tried again until it succeeds or a person promotes past it (`hold`); people are called for all but the first.
 */
export async function runHooks(run: Run, point: HookPoint): Promise<void> {
  for (const hook of run.plan.hooks[point]) {
    const record: HookStatus = { point, name: hook.name, state: 'running', at: now(), note: null };
    run.hooks.push(record);
    await runToItsEnd(run, record, hook);
    publishDetails(run);
  }
}

async function runToItsEnd(run: Run, record: HookStatus, hook: HookPlan): Promise<void> {
  for (;;) {
    const failure = await attempt(run, record, hook);
    if (failure === null) return;
    const what = `hook ${hook.name} (${record.point}) failed: ${failure}`;
    // Once clean-up has begun there is no way back.
    if (hook.on_failure === 'rollback' && !run.cleanUpBegun) return stop(run, 'failure', what);
    if (hook.on_failure === 'continue') return callPerson(run, 'A hook failed', `${what}; going on without it`);
    callPerson(
      run,
      'A hook is held',
      `${what}; it is tried again until it succeeds, or \`promote\` goes on without it`,
    );
    run.heldHook = 'held';
    const promoted = await condition(() => run.heldHook === 'promoted', HELD_PAUSE_MS, {
      summary: `next try of hook ${hook.name}`,
    });
    run.heldHook = null;
    if (promoted) {
      record.state = 'skipped';
      return;
    }
  }
}

/** Null: it succeeded. */
async function attempt(run: Run, record: HookStatus, hook: HookPlan): Promise<string | null> {
  const { point, name } = record;
  record.state = 'running';
  try {
    const { note } = await hooks.runHook.executeWithOptions(
      {
        summary: `hook ${name} (${point})`,
        startToCloseTimeout: hook.timeout_ms,
        retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: hook.attempts },
      },
      [{ target: run.target, hook, event: eventOf(run, point), idempotency_key: keyOf(run, point, name) }],
    );
    record.state = 'passed';
    record.note = note;
    return null;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    record.state = 'failed';
    record.note = rootMessage(error);
    return record.note;
  } finally {
    record.at = now();
  }
}

function eventOf(run: Run, point: HookPoint): HookEvent {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const { service, environment, target, version } = run.plan;
  const { active, candidate, previousVersion } = claimedOf(run);
  return {
    point,
    deployment: workflowId,
    run_id: firstExecutionRunId,
    service,
    environment,
    target,
    version,
    previous_version: previousVersion,
    active,
    candidate,
    weights: routedOf(run).weights,
    reason: point === 'on_rollback' ? interruptionOf(run).reason : null,
  };
}

/** The epoch belongs to one deployment of the router's service: the same for every attempt, and in every run of a chain. */
function keyOf(run: Run, point: HookPoint, name: string): string {
  const { fence } = claimedOf(run);
  return `${fence.run}/${fence.epoch}/${point}/${name}`;
}

function now(): string {
  return new Date(Date.now()).toISOString();
}
