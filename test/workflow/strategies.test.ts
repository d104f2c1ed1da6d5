import { describe, expect, it } from 'vitest';
import { DIRECT_STEP } from '../../src/adapters/types.ts';
import type { Plan } from '../../src/plan/types.ts';
import { criterion, testPlan } from '../support/plans.ts';
import type { Deployment } from '../support/world/harness.ts';
import { refusedWith } from '../support/world/refused.ts';
import { breach, emptyEvidence, watchState } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, directRollback } from '../support/world/world.ts';

const suite = useHarness();
const ANA = { by: 'ana@example.com' };

function shares(deployment: Deployment): number[] {
  return deployment.world.writes.map((write) => write.weights.green);
}

async function rolledBack(deployment: Deployment): Promise<void> {
  await deployment.update('rollback');
  await deployment.result();
}

describe('strategy validation', () => {
  const { switch: plan, phases } = testPlan();
  const steps = [
    { share: 1, duration_ms: 300_000, success_criteria: [criterion('error_rate < 1')] },
    { share: 100, duration_ms: 0, success_criteria: [] },
  ];
  const smoke: Plan['smoke'] = {
    health: { path: '/health', required_fields: [], expect: {} },
    endpoints: [],
    database: null,
    dependencies: null,
    flows: [],
    security_headers: {},
    max_response_time_ms: null,
    timeout_ms: 1_000,
  };
  const validated = { ...plan, strategy: 'validation' as const, steps };

  it('goes to 1 %, validates there, then to 100 %', async () => {
    const bare = { ...phases, health_check: null, performance_validation: null };
    const deployment = await suite.harness.deploy({ approval: null, switch: validated, phases: bare });
    const watched: string[] = [];
    deployment.script.judge = (input) => {
      if (input.stage === 'switch') watched.push(input.success_criteria.map(({ source }) => source).join());
      return null;
    };
    await deployment.until('observation');
    expect(shares(deployment)).toEqual([1, 100]);
    expect(watched[0]).toBe('error_rate < 1');
    await rolledBack(deployment);
  });

  const again = { ...validated, steps: steps.map((step) => (step.share === 1 ? { ...step, smoke: true } : step)) };

  it('validates at the share that the phases before have reached', async () => {
    const deployment = await suite.harness.deploy({ approval: null, switch: again, smoke });
    await deployment.until('performance_validation');
    // The suite has passed in the health check.
    deployment.script.smoke = { ok: false, checks: [{ name: '/health', ok: false, note: 'status 500', took_ms: 1 }] };
    expect(await deployment.result()).toMatchObject({ reason: 'smoke suite failed: /health: status 500' });
    expect(shares(deployment)).toEqual([1, 10, 0]);
  });
});

describe('parity', () => {
  it('lists what differs', async () => {
    const world = createWorld();
    world.differences = [{ path: 'env.CACHE', active: '10', standby: '20' }];
    const deployment = await suite.harness.deploy({}, world);
    const status = await deployment.until('approval');
    expect(status.parity).toEqual(world.differences);
    expect(status.phases[0]).toMatchObject({ name: 'parity', state: 'passed' });
    await rolledBack(deployment);
  });

  it('stops there when the plan requires it, with nothing changed', async () => {
    const world = createWorld();
    world.differences = [{ path: 'env.CACHE', active: '10', standby: '20' }];
    const deployment = await suite.harness.deploy({ require_parity: true }, world);
    const result = await deployment.result();
    expect(result).toMatchObject({ outcome: 'rejected' });
    expect(result.reason).toContain('env.CACHE');
    expect(world.router.fence).toBeNull();
  });
});

