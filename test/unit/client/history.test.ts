import { defaultPayloadConverter } from '@temporalio/common';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/client/history/entries.ts';
import type { HistoryEntry, HistoryEvent } from '../../../src/client/history/entry.ts';
import { answerSignals } from '../../../src/client/history/messages.ts';
import type { DeploymentHistory } from '../../../src/client/history/read.ts';
import { renderHistory } from '../../../src/client/render/history.ts';
import { width } from '../../../src/client/render/text.ts';
import { timesIn } from '../../../src/client/render/times.ts';
import type { MessageRecord } from '../../../src/workflows/api.ts';
import { at, evidence, liveStatus, NOW_MS, phase, reading } from './status.ts';

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const payloads = (value: unknown) => ({ payloads: [payload(value)] });

/** Events one second apart, numbered from 1 on. */
function told(...attributes: object[]): HistoryEntry[] {
  const events = attributes.map((attribute, index) => ({
    eventId: index + 1,
    eventTime: { seconds: NOW_MS / 1_000 + index, nanos: 0 },
    ...attribute,
  }));
  return entriesOf(events as unknown as HistoryEvent[], 'run-1');
}

function texts(...attributes: object[]): string[] {
  return told(...attributes).map(({ kind, text, by }) => `${kind}: ${text}${by === null ? '' : ` · ${by}`}`);
}

const scheduled = (name: string, input: unknown, summary?: string) => ({
  ...(summary === undefined ? {} : { userMetadata: { summary: payload(summary) } }),
  activityTaskScheduledEventAttributes: { activityType: { name }, input: payloads(input) },
});
const startedAttempt = (scheduledEventId: number, attempt: number, message?: string) => ({
  activityTaskStartedEventAttributes: {
    scheduledEventId,
    attempt,
    ...(message === undefined ? {} : { lastFailure: { message: 'outer', cause: { message } } }),
  },
});
const completed = (scheduledEventId: number, result: unknown) => ({
  activityTaskCompletedEventAttributes: { scheduledEventId, result: payloads(result) },
});
const failed = (scheduledEventId: number, message: string) => ({
  activityTaskFailedEventAttributes: { scheduledEventId, failure: { message } },
});

