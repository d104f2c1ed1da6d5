/** Whether the model server of the property tests has the workflow do what a Temporal server has it do. */
import type { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Command, createEngine, type Engine } from '../support/model/engine.ts';
import { planOf } from '../support/model/plan-of.ts';
import { play } from '../support/model/play.ts';
import type { Act, PlanChoice, Scenario } from '../support/model/scenario.ts';
import { workflowBundle } from '../support/temporal.ts';
import { useHarness } from '../support/world/use-harness.ts';

const suite = useHarness();
let engine: Engine;

beforeAll(async () => {
  engine = await createEngine((await workflowBundle()).code);
});
afterAll(() => engine.stop());

const CHOICE: PlanChoice = {
  strategy: 'gradual',
  warmup: true,
  healthShare: 5,
  performanceShare: null,
  smoke: true,
  approval: 'rollback',
  windowMs: 30_000,
  observationMs: 60_000,
  leaseMs: 60_000,
  shrinkToPercent: 50,
  validationPercent: 50,
  circuitBreak: false,
  hooks: [{ point: 'after_switch', onFailure: 'hold' }],
  safeUntil: null,
  onNoData: 'hold',
  baseline: true,
  requireParity: false,
  versioned: false,
};

function scenario(events: Scenario['events']): Scenario {
  return {
    seed: 1,
    plan: CHOICE,
    size: 4,
    taskDelaysMs: [],
    cancelDelaysMs: [],
    readyDelayMs: 0,
    convergence: [],
    faults: [],
    watchers: [],
    others: [],
    events,
    approvalAfterMs: 5_000,
  };
}

/** What the workflow did, one word for each command. */
function inTheModel(commands: Command[]): string[] {
  const types = new Map<number | null | undefined, string>();
  return commands.flatMap((command) => {
    const { scheduleActivity, requestCancelActivity, startTimer, cancelTimer, updateResponse } = command;
    if (scheduleActivity != null) {
      types.set(scheduleActivity.seq, scheduleActivity.activityType ?? '');
      return [`do ${scheduleActivity.activityType}`];
    }
    if (requestCancelActivity != null) return [`cancel ${types.get(requestCancelActivity.seq)}`];
    if (startTimer != null) return ['start timer'];
    if (cancelTimer != null) return ['cancel timer'];
    if (updateResponse != null) return [updateResponse.accepted == null ? 'answer update' : 'accept update'];
    if (command.upsertWorkflowSearchAttributes != null) return ['tell'];
    return command.completeWorkflowExecution == null ? [] : ['complete'];
  });
}

function inHistory({ events }: temporal.api.history.v1.IHistory): string[] {
  const types = new Map<string, string>();
  return (events ?? []).flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled != null) {
      types.set(String(event.eventId), scheduled.activityType?.name ?? '');
      return [`do ${scheduled.activityType?.name}`];
    }
    const cancelled = event.activityTaskCancelRequestedEventAttributes;
    if (cancelled != null) return [`cancel ${types.get(String(cancelled.scheduledEventId))}`];
    if (event.timerStartedEventAttributes != null) return ['start timer'];
    if (event.timerCanceledEventAttributes != null) return ['cancel timer'];
    if (event.workflowExecutionUpdateAcceptedEventAttributes != null) return ['accept update'];
    if (event.workflowExecutionUpdateCompletedEventAttributes != null) return ['answer update'];
    const told = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
    // Core's own, beside a patch marker.
    if (told != null) return 'TemporalChangeVersion' in told ? [] : ['tell'];
    return event.workflowExecutionCompletedEventAttributes == null ? [] : ['complete'];
  });
}

const rollback: Act = { kind: 'message', name: 'rollback', via: 'update', payload: { by: 'ana@example.com' } };

it.each([
  ['a deployment that succeeds', []],
  ['a rollback from the observation', [{ when: { phase: 'observation' as const, afterMs: 5_000 }, act: rollback }]],
])(
  'leads to the same commands as a Temporal server: %s',
  async (_title, events) => {
    const commands: Command[] = [];
    const { problems } = await play(engine, scenario(events), {
      onTurn: (turn) => commands.push(...turn.commands),
    });
    expect(problems).toEqual([]);

    const deployment = await suite.harness.deploy(planOf(CHOICE));
    deployment.script.baselines = { p99_latency: { value: 20, observations: 100, at: new Date().toISOString() } };
    await deployment.until('approval');
    await deployment.signal('approve');
    if (events.length > 0) {
      await deployment.until('observation');
      await deployment.update('rollback');
    }
    await deployment.result();
    const [introduced, ...did] = inTheModel(commands);
    // The model's run is started without search attributes, as from the Web UI.
    expect(introduced).toBe('tell');
    expect(did).toEqual(inHistory(await deployment.handle.fetchHistory()));
  },
  60_000,
);