describe('the digest of what is approved', () => {
  it('binds an approval to version, plan and evidence', async () => {
    const deployment = await suite.harness.deploy();
    const { approval } = await deployment.until('approval');
    expect(approval?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const wrong = await refusedWith(deployment.update('approve', { ...ANA, digest: 'sha256:00000000' }));
    expect(wrong).toContain(`that is ${approval?.digest}`);
    expect(
      await refusedWith(deployment.update('approve', { ...ANA, digest: approval?.digest.slice(0, 11) })),
    ).toContain('is not what waits for approval');
    await deployment.update('approve', { ...ANA, digest: approval?.digest.slice(0, 19) });
    await deployment.until('decision_window');
    await rolledBack(deployment);
  });
});

describe('rollback_safe_until', () => {
  it('asks people for force from then on, and holds what machines want', async () => {
    const deployment = await suite.harness.deploy({
      approval: null,
      rollback_safe_until: { kind: 'phase', phase: 'observation' },
    });
    expect((await deployment.until('decision_window')).rollback_needs_force).toBeNull();
    const status = await deployment.until('observation');
    expect(status.rollback_needs_force).toBe('data makes a rollback unsafe since observation began');
    expect(await refusedWith(deployment.update('rollback', ANA))).toContain('send it with force');
    await deployment.signal('rollback', ANA);
    deployment.script.judge = (input, now) => (input.stage === 'observation' ? breach('error_rate > 1', now) : null);
    const held = await deployment.until('stuck');
    expect(held.attention.join()).toContain('A rollback is due, but unsafe: error_rate > 1 breached');
    expect(deployment.world.router.weights).toEqual({ blue: 0, green: 100 });
    await deployment.update('rollback', { ...ANA, force: true });
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  });

  it('can be released as it is, after a time', async () => {
    const deployment = await suite.harness.deploy({
      approval: null,
      rollback_safe_until: { kind: 'after_switch', duration_ms: 600_000 },
    });
    expect((await deployment.until('observation')).rollback_needs_force).toBeNull();
    await suite.harness.env.sleep(1_800_000);
    expect((await deployment.status()).rollback_needs_force).toBe(
      'data makes a rollback unsafe 10m after all traffic had moved',
    );
    await deployment.handle.cancel();
    await deployment.until('stuck');
    await deployment.update('release');
    await deployment.result().catch(() => undefined);
    expect((await deployment.status()).outcome).toBe('stuck');
    expect(deployment.world.router.weights).toEqual({ blue: 0, green: 100 });
    expect(deployment.world.colours.green.desired).toBe(4);
  });
});

describe('the circuit break', () => {
  const circuit_break = { error_rate: 5, pause_ms: 30_000, attempts: 3 };

  it('stops the share at once, and tries the phase again after its pause', async () => {
    const deployment = await suite.harness.deploy({ approval: null, circuit_break });
    let bursts = 1;
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'performance_validation' || input.circuit_break === null || bursts === 0) return null;
      bursts -= 1;
      return {
        verdict: 'tripped',
        reason: 'error rate 40 % in 1 s',
        evidence: emptyEvidence(now),
        state: watchState(now),
      };
    };
    const status = await deployment.until('observation');
    expect(shares(deployment)).toEqual([1, 10, 0, 10, 100]);
    expect(status.circuit).toEqual({ trips: 1, open_until: null });
    expect(status.attention.join()).toContain('Error burst: error rate 40 % in 1 s; 10 % was stopped, burst 1 of 3');
    await rolledBack(deployment);
  });

  it('rolls back after so many bursts', async () => {
    const deployment = await suite.harness.deploy({ approval: null, circuit_break });
    deployment.script.judge = (input, now) =>
      input.stage === 'health_check' && input.circuit_break !== null
        ? { verdict: 'tripped', reason: 'error rate 40 % in 1 s', evidence: emptyEvidence(now), state: watchState(now) }
        : null;
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'error rate 40 % in 1 s; burst 3 of 3',
    });
    expect(shares(deployment)).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it('works while approval is waited for; promote tries again at once', async () => {
    const deployment = await suite.harness.deploy({ circuit_break: { ...circuit_break, pause_ms: 3_000_000 } });
    let isBad = false;
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'circuit' || !isBad) return null;
      isBad = false;
      return { verdict: 'tripped', reason: 'burst', evidence: emptyEvidence(now), state: watchState(now) };
    };
    await deployment.until('approval');
    isBad = true;
    await suite.harness.env.sleep(120_000);
    expect(deployment.world.router.weights.green).toBe(0);
    await deployment.update('approve');
    await suite.harness.env.sleep(1_000);
    expect((await deployment.status()).phase).toBe('approval');
    expect((await deployment.update('promote')).message).toBe('another try now');
    await deployment.until('observation');
    expect(shares(deployment)).toEqual([1, 10, 0, 10, 100]);
    await rolledBack(deployment);
  });
});

