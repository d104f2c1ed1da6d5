import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/types.ts';
import type { SimulationReport } from '../../src/simulate/report.ts';
import { simulate } from '../../src/simulate/run.ts';
import { parseScenario } from '../../src/simulate/scenario.ts';
import { behindGateway, criterion, testPlan } from '../support/plans.ts';
import { quietRuntime, workflowBundle } from '../support/temporal.ts';

const HOUR_MS = 3_600_000;
const CALM = `
series:
  error_rate: [{at: 0s, candidate: 0.1, active: 0.1}]
  http_success_rate: [{at: 0s, candidate: 99.9, active: 99.9}]
  p99_latency: [{at: 0s, candidate: 120, active: 118}]
checks: {cache_preloaded: [{at: 0s, holds: false}, {at: 40s, holds: true}]}
`;
const APPROVED = 'messages: [{at: approval+5m, name: approve, by: ana@example.com}]\n';

beforeAll(async () => {
  quietRuntime();
  await workflowBundle();
});

async function run(scenario: string, changes: Partial<Plan> = {}): Promise<SimulationReport> {
  return simulate(testPlan(changes), parseScenario('metrics.yaml', scenario), {
    startedBy: 'dora@example.com',
    onProgress: () => undefined,
    workflowBundle: await workflowBundle(),
  });
}

const texts = ({ events }: SimulationReport) => events.map(({ text }) => text);
/** When the event whose text begins so happened, in whole seconds after the start. */
function secondsTo({ events }: SimulationReport, text: string): number {
  const found = events.find((event) => event.text.startsWith(text));
  return Math.round((found?.after_ms ?? Number.NaN) / 1_000);
}
function expectAbout(seconds: number, expected: number): void {
  expect(Math.abs(seconds - expected), `${seconds} s, about ${expected} s expected`).toBeLessThanOrEqual(5);
}

