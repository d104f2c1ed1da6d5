import { describe, expect, it } from 'vitest';
import { colorsFor } from '../../../src/client/render/canvas.ts';
import { renderSimulation } from '../../../src/client/simulate/render.ts';
import { CutoverError } from '../../../src/errors.ts';
import type { Problem } from '../../../src/plan/problems.ts';
import { createCourse, instantOf, notePhases } from '../../../src/simulate/course.ts';
import { type Scripted, scriptedChecks, scriptedProvider } from '../../../src/simulate/metrics.ts';
import { askedBy, parseScenario, requireScenario } from '../../../src/simulate/scenario.ts';
import { parseMoment } from '../../../src/simulate/scenario-schema.ts';
import { criterion, testPlan } from '../../support/plans.ts';
import { liveStatus, phase } from './status.ts';

const FILE = 'metrics.yaml';

function problemsOf(text: string): Problem[] {
  try {
    parseScenario(FILE, text);
  } catch (error) {
    if (!(error instanceof CutoverError)) throw error;
    expect(error.code).toBe('CUTOVER_SCENARIO_INVALID');
    return error.details.problems as Problem[];
  }
  throw new Error('it was accepted');
}

describe('a moment', () => {
  it.each([
    ['0s', { phase: null, offset_ms: 0 }],
    ['1h30m', { phase: null, offset_ms: 5_400_000 }],
    ['observation', { phase: 'observation', offset_ms: 0 }],
    ['approval + 5m', { phase: 'approval', offset_ms: 300_000 }],
    ['approval+', null],
    ['approval+-5m', null],
    ['-5m', null],
    ['soon', null],
    ['soon+5m', null],
    ['lease+1m+1m', null],
  ])('%s', (text, expected) => {
    expect(parseMoment(text)).toEqual(expected);
  });
});

describe('a file of metrics', () => {
  it('is YAML or JSON, and has defaults', () => {
    const scenario = parseScenario(FILE, '{"series": {"error_rate": [{"at": "0s", "candidate": 1}]}}');
    expect(scenario).toEqual({
      series: { error_rate: [{ at: { phase: null, offset_ms: 0 }, candidate: 1 }] },
      requests_per_second: 100,
      checks: {},
      messages: [],
      no_data: [],
    });
  });

  it.each([
    ['series: {error_rate: [{at: 0s}]}', 1, 'series.error_rate[0]', /must be a value of `candidate`/],
    ['series:\n  error_rate:\n    - {at: lunch, candidate: 1}', 3, 'series.error_rate[0].at', /PHASE\+DURATION/],
    ['series: {error_rate: []}', 1, 'series.error_rate', /must be a list of values/],
    ['series: {error_rate: [{at: 0s, candidate: high}]}', 1, 'series.error_rate[0].candidate', /must be a number/],
    ['series: {"error rate": [{at: 0s, candidate: 1}]}', 1, 'series.error rate', /the name of a metric/],
    ['serie: {}', 1, 'serie', /is no key here/],
    ['messages: [{at: 5m, name: aprove}]', 1, 'messages[0].name', /one of approve, reject/],
    ['messages: [{at: 5m, name: approve, hm: 1}]', 1, 'messages[0].hm', /is no key here/],
    ['messages: [{at: 5m, name: extend_observation, duration: 5}]', 1, 'messages[0].duration', /a duration/],
    ['requests_per_second: 0', 1, 'requests_per_second', /a number above 0/],
    ['checks: {warm: [{at: 0s, holds: maybe}]}', 1, 'checks.warm[0].holds', /a boolean/],
    ['no_data: [{from: 1m}]', 1, 'no_data[0].to', /PHASE\+DURATION/],
    ['- a list', 1, '', /no map of keys/],
    ['series: [', 1, '', /not YAML/],
  ])('%s is refused with its place', (text, line, key, message) => {
    const [problem] = problemsOf(text);
    expect(problem).toMatchObject({ file: FILE, line, key });
    expect(problem?.message).toMatch(message);
  });

  it('with a misspelt key is told the right one', () => {
    expect(problemsOf('serie: {}')[0]?.hint).toBe('Did you mean `series`?');
  });

  it('must have what the plan judges', () => {
    const plan = testPlan({ circuit_break: { error_rate: 5, pause_ms: 1_000, attempts: 2 } });
    expect(askedBy(plan)).toEqual({
      metrics: ['http_success_rate', 'error_rate', 'p99_latency'],
      checks: ['cache_preloaded'],
    });
    const scenario = parseScenario(FILE, 'series: {http_success_rate: [{at: 0s, candidate: 100}]}');
    expect(() => requireScenario(FILE, scenario, plan)).toThrow(/judges `error_rate`.*\(and 2 more\)/);
  });

  it('needs nothing for phases that are left out, and the business metric itself for its drop', () => {
    const { decision_window } = testPlan().phases;
    const plan = testPlan({
      phases: {
        warmup: null,
        health_check: null,
        performance_validation: null,
        decision_window: { ...decision_window, rollback_triggers: [criterion('business_metric_drop > 5')] },
      },
      observation: { duration_ms: 0, rollback_triggers: [criterion('error_rate > 1')] },
    });
    expect(askedBy(plan)).toEqual({ metrics: ['business_metric'], checks: [] });
  });
});

