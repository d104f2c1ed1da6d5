/**
 * What a Temporal server and Core do for one workflow ID, in virtual time: events become workflow tasks, commands become
 * timers, activities and answers. A task's jobs come in Core's order. The instance can be dropped at any moment: the
 * next task rebuilds it from what is recorded, which must lead to the very same commands.
 */

import { createActivityTable } from './activity-table.ts';
import type { ActivityTable, Attempt } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { Command, Engine, Job } from './engine.ts';
import { canonical, decode, durationMs, failureText } from './payloads.ts';
import {
  encodeAll,
  forget,
  inCoreOrder,
  instanceOf,
  type OpenRun,
  openRun,
  type Payloads,
  queryOf,
  record,
  type Turn,
} from './workflow-run.ts';

export type Closed =
  | { kind: 'completed'; result: unknown }
  | { kind: 'failed'; message: string }
  | { kind: 'cancelled' };

export interface UpdateState {
  name: string;
  state: 'sent' | 'accepted' | 'rejected' | 'completed';
  /** The answer, or why it was refused. */
  value: unknown;
}

export interface ModelServer {
  readonly time: VirtualTime;
  /** How the last run of the chain ended; null: one is open. */
  readonly closed: Closed | null;
  readonly updates: Map<string, UpdateState>;
  signal(name: string, args: unknown[]): void;
  update(id: string, name: string, args: unknown[]): void;
  cancel(): void;
  /** Workers die (and forget the workflow), freeze, or have no free slot for watchers. */
  outage(kind: 'killed' | 'frozen' | 'busy'): void;
  recover(): void;
  /** The worker forgets the workflow; its next task is a replay. */
  evict(): Promise<void>;
  /** Fires the next event and the task that it leads to; false: nothing is due before `limitMs`. */
  step(limitMs: number): Promise<boolean>;
}

export interface ServerOptions {
  engine: Engine;
  time: VirtualTime;
  workflowId: string;
  workflowType: string;
  input: unknown;
  buildId: string | null;
  execute(attempt: Attempt): void;
  cancelDelayMs(): number;
  /** From an event to the task that tells the workflow of it. */
  taskDelayMs(): number;
  /** After a task, with all that it led to, and the run's `status` then. */
  afterTask(turns: Turn[], status: unknown): void;
}