describe('drift in a window', () => {
  it('goes back, and says who did not write it', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    deployment.world.router = { ...deployment.world.router, weights: { blue: 40, green: 60 }, revision: '77' };
    deployment.script.judge = (input, now) => {
      if (input.weights === null || input.weights.green === deployment.world.router.weights.green) return null;
      const router = structuredClone(deployment.world.router);
      return { verdict: 'drift', router, evidence: emptyEvidence(now), state: watchState(now) };
    };
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'somebody else changed the router to blue 40 %, green 60 %',
      weights: { blue: 100, green: 0 },
    });
  });

  it('of the version goes back as well', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const asked: (string | undefined)[] = [];
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'observation') return null;
      asked.push(input.version);
      const drift = { verdict: 'drift', router: null, version: '6.6.6' } as const;
      return { ...drift, evidence: emptyEvidence(now), state: watchState(now) };
    };
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'somebody else has put 6.6.6 on green',
      weights: { blue: 100, green: 0 },
    });
    expect(asked).toContain('2.0.0');
  });

  it('adopts a rollback that was written past Temporal', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const { world } = deployment;
    directRollback(world);
    deployment.script.judge = (input, now) =>
      input.stage === 'observation'
        ? {
            verdict: 'drift',
            router: structuredClone(world.router),
            evidence: emptyEvidence(now),
            state: watchState(now),
          }
        : null;
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'rolled back directly, past Temporal',
      weights: { blue: 100, green: 0 },
    });
    expect(world.router.fence?.step).toBeGreaterThan(DIRECT_STEP + 1);
  });

  it('adopts it too when its own rollback finds it', async () => {
    const deployment = await suite.harness.deploy({ approval: null });
    await deployment.until('observation');
    const { world } = deployment;
    directRollback(world);
    await deployment.update('rollback', ANA);
    const status = await deployment.status();
    expect(status.rollback?.state).toBe('restored');
    expect(status.attention).toEqual([]);
    await deployment.result();
  });
});

describe('a lease that keeps less', () => {
  const lease = { duration_ms: 3_600_000, shrink_to_percent: 25 };

  it('shrinks the old colour, keeps it at that, and removes it in the end', async () => {
    const deployment = await suite.harness.deploy({ approval: null, lease });
    await deployment.until('lease');
    await suite.harness.env.sleep(60_000);
    expect(deployment.world.colours.blue.desired).toBe(1);
    expect((await deployment.status()).lease).toMatchObject({ old_size: 1, old_healthy: true });
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(deployment.world.violations).toEqual([]);
  });

  it('tells once of another version on the new colour, and goes on keeping the old one', async () => {
    const deployment = await suite.harness.deploy({ approval: null, lease });
    await deployment.until('lease');
    deployment.world.colours.green.version = '6.6.6';
    await suite.harness.env.sleep(60_000);
    deployment.world.colours.blue.ready = 0;
    await suite.harness.env.sleep(60_000);
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    const { attention } = await deployment.status();
    expect(attention).toEqual([
      'Drift: somebody else has put 6.6.6 on green; the traffic stays there',
      'The old colour is not ready: blue: 0 of 1 instances; scaling it up again',
    ]);
  });

  it('is shrunk no further than the platform wants it kept, and says so', async () => {
    const world = createWorld();
    world.leastKept = { size: 3, reason: 'its budget has maxUnavailable 1' };
    const deployment = await suite.harness.deploy({ approval: null, lease }, world);
    await deployment.until('lease');
    await suite.harness.env.sleep(60_000);
    const status = await deployment.status();
    expect(status.lease).toMatchObject({ old_size: 3, old_healthy: true });
    const noteOf = ({ phases }: typeof status) => phases.find(({ name }) => name === 'lease')?.note;
    expect(noteOf(status)).toBe('blue is kept × 3, not × 1: its budget has maxUnavailable 1');
    expect(world.colours.blue.desired).toBe(3);
    expect(await deployment.result()).toMatchObject({ outcome: 'succeeded' });
    expect(noteOf(await deployment.status())).toContain('its time was over; blue is kept × 3, not × 1');
    expect(world.colours.blue.desired).toBe(0);
    expect(world.violations).toEqual([]);
  });

  it('is scaled up again before a rollback, which calls nobody', async () => {
    const deployment = await suite.harness.deploy({ approval: null, lease });
    await deployment.until('lease');
    await suite.harness.env.sleep(60_000);
    await deployment.update('rollback', ANA);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    expect(deployment.world.colours.blue).toMatchObject({ desired: 4, ready: 4 });
    // What the one instance carried went first.
    expect(shares(deployment).slice(-3)).toEqual([100, 75, 0]);
    expect((await deployment.status()).attention).toEqual([]);
    expect(deployment.world.violations).toEqual([]);
  });
});
