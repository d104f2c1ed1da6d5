import { temporal } from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import type { SwitchPlan } from '../../src/plan/types.ts';
import { criterion, testPlan } from '../support/plans.ts';
import type { Deployment, Harness } from '../support/world/harness.ts';
import { breach, emptyEvidence } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, foreignWrite } from '../support/world/world.ts';

const suite = useHarness();

const GRADUAL: SwitchPlan = {
  strategy: 'gradual',
  steps: [25, 50, 100].map((share) => ({
    share,
    duration_ms: 300_000,
    success_criteria: [criterion('error_rate < 1')],
  })),
  deadline_ms: 30_000,
  drain_ms: 30_000,
};

async function approved(changes: Parameters<Harness['deploy']>[0] = {}): Promise<Deployment> {
  const deployment = await suite.harness.deploy(changes);
  await deployment.until('approval');
  await deployment.update('approve');
  return deployment;
}

function shares(deployment: Deployment): number[] {
  return deployment.world.writes.map((write) => write.weights.green);
}

/**
 * The time-skipping server schedules workflow tasks for which nothing has happened; the server proper does not. They
 * are left out of the count: triples that follow another task's completion directly.
 */
function countEvents(events: temporal.api.history.v1.IHistoryEvent[]): number {
  const { EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: scheduled, EVENT_TYPE_WORKFLOW_TASK_COMPLETED: completed } =
    temporal.api.enums.v1.EventType;
  const empty = events.filter(
    (event, index) => event.eventType === scheduled && events[index - 1]?.eventType === completed,
  );
  return events.length - 3 * empty.length;
}

describe('a deployment that goes well', () => {
  it('passes every phase, moves traffic only by fenced writes with rising steps, and removes the old colour', async () => {
    const deployment = await approved();
    await deployment.until('lease');
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'succeeded', version: '2.0.0', weights: { blue: 0, green: 100 } });
    expect(shares(deployment)).toEqual([1, 10, 100]);
    expect(deployment.world.writes.map((write) => write.fence?.step)).toEqual([1, 2, 3]);
    expect(deployment.world.colours.blue).toMatchObject({ desired: 0 });
    expect(deployment.world.colours.green).toMatchObject({ version: '2.0.0', desired: 4 });
    expect(deployment.world.violations).toEqual([]);
    const status = await deployment.status();
    expect(status.phases.map((phase) => phase.state)).toEqual(Array(11).fill('passed'));
  });

  it('looks again when somebody writes between its look at the router and its claim', async () => {
    const world = createWorld();
    let claims = 0;
    world.beforeWrite = async () => {
      claims += 1;
      if (claims === 3) world.beforeWrite = null;
      else foreignWrite(world, { blue: 100, green: 0 });
    };
    const deployment = await suite.harness.deploy({ approval: null }, world);
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(claims).toBe(3);
    expect(world.router.fence).toMatchObject({ epoch: 1 });
    expect(world.violations).toEqual([]);
  });

  it('is refused, and has changed nothing, when somebody writes again and again', async () => {
    const world = createWorld();
    world.beforeWrite = async () => foreignWrite(world, { blue: 100, green: 0 });
    const deployment = await suite.harness.deploy({ approval: null }, world);
    expect(await deployment.result()).toMatchObject({
      outcome: 'rejected',
      reason: 'somebody wrote to the router whenever it was claimed',
    });
    expect(world.router.fence).toBeNull();
  });

  it('observes four hours in under 150 events', async () => {
    const started = Date.now();
    const deployment = await suite.harness.deploy({
      approval: null,
      observation: { duration_ms: 4 * 3_600_000, rollback_triggers: [criterion('error_rate > 1')] },
    });
    await deployment.result();
    const { events } = await deployment.handle.fetchHistory();
    const count = countEvents(events ?? []);
    expect(count).toBeLessThan(150);
    console.log(`4-hour observation: ${count} events, ${Date.now() - started} ms of real time`);
  });

  it('goes step by step when the switch is gradual', async () => {
    const deployment = await approved({ switch: GRADUAL });
    await deployment.until('lease');
    expect(shares(deployment)).toEqual([1, 10, 25, 50, 100]);
    await deployment.update('release');
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('starts at a reduced size and has the active colour’s real size before the switch', async () => {
    const deployment = await suite.harness.deploy({ capacity: { validation_percent: 50, switch_percent: 100 } });
    await deployment.until('approval');
    expect(deployment.world.colours.green.desired).toBe(2);
    await deployment.update('approve');
    await deployment.until('decision_window');
    expect(deployment.world.colours.green.desired).toBe(4);
    await deployment.update('rollback');
  });

  it('goes from green to blue when green is active', async () => {
    const world = createWorld('green');
    const deployment = await suite.harness.deploy({ approval: null }, world);
    await deployment.until('lease');
    expect(world.router.weights).toEqual({ blue: 100, green: 0 });
    await deployment.update('release');
    await deployment.result();
    expect(world.colours.green.desired).toBe(0);
  });

  it('leaves out the phases that the plan leaves out', async () => {
    const { decision_window } = testPlan().phases;
    const deployment = await suite.harness.deploy({
      approval: null,
      phases: { warmup: null, health_check: null, performance_validation: null, decision_window },
      observation: { duration_ms: 0, rollback_triggers: [] },
      lease: { duration_ms: 0, shrink_to_percent: null },
    });
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(shares(deployment)).toEqual([100]);
  });
});