export function createServer(options: ServerOptions): ModelServer {
  const { engine, time } = options;
  const updates = new Map<string, UpdateState>();
  let runs = 0;
  let closed: Closed | null = null;
  let taskDue: 'no' | 'planned' | 'now' = 'no';
  let isDown = false;
  let cancelSent = false;
  let run = nextRun(options.workflowType, encodeAll([options.input]));
  const table: ActivityTable = createActivityTable({
    time,
    execute: options.execute,
    resolve: tell,
    cancelDelayMs: options.cancelDelayMs,
  });
  planTask();

  function nextRun(workflowType: string, args: Payloads): OpenRun {
    runs += 1;
    const { workflowId, buildId } = options;
    const runId = `run-${runs}`;
    return openRun({ workflowType, workflowId, runId, firstRunId: 'run-1', startedAtMs: time.now(), buildId }, args);
  }

  function tell(job: Job): void {
    if (closed !== null) return;
    run.pending.push(job);
    planTask();
  }

  function planTask(): void {
    if (taskDue !== 'no') return;
    taskDue = 'planned';
    time.after(options.taskDelayMs(), () => {
      taskDue = 'now';
    });
  }

  async function step(limitMs: number): Promise<boolean> {
    if (!time.step(limitMs)) return false;
    await settled();
    if (taskDue === 'now' && !isDown) {
      taskDue = 'no';
      await runTask();
      await settled();
    }
    return true;
  }

  async function runTask(): Promise<void> {
    if (closed !== null || run.pending.length === 0) return;
    const turns: Turn[] = [];
    const current = run;
    const instance = await instanceOf(engine, current);
    // An activity that is cancelled within the task that schedules it never reaches the server.
    const fresh = new Set<number>();
    let jobs = inCoreOrder(current.pending.splice(0));
    while (jobs.length > 0 && closed === null && run === current) {
      const commands = await instance.activate(jobs, time.now(), false);
      const turn: Turn = { runId: current.start.runId, atMs: time.now(), jobs, commands, scheduled: [] };
      record(current, turn);
      turns.push(turn);
      jobs = apply(turn, fresh);
    }
    const status = await queryOf(instance, 'status');
    // What a refused update saw of the clock is not in history.
    if (turns.some((turn) => current.history.at(-1)?.atMs === turn.atMs)) current.status = canonical(status);
    if (closed !== null || run !== current) await forget(current);
    options.afterTask(turns, status);
  }

  /** Carries out the commands; what the workflow is told of them at once. */
  function apply(turn: Turn, fresh: Set<number>): Job[] {
    const told: Job[] = [];
    for (const command of turn.commands) {
      const { scheduleActivity, requestCancelActivity, startTimer, cancelTimer, updateResponse } = command;
      if (scheduleActivity != null) {
        const scheduled = table.schedule(scheduleActivity, run.start.runId);
        fresh.add(scheduled.seq);
        turn.scheduled.push(scheduled);
      } else if (requestCancelActivity != null) {
        const seq = requestCancelActivity.seq ?? 0;
        const job = table.cancel(seq, fresh.has(seq));
        if (job !== null) told.push(job);
      } else if (startTimer != null) {
        const seq = startTimer.seq ?? 0;
        const due = time.after(durationMs(startTimer.startToFireTimeout) ?? 0, () => tell({ fireTimer: { seq } }));
        run.timers.set(seq, due);
      } else if (cancelTimer != null) {
        run.timers.get(cancelTimer.seq ?? 0)?.();
      } else if (updateResponse != null) {
        answer(updateResponse);
      } else applyClosing(command);
    }
    return told;
  }

  function answer(response: NonNullable<Command['updateResponse']>): void {
    const update = updates.get(response.protocolInstanceId ?? '');
    if (update === undefined) throw new Error('an answer to an update that nobody sent');
    if (response.accepted != null) update.state = 'accepted';
    else if (response.rejected != null) {
      update.state = 'rejected';
      update.value = failureText(response.rejected);
    } else {
      update.state = 'completed';
      update.value = decode(response.completed);
    }
  }

  function applyClosing(command: Command): void {
    const {
      completeWorkflowExecution,
      failWorkflowExecution,
      cancelWorkflowExecution,
      continueAsNewWorkflowExecution,
    } = command;
    if (completeWorkflowExecution != null) {
      close({ kind: 'completed', result: decode(completeWorkflowExecution.result) });
    } else if (failWorkflowExecution != null) {
      close({ kind: 'failed', message: failureText(failWorkflowExecution.failure) });
    } else if (cancelWorkflowExecution != null) {
      close({ kind: 'cancelled' });
    } else if (continueAsNewWorkflowExecution != null) {
      const { workflowType, arguments: args } = continueAsNewWorkflowExecution;
      endRun();
      run = nextRun(workflowType ?? '', args ?? []);
      planTask();
    }
  }

  function close(how: Closed): void {
    closed = how;
    endRun();
  }

  function endRun(): void {
    for (const cancel of run.timers.values()) cancel();
    table.closeRun();
  }

  return {
    time,
    get closed() {
      return closed;
    },
    updates,
    signal: (signalName, args) => tell({ signalWorkflow: { signalName, input: encodeAll(args), identity: '' } }),
    update(id, name, args) {
      if (closed !== null || updates.has(id)) return;
      updates.set(id, { name, state: 'sent', value: null });
      tell({ doUpdate: { id, protocolInstanceId: id, name, input: encodeAll(args), runValidator: true, headers: {} } });
    },
    cancel() {
      if (cancelSent) return;
      cancelSent = true;
      tell({ cancelWorkflow: { reason: '' } });
    },
    outage(kind) {
      table.outage(kind);
      isDown = kind !== 'busy';
      if (kind === 'killed') void forget(run);
    },
    recover() {
      isDown = false;
      table.recover();
      if (taskDue === 'now') taskDue = 'no';
      if (run.pending.length > 0) planTask();
    },
    evict: () => forget(run),
    step,
  };
}

/** All that can happen without time going by has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