describe('a simulation', () => {
  it('goes through hours of a healthy deployment, and every window is watched to its end', async () => {
    const observation = { duration_ms: 4 * HOUR_MS, rollback_triggers: [criterion('error_rate > 1')] };
    const report = await run(CALM + APPROVED, { observation });
    expect(report).toMatchObject({ outcome: 'succeeded', not_sent: [] });
    // 3 + 2 + 5 minutes of validation, 5 to the approval, half a minute's decision, observation and lease.
    expectAbout(report.simulated_ms / 1_000, 15 * 60 + 30 + 5 * 3_600);
    expectAbout(secondsTo(report, 'approve by ana@example.com'), 15 * 60);
    const observed = report.status.phases.find(({ name }) => name === 'observation');
    expect(observed?.evidence?.coverage).toMatchObject({ percent: 100, longest_gap_ms: 1_000 });
  });

  it('fires a trigger in the observation when the metrics have crossed it, and goes back', async () => {
    const scenario = `
${CALM.replace('active: 0.1}]', 'active: 0.1}, {at: observation+10m, candidate: 8}]')}
${APPROVED}`;
    const report = await run(scenario);
    expect(report).toMatchObject({ outcome: 'rolled_back', status: { weights: { blue: 100, green: 0 } } });
    // 10 s of window must hold more than 1 %: about two seconds at 8 %, then two ticks in a row.
    expectAbout(secondsTo(report, 'from observation:') - secondsTo(report, 'observation begins'), 603);
    expect(texts(report)).toContain('blue 100 %, green 0 %');
  });

  it('stops where a success criterion is not met, and tells which messages had no moment', async () => {
    const report = await run(CALM.replace('candidate: 120', 'candidate: 190') + APPROVED);
    expect(report.outcome).toBe('rolled_back');
    expect(report.reason).toContain('p99_latency < baseline + 10ms: 190 ms against 128 ms');
    expect(report.not_sent).toEqual([{ name: 'approve', by: 'ana@example.com' }]);
  });

  it('judges the triggers while it waits for approval', async () => {
    const scenario = CALM.replace('active: 0.1}]', 'active: 0.1}, {at: approval+20m, candidate: 9}]');
    const report = await run(scenario);
    expect(report.outcome).toBe('rolled_back');
    expectAbout(secondsTo(report, 'from approval:') - secondsTo(report, 'approval begins'), 20 * 60 + 3);
  });

  it('ends as the plan says when nobody approves', async () => {
    const report = await run(CALM);
    expect(report.outcome).toBe('rejected');
    expect(report.reason).toContain('the approval was not given in time');
  });

  it('takes no data for neither pass nor fail', async () => {
    const report = await run(`${CALM}no_data: [{from: performance_validation+1m, to: 24h}]\n`, { approval: null });
    expect(report.outcome).toBe('inconclusive');
    expect(report.reason).toContain('no data, as the file says');
  });

  it('judges a candidate without a share by the requests that it is exposed to', async () => {
    const { phases } = testPlan();
    const warmup = phases.warmup && {
      ...phases.warmup,
      success_criteria: [criterion('http_success_rate > 99.95')],
      expose: { header: null, mirror_percent: 10 },
    };
    const plan = { ...behindGateway(), approval: null, phases: { ...phases, warmup } };
    const report = await run(CALM, plan);
    expect(report.reason).toContain('http_success_rate > 99.95: 99.9 %');
    expect(texts(report)).toContain('blue 100 %, green 0 %; to the candidate: mirrored 10 %');
    expect(texts(report)).toContain('blue 100 %, green 0 %');
  });

  it('lengthens a window by the time without data', async () => {
    const report = await run(
      `${CALM}no_data: [{from: performance_validation+1m, to: performance_validation+1m30s}]\n`,
      { approval: null },
    );
    expect(report.outcome).toBe('succeeded');
    const phase = report.status.phases.find(({ name }) => name === 'performance_validation');
    expect(phase?.note).toMatch(/lengthened by 3\ds/);
  });

  it('keeps what was watched when the observation is shortened, and acts on a person’s rollback', async () => {
    const report = await run(
      `${CALM}messages:
  - {at: observation+10m, name: extend_observation, by: ana@example.com, duration: -30m}
  - {at: lease+10m, name: rollback, by: ben@example.com, reason: orders are missing}
`,
      { approval: null },
    );
    expect(report.outcome).toBe('rolled_back');
    expectAbout(secondsTo(report, 'lease begins') - secondsTo(report, 'observation begins'), 30 * 60);
    const observed = report.status.phases.find(({ name }) => name === 'observation');
    expect(observed).toMatchObject({ state: 'passed', evidence: { coverage: { percent: 100 } } });
    expect(texts(report).join('\n')).toContain('from lease: rolled back by ben@example.com: orders are missing');
  });

  it('sends what hangs on the last phases, and nothing for a phase that is left out', async () => {
    const report = await run(
      `${CALM}messages:
  - {at: approval+1m, name: approve, by: ana@example.com}
  - {at: lease+1m, name: release, by: ben@example.com}
`,
      { approval: null },
    );
    expect(report).toMatchObject({ outcome: 'succeeded', not_sent: [{ name: 'approve', by: 'ana@example.com' }] });
    expectAbout(secondsTo(report, 'lease passed: released') - secondsTo(report, 'lease begins'), 60);
  });

  it('stands still while it is paused, and is watched all the same', async () => {
    const report = await run(
      `${CALM}messages:
  - {at: observation+10m, name: pause, by: ana@example.com}
  - {at: observation+40m, name: resume, by: ana@example.com}
  - {at: lease+1m, name: release, by: ana@example.com}
`,
      { approval: null },
    );
    expect(report.outcome).toBe('succeeded');
    expectAbout(secondsTo(report, 'observation passed') - secondsTo(report, 'observation begins'), 90 * 60);
  });

  it('switches step by step', async () => {
    const steps = [25, 100].map((share) => ({
      share,
      duration_ms: 60_000,
      success_criteria: [criterion('error_rate < 1')],
    }));
    const report = await run(CALM, {
      approval: null,
      switch: { strategy: 'gradual', steps, deadline_ms: 30_000, drain_ms: 1_000 },
      lease: { duration_ms: 0, shrink_to_percent: null },
    });
    expect(report.outcome).toBe('succeeded');
    expect(report.events.filter(({ kind }) => kind === 'traffic').map(({ text }) => text)).toEqual([
      'blue 99 %, green 1 %',
      'blue 90 %, green 10 %',
      'blue 75 %, green 25 %',
      'blue 0 %, green 100 %',
    ]);
  });
});