describe('a deployment that goes wrong', () => {
  it.each([
    ['health_check', [1, 0]],
    ['performance_validation', [1, 10, 0]],
    ['decision_window', [1, 10, 100, 0]],
    ['observation', [1, 10, 100, 0]],
  ])('rolls back when a trigger fires in %s', async (stage, expected) => {
    const deployment = await suite.harness.deploy({ approval: null });
    deployment.script.judge = (input, now) => (input.stage === stage ? breach('error_rate > 1', now) : null);
    const result = await deployment.result();
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      reason: 'error_rate > 1 breached',
      weights: { blue: 100, green: 0 },
    });
    expect(shares(deployment)).toEqual(expected);
    expect(deployment.world.colours.green.desired).toBe(0);
    expect(deployment.world.colours.blue.desired).toBe(4);
    expect(deployment.world.violations).toEqual([]);
  });

  it('rolls back when a trigger fires while it waits for approval', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('approval');
    deployment.script.judge = (input, now) => (input.ends_at_ms === null ? breach('error_rate > 1', now) : null);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(shares(deployment)).toEqual([1, 10, 0]);
  });

  it('touches no traffic when warmup fails', async () => {
    const deployment = await suite.harness.deploy();
    deployment.script.judge = (input, now) =>
      input.stage === 'warmup'
        ? {
            verdict: 'failed',
            criterion: 'cache_preloaded',
            reason: 'cache_preloaded does not hold',
            evidence: emptyEvidence(now),
          }
        : null;
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(shares(deployment)).toEqual([]);
  });

  it('stops when the smoke suite fails, with the failed check in the reason', async () => {
    const smoke = {
      health: { path: '/health', required_fields: [], expect: {} },
      endpoints: [],
      max_response_time_ms: null,
      timeout_ms: 1_000,
      database: null,
      dependencies: null,
      flows: [],
      security_headers: {},
    };
    const deployment = await suite.harness.deploy({ smoke });
    deployment.script.smoke = {
      ok: false,
      checks: [{ name: 'GET /health', ok: false, note: 'status is down', took_ms: 1 }],
    };
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', reason: 'smoke suite failed: GET /health: status is down' });
  });

  it('is refused, with nothing changed, when the router splits traffic', async () => {
    const world = createWorld();
    world.router.weights = { blue: 75, green: 25 };
    const deployment = await suite.harness.deploy({}, world);
    const result = await deployment.result();
    expect(result.outcome).toBe('rejected');
    expect(result.reason).toContain('blue 75 %, green 25 %');
    expect(world.writes).toEqual([]);
    expect(world.colours.green.version).toBeNull();
  });

  it('is refused when somebody starts raw JSON that is no plan', async () => {
    const deployment = await suite.harness.deploy({ version: '' });
    expect(await deployment.result()).toMatchObject({ outcome: 'rejected' });
  });

  it('rolls back when instances do not become ready in time', async () => {
    const world = createWorld();
    world.readyLimit = 1;
    const deployment = await suite.harness.deploy({}, world);
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back' });
    expect(result.reason).toContain('did not get 4 ready instances of 2.0.0 within 10m');
    expect(world.writes).toEqual([]);
  });

  it('never shifts to a share that the ready capacity does not cover', async () => {
    const deployment = await suite.harness.deploy();
    await deployment.until('health_check');
    deployment.world.colours.green.ready = 0;
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rolled_back' });
    expect(result.reason).toContain('green has 0 of the 1 ready instances that 10 % needs');
    expect(shares(deployment)).toEqual([1, 0]);
    expect(deployment.world.violations).toEqual([]);
  });

  it('treats a foreign write as drift: goes back, and says so', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('performance_validation');
    const { world } = deployment;
    foreignWrite(world, { blue: 50, green: 50 });
    await deployment.until('keep_failed');
    const status = await deployment.status();
    expect(status.outcome).toBe('rolled_back');
    expect(status.reason).toContain('somebody else changed the router');
    expect(status.attention.join()).toContain('Drift');
    expect(world.router.weights).toEqual({ blue: 100, green: 0 });
    await deployment.update('release');
    await deployment.result();
  });
});