const START_MS = Date.parse('2026-03-01T12:00:00.000Z');

function scripted(text: string, queries: Record<string, string> = {}): Scripted {
  const course = createCourse(START_MS, { blue: 100, green: 0 });
  return { scenario: parseScenario(FILE, text), course, active: 'blue', queries };
}

async function sampled(script: Scripted, metric: string, colour: 'blue' | 'green', from: number, to: number) {
  const span = { from_ms: START_MS + from * 1_000, to_ms: START_MS + to * 1_000 };
  const [sample] = await scriptedProvider(script).sample([{ metric, colour, ...span }], new AbortController().signal);
  return sample;
}

describe('a scripted metric', () => {
  const text = `
requests_per_second: 50
series:
  error_rate: [{at: 0s, candidate: 1, active: 0}, {at: 20s, green: 3}, {at: lease+1h, candidate: 9}]
  cpu_utilization: [{at: 0s, candidate: 40}, {at: 10s, candidate: 60}]
  queue: [{at: 0s, candidate: 7}]
no_data: [{from: 40s, to: 50s}, {from: lease, to: 24h}]
`;

  it('has the requests of its share behind it', async () => {
    const script = scripted(text);
    script.course.shifts.push({ at_ms: START_MS + 10_000, weights: { blue: 80, green: 20 } });
    expect(await sampled(script, 'error_rate', 'green', 10, 20)).toMatchObject({ value: 1, observations: 100 });
    expect(await sampled(script, 'error_rate', 'blue', 0, 20)).toMatchObject({ value: 0, observations: 900 });
    expect(await sampled(script, 'error_rate', 'green', 0, 10)).toMatchObject({ kind: 'no_data', quiet: true });
  });

  it.each([
    ['copies of requests', { header: null, mirror_percent: 10 }, 100],
    [
      'requests with a header, of which there are enough',
      { header: { name: 'X-A', value: 'a' }, mirror_percent: null },
      1_000,
    ],
  ])('has %s beside the share', async (_what, exposure, observations) => {
    const script = scripted('series: {error_rate: [{at: 0s, candidate: 1, active: 0}]}');
    const exposed = { ...exposure, colour: 'green' as const };
    script.course.shifts.push({ at_ms: START_MS, weights: { blue: 100, green: 0 }, exposed });
    expect(await sampled(script, 'error_rate', 'green', 0, 10)).toMatchObject({ value: 1, observations });
    expect(await sampled(script, 'error_rate', 'blue', 0, 10)).toMatchObject({ value: 0, observations: 1_000 });
  });

  it('is the mean over its span, by requests', async () => {
    const script = scripted(text);
    script.course.shifts.push({ at_ms: START_MS, weights: { blue: 50, green: 50 } });
    expect(await sampled(script, 'error_rate', 'green', 15, 25)).toMatchObject({ value: 2, observations: 250 });
  });

  it('of an instance is there without requests', async () => {
    const script = scripted(text, { queue: 'gauge queue_length max' });
    expect(await sampled(script, 'cpu_utilization', 'green', 5, 15)).toMatchObject({ value: 50, per: 'readings' });
    expect(await sampled(script, 'queue', 'green', 0, 5)).toMatchObject({ value: 7, per: 'readings' });
    expect(await sampled(scripted(text), 'queue', 'green', 0, 5)).toMatchObject({ kind: 'no_data', quiet: true });
  });

  it('is not there while there is no data, nor before its first value', async () => {
    const script = scripted(text);
    script.course.shifts.push({ at_ms: START_MS, weights: { blue: 50, green: 50 } });
    expect(await sampled(script, 'error_rate', 'green', 35, 45)).toMatchObject({ reason: 'no data, as the file says' });
    expect(await sampled(script, 'error_rate', 'green', 45, 55)).toMatchObject({ value: 3, observations: 125 });
    expect(await sampled(script, 'cpu_utilization', 'blue', 0, 5)).toMatchObject({
      reason: 'the file gives no cpu_utilization of blue yet',
    });
  });

  it('changes at moments of a phase once that has begun', async () => {
    const script = scripted(text);
    const lease = { phase: 'lease', offset_ms: 0 } as const;
    expect(instantOf(script.course, lease)).toBeNull();
    notePhases(script.course, { phases: [phase('lease', { started_at: '2026-03-01T12:10:00.000Z' })] });
    expect(instantOf(script.course, lease)).toBe(START_MS + 600_000);
    script.course.shifts.push({ at_ms: START_MS, weights: { blue: 0, green: 100 } });
    expect(await sampled(script, 'error_rate', 'green', 599, 601)).toMatchObject({ kind: 'no_data' });
  });
});