describe('what the events of a run tell', () => {
  it('is who started what, and whether it took over', () => {
    const input = payloads({ plan: { service: 'shop', version: '2.0.0' }, started_by: 'dana' });
    const first = { workflowExecutionStartedEventAttributes: { workflowType: { name: 'deployment' }, input } };
    expect(texts(first)).toEqual(['start: shop 2.0.0 started · dana']);
    const next = { ...first.workflowExecutionStartedEventAttributes, continuedExecutionRunId: 'run-0' };
    expect(texts({ workflowExecutionStartedEventAttributes: next })).toEqual([
      'start: shop 2.0.0 started, taking over the lease of run run-0 · dana',
    ]);
    const lease = { workflowType: { name: 'deployment_lease' }, input };
    expect(texts({ workflowExecutionStartedEventAttributes: lease })).toEqual([]);
    expect(texts({ workflowExecutionStartedEventAttributes: { workflowType: { name: 'deployment' } } })).toEqual([
      'start: a deployment started',
    ]);
  });

  it('is each phase and the outcome', () => {
    const upsert = (fields: object) => ({
      upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: { indexedFields: fields } },
    });
    expect(
      texts(
        upsert({ DeployPhase: payload('health_check') }),
        upsert({ DeployOutcome: payload(['rolled_back']), DeployPhase: payload(['keep_failed']) }),
        upsert({ DeployPhase: payload('closed') }),
        upsert({ Other: payload('x') }),
      ),
    ).toEqual(['phase: health check', 'outcome: rolled back', 'phase: keep failed']);
  });

  it('is where traffic went, and where it did not', () => {
    const weights = { blue: 90, green: 10 };
    const outcome = (mode: string, result: object) =>
      texts(scheduled('shiftTraffic', { weights, mode }), completed(1, result)).join();
    expect(outcome('forward', { kind: 'written', state: { weights }, note: null })).toBe(
      'traffic: blue 90 %, green 10 %',
    );
    expect(outcome('rollback', { kind: 'already', state: { weights }, note: 'unknown capacity' })).toBe(
      'traffic: put back: blue 90 %, green 10 % (unknown capacity)',
    );
    expect(outcome('forward', { kind: 'short', note: '1 of 3 ready' })).toBe(
      'traffic: blue 90 %, green 10 % refused: 1 of 3 ready',
    );
    expect(outcome('forward', { kind: 'conflict', state: { weights: { blue: 50, green: 50 } } })).toBe(
      'traffic: blue 90 %, green 10 % not written: the router holds blue 50 %, green 50 %',
    );
    expect(outcome('forward', { kind: 'superseded' })).toMatch(/the router holds something else$/);
  });

  it('is each verdict with its evidence; a watcher that was replaced before it judged tells nothing', () => {
    const [passed] = told(
      scheduled('watchWindow', { stage: 'performance_validation' }),
      completed(1, { verdict: 'breached', reason: 'error_rate > 1', evidence: evidence(reading()) }),
    );
    expect(passed).toMatchObject({
      kind: 'watch',
      text: 'performance validation: breached: error_rate > 1',
      event_id: 2,
      run_id: 'run-1',
      at: at(1_000),
      evidence: { coverage: { judged: 59 } },
    });
    expect(
      texts(scheduled('watchWindow', { stage: 'guard' }), completed(1, { verdict: 'replaced', evidence: null })),
    ).toEqual([]);
    expect(
      texts(scheduled('watchWindow', { stage: 'guard' }), completed(1, { verdict: 'replaced', evidence: evidence() })),
    ).toEqual(['watch: guard: handed over']);
    expect(texts(scheduled('watchWindow', {}), completed(1, 'nonsense'))).toEqual([]);
  });

  it('is scheduled work that was moved, or was not', () => {
    const moved = { kind: 'moved', suspended: ['CronJob report-blue'], resumed: [], left: [] };
    const line = (result: object) => texts(scheduled('moveScheduledWork', {}), completed(1, result)).join();
    expect(line(moved)).toBe('step: scheduled work: suspended CronJob report-blue');
    expect(line({ ...moved, resumed: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], left: ['CronJob old-green'] })).toBe(
      'step: scheduled work: suspended CronJob report-blue; resumed a, b, c, d, e and 2 more; left suspended, as before: CronJob old-green',
    );
    expect(line({ ...moved, suspended: [] })).toBe('step: scheduled work: it was so already');
    expect(line({ kind: 'superseded', note: 'the router has another owner' })).toBe(
      'step: scheduled work: the router has another owner',
    );
  });

  it('is hooks, smoke suites, people called, and steps with their attempts', () => {
    const hook = { hook: { name: 'migrate' }, event: { point: 'before_switch' } };
    expect(texts(scheduled('runHook', hook), completed(1, { note: 'exit 0' }))).toEqual([
      'hook: before switch: migrate: exit 0',
    ]);
    expect(texts(scheduled('runHook', hook), failed(1, 'exit 1'))).toEqual([
      'hook: before switch: migrate failed: exit 1',
    ]);
    const checks = [
      { name: 'GET /', ok: true, note: null },
      { name: 'GET /x', ok: false, note: '500' },
    ];
    expect(texts(scheduled('runSmoke', {}), completed(1, { ok: false, checks }))).toEqual([
      'step: smoke suite: 1 of 2 failed: GET /x (500)',
    ]);
    expect(texts(scheduled('runSmoke', {}), completed(1, { ok: true, checks: checks.slice(0, 1) }))).toEqual([
      'step: smoke suite: 1 passed',
    ]);
    const call = { severity: 'attention', title: 'Drift', detail: 'somebody wrote' };
    expect(texts(scheduled('notify', call), failed(1, 'no answer'))).toEqual([
      'people: a person was called: Drift: somebody wrote',
      'people: nobody could be told: no answer',
    ]);
    expect(texts(scheduled('notify', { ...call, severity: 'info' }), completed(1, null))).toEqual([
      'people: Drift: somebody wrote',
    ]);
    expect(
      texts(scheduled('awaitReady', {}, 'green × 3 ready'), startedAttempt(1, 3, 'refused'), completed(1, {})),
    ).toEqual(['step: green × 3 ready, took 2s (attempt 3, after: refused)']);
    expect(texts(scheduled('awaitReady', {}), failed(1, 'gone'))).toEqual(['step: await ready failed: gone']);
    expect(texts(scheduled('watchKept', {}), { activityTaskCanceledEventAttributes: { scheduledEventId: 1 } })).toEqual(
      [],
    );
  });

  it('is each message with who sent it and what came of it', () => {
    const signal = (signalName: string, input: unknown, identity = 'cli@host') => ({
      workflowExecutionSignaledEventAttributes: { signalName, input: payloads(input), identity },
    });
    expect(
      texts(
        signal('rollback', { by: 'ben', reason: 'errors', force: true }),
        signal('pause', null),
        signal('rollback', 'in a hurry'),
        signal('extend_observation', { duration: '30m' }),
        signal('unknown', {}),
      ),
    ).toEqual([
      'message: rollback (force, errors) · ben',
      'message: pause · cli@host',
      'message: rollback (in a hurry) · cli@host',
      'message: extend observation (30m) · cli@host',
    ]);
    const accepted = (name: string, args: unknown) => ({
      workflowExecutionUpdateAcceptedEventAttributes: {
        acceptedRequest: { meta: { identity: 'cli@host' }, input: { name, args: payloads(args) } },
      },
    });
    const answered = (acceptedEventId: number, outcome: object) => ({
      workflowExecutionUpdateCompletedEventAttributes: { acceptedEventId, outcome },
    });
    expect(
      texts(accepted('approve', { by: 'ana' }), answered(1, { success: payloads({ message: 'going on' }) })),
    ).toEqual(['message: approve: going on · ana']);
    expect(texts(accepted('approve', {}), answered(1, { failure: { message: 'gone' } }))).toEqual([
      'message: approve: gone · cli@host',
    ]);
    const start = accepted('start', { plan: { version: '3.0.0' }, started_by: 'eve' });
    expect(texts(start, answered(1, { success: payloads({ taken_over: true }) }))).toEqual([
      'message: start of 3.0.0: the lease ends · eve',
    ]);
    expect(texts(start, answered(1, { success: payloads({ taken_over: false }) }))).toEqual([]);
    expect(texts({ workflowExecutionCancelRequestedEventAttributes: { cause: 'why', identity: 'ui' } })).toEqual([
      'message: cancel (why) · ui',
    ]);
  });

  it('is timers that fired, workers that were lost, and how the run ended', () => {
    const timer = { userMetadata: { summary: payload('lease ends') }, timerStartedEventAttributes: { timerId: '7' } };
    expect(
      texts(timer, { timerFiredEventAttributes: { timerId: '7' } }, { timerFiredEventAttributes: { timerId: '8' } }),
    ).toEqual(['step: time is over: lease ends']);
    expect(
      texts(
        { workflowTaskTimedOutEventAttributes: {} },
        { workflowTaskFailedEventAttributes: { failure: { message: 'oops' }, identity: 'worker-1' } },
        { workflowTaskFailedEventAttributes: {} },
      ),
    ).toEqual([
      'worker: no worker answered in time; another one was asked',
      'worker: a worker could not go on: oops · worker-1',
    ]);
    expect(
      [
        { workflowExecutionCompletedEventAttributes: { result: payloads({ reason: 'all good' }) } },
        { workflowExecutionCompletedEventAttributes: {} },
        { workflowExecutionFailedEventAttributes: { failure: { message: 'oops' } } },
        { workflowExecutionTerminatedEventAttributes: { reason: 'enough', identity: 'ui' } },
        { workflowExecutionTerminatedEventAttributes: {} },
        { workflowExecutionCanceledEventAttributes: {} },
        { workflowExecutionTimedOutEventAttributes: {} },
        { workflowExecutionContinuedAsNewEventAttributes: { workflowType: { name: 'deployment' } } },
        { workflowExecutionContinuedAsNewEventAttributes: { workflowType: { name: 'deployment_lease' } } },
      ].flatMap((event) => texts(event)),
    ).toEqual([
      'end: ended: all good',
      'end: ended',
      'end: the run failed: oops',
      'end: terminated: enough · ui',
      'end: terminated',
      'end: ended, cancelled',
      'end: the run timed out',
      'end: ended: the next deployment took over',
    ]);
  });

  it('is nothing where an event is nothing that is known, or has no time', () => {
    expect(texts({}, { eventTime: null, workflowExecutionCanceledEventAttributes: {} })).toEqual([]);
    const broken = { payloads: [{ metadata: { encoding: Buffer.from('binary/other') }, data: Buffer.from('x') }] };
    expect(
      texts({ workflowExecutionSignaledEventAttributes: { signalName: 'pause', input: broken, identity: 'x' } }),
    ).toEqual(['message: pause · x']);
  });
});