describe('a scripted check', () => {
  it('holds from its moment on, and cannot be read while there is no data', async () => {
    const script = scripted(
      'checks: {warm: [{at: 0s, holds: false}, {at: 5s, holds: true}]}\nno_data: [{from: 9s, to: 10s}]',
    );
    const seenAt = async (seconds: number) => {
      const checks = scriptedChecks(script, () => START_MS + seconds * 1_000);
      const readings = await checks.read(['warm', 'unknown'], new AbortController().signal);
      return [...readings.values()].map(({ seen }) => seen);
    };
    expect(await seenAt(4)).toEqual([false, false]);
    expect(await seenAt(5)).toEqual([true, false]);
    expect(await seenAt(9)).toEqual([null, null]);
  });
});

describe('what is shown', () => {
  it('is the tree at the end, then what happened when', () => {
    const { live: _live, ...status } = liveStatus({ outcome: 'rolled_back', reason: 'errors' });
    const text = renderSimulation(
      {
        outcome: 'rolled_back',
        reason: 'errors',
        simulated_ms: 4_530_400,
        took_ms: 1_640,
        events: [
          { after_ms: 0, kind: 'phase', text: 'provision begins' },
          { after_ms: 3_600_000, kind: 'told', text: 'Drift: \u001b[31mred' },
        ],
        not_sent: [
          { name: 'approve', by: 'ana' },
          { name: 'release', by: null },
        ],
        status,
      },
      { columns: 100, colors: colorsFor(false, false) },
    );
    expect(text.split('\n').slice(-5)).toEqual([
      ' 1h15m30s in 1.6s',
      '   +0s  phase     provision begins',
      '   +1h  told      Drift: red',
      ' ! never sent: approve by ana; its moment did not come',
      ' ! never sent: release; its moment did not come',
    ]);
  });
});