describe('signals', () => {
  it('get the answers that the deployment has kept, the latest first', () => {
    const entries = told(
      { workflowExecutionSignaledEventAttributes: { signalName: 'release', identity: 'a' } },
      { workflowExecutionSignaledEventAttributes: { signalName: 'release', identity: 'b' } },
      { workflowExecutionSignaledEventAttributes: { signalName: 'pause', identity: 'c' } },
    );
    const record = { at: at(0), name: 'release', via: 'signal', by: 'b', reason: null, request_id: null } as const;
    const records: MessageRecord[] = [{ ...record, accepted: false, note: 'nothing to release' }];
    answerSignals(entries, records);
    expect(entries.map(({ text }) => text)).toEqual(['release', 'release: refused: nothing to release', 'pause']);
  });
});

describe('the history on a terminal', () => {
  const canvas = { columns: 120, colors: pc.createColors(false), nowMs: NOW_MS, times: timesIn('Europe/Berlin') };
  const measured = evidence(reading());
  const entries = told(
    { workflowExecutionStartedEventAttributes: { workflowType: { name: 'deployment' } } },
    scheduled('watchWindow', { stage: 'health_check' }),
    completed(2, { verdict: 'passed', evidence: measured }),
  );
  const history: DeploymentHistory = {
    history_version: 1,
    run_ids: ['run-1'],
    complete: true,
    entries,
    status: liveStatus({ outcome: 'succeeded', reason: `until ${at(0)}` }),
  };

  it('has a line for each thing with its time, the day above, and the values below a verdict', () => {
    const shown = renderHistory(history, canvas);
    expect(shown).toContain('checkout 2.4.1 → production, started by dana\ncutover/production/checkout · run run-1');
    expect(shown).toMatch(/\n2026-03-01\n {2}13:00:00 {2}a deployment started\n {2}13:00:02 {2}health check: passed\n/);
    expect(shown).toMatch(
      /✔ p99_latency < baseline \+ 10ms +21\.4 ms · limit 28 ms · baseline 18 ms \(concurrent\) · 1204 observed/,
    );
    expect(shown).toContain('watched 98.3 %: 59 of 60 ticks');
    expect(shown).toContain('succeeded: until 2026-03-01 13:00:00 GMT+1');
    expect(shown).toMatch(/Times in GMT\+1\.$/);
  });

  it('adds what the deployment itself has measured and no event tells, and what is no longer kept', () => {
    const later = { ...measured, at: at(5_000) };
    const phases = [phase('health_check', { evidence: measured }), phase('observation', { evidence: later })];
    const shown = renderHistory({ ...history, complete: false, status: liveStatus({ phases }) }, canvas);
    expect(shown).toContain('Its beginning is no longer kept by the server.');
    expect(shown).toMatch(/\nMeasured\n {2}observation\n/);
    expect(shown.match(/watched 98\.3 %/g)).toHaveLength(2);
  });

  it('fits into the columns and lets no control character through, whatever was sent', () => {
    const kinds = [
      'phase',
      'traffic',
      'message',
      'hook',
      'people',
      'rollback',
      'worker',
      'watch',
      'step',
      'end',
    ] as const;
    const hostile = kinds.map((kind): HistoryEntry => {
      const text = '\u001b[2Jx\r\n\u202e漢字'.repeat(20);
      return { at: at(0), run_id: 'r', event_id: null, kind, text, by: text, evidence: null, message: null };
    });
    for (const line of renderHistory({ ...history, entries: hostile }, { ...canvas, columns: 60 }).split('\n')) {
      expect(width(line)).toBeLessThanOrEqual(60);
      expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  });
});
