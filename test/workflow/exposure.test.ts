import { describe, expect, it } from 'vitest';
import type { WatchInput } from '../../src/activities/watch-types.ts';
import { formatExposure } from '../../src/plan/exposure.ts';
import type { Exposure, PhasePlan, Plan } from '../../src/plan/types.ts';
import { behindGateway, criterion, testHook, testPlan } from '../support/plans.ts';
import type { Deployment } from '../support/world/harness.ts';
import { breach, emptyEvidence, watchState } from '../support/world/scripted-activities.ts';
import { useHarness } from '../support/world/use-harness.ts';
import { createWorld, foreignWrite } from '../support/world/world.ts';

const suite = useHarness();
const ANA = { by: 'ana@example.com' };
const HEADER: Exposure = { header: { name: 'X-Cutover', value: 'candidate' }, mirror_percent: null };
const WHOLE: Exposure = { ...HEADER, mirror_percent: 10 };
const SHOWN = 'header X-Cutover: candidate, mirrored 10 %';

type Named = Exclude<keyof Plan['phases'], 'decision_window'>;
function phases(exposed: Partial<Record<Named, Exposure>>, without: Named[] = []): Plan['phases'] {
  const { phases: all } = testPlan();
  const result = { ...all };
  for (const name of without) result[name] = null;
  for (const [name, expose] of Object.entries(exposed) as [Named, Exposure][]) {
    result[name] = { ...(all[name] as PhasePlan), expose };
  }
  return result;
}

const deploy = (changes: Partial<Plan>, world = createWorld()) =>
  suite.harness.deploy({ ...behindGateway(), ...changes }, world);

/** `10`, or `0: header X-Cutover: candidate`. */
function writes({ world }: Deployment): string[] {
  return world.writes.map(({ weights, expose }) =>
    expose === undefined ? `${weights.green}` : `${weights.green}: ${formatExposure(expose)}`,
  );
}

async function rolledBack(deployment: Deployment): Promise<void> {
  await deployment.update('rollback', ANA);
  expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
  expect(deployment.world.router.exposed).toBeUndefined();
}

describe('a phase that exposes the candidate', () => {
  it('writes although the share stays at 0 %, and the next shift takes it away', async () => {
    const deployment = await deploy({ approval: null, phases: phases({ warmup: WHOLE }) });
    const inputs: WatchInput[] = [];
    deployment.script.judge = (input) => {
      inputs.push(input);
      return null;
    };
    const status = await deployment.until('warmup');
    expect(writes(deployment)).toEqual([`0: ${SHOWN}`]);
    expect(deployment.world.router.exposed).toEqual({ ...WHOLE, colour: 'green' });
    expect(status.phases.find(({ name }) => name === 'warmup')).toMatchObject({ share: 0, exposed: WHOLE });
    await deployment.until('observation');
    expect(writes(deployment)).toEqual([`0: ${SHOWN}`, '1', '10', '100']);
    const inWarmup = inputs.filter(({ stage }) => stage === 'warmup');
    expect(inWarmup[0]).toMatchObject({ exposed: WHOLE, weights: { blue: 100, green: 0 }, rollback_triggers: [] });
    expect(inputs.filter(({ stage }) => stage !== 'warmup').every((input) => input.exposed === undefined)).toBe(true);
    await rolledBack(deployment);
  });

  it('has its metrics judged, and no guard of production traffic', async () => {
    const judged = phases({ warmup: HEADER });
    if (judged.warmup !== null) judged.warmup.success_criteria = [criterion('http_success_rate > 99')];
    const deployment = await deploy({ approval: null, phases: judged });
    const stages = new Set<string>();
    deployment.script.judge = (input, now) => {
      stages.add(input.stage);
      if (input.stage !== 'warmup') return null;
      expect(input.success_criteria.map(({ source }) => source)).toEqual(['http_success_rate > 99']);
      return { ...breach('http_success_rate > 99', now), verdict: 'failed' } as ReturnType<typeof breach>;
    };
    expect(await deployment.result()).toMatchObject({
      outcome: 'rolled_back',
      reason: 'http_success_rate > 99 breached',
    });
    expect([...stages]).toEqual(['warmup']);
    expect(writes(deployment)).toEqual(['0: header X-Cutover: candidate', '0']);
    expect(deployment.world.router.exposed).toBeUndefined();
  });

  it('is rolled back in one write, though no production traffic had been moved', async () => {
    const deployment = await deploy({ phases: phases({ warmup: WHOLE }) });
    await deployment.until('warmup');
    await rolledBack(deployment);
    expect(writes(deployment)).toEqual([`0: ${SHOWN}`, '0']);
  });

  it('goes on as it is into the next one that exposes the same, beside its share', async () => {
    const exposing = phases({ warmup: HEADER, health_check: HEADER });
    const deployment = await deploy({ approval: null, phases: exposing });
    await deployment.until('observation');
    const header = 'header X-Cutover: candidate';
    expect(writes(deployment)).toEqual([`0: ${header}`, `1: ${header}`, '10', '100']);
    await rolledBack(deployment);
  });

  it('leaves nothing exposed while people are asked', async () => {
    const alone = phases({ warmup: WHOLE }, ['health_check', 'performance_validation']);
    const deployment = await deploy({ phases: alone });
    await deployment.until('approval');
    expect(writes(deployment)).toEqual([`0: ${SHOWN}`, '0']);
    await rolledBack(deployment);
  });

  it('leaves nothing exposed while hooks are run before the switch, and is taken away by the switch else', async () => {
    const alone = { approval: null, phases: phases({ warmup: WHOLE }, ['health_check', 'performance_validation']) };
    const hooks = { ...testPlan().hooks, before_switch: [testHook()] };
    const hooked = await deploy({ ...alone, hooks });
    hooked.script.hook = () => {
      expect(hooked.world.router.exposed).toBeUndefined();
      return 'done';
    };
    await hooked.until('observation');
    expect(writes(hooked)).toEqual([`0: ${SHOWN}`, '0', '100']);
    await rolledBack(hooked);
    const plain = await deploy(alone);
    await plain.until('observation');
    expect(writes(plain)).toEqual([`0: ${SHOWN}`, '100']);
    await rolledBack(plain);
  });

  it('leaves nothing exposed while a suite is run without a phase of its own', async () => {
    const smoke: Plan['smoke'] = {
      ...{ health: { path: '/health', required_fields: [], expect: {} }, endpoints: [], database: null },
      ...{ dependencies: null, flows: [], security_headers: {}, max_response_time_ms: null, timeout_ms: 1_000 },
    };
    const exposing = phases({ warmup: WHOLE }, ['health_check']);
    const deployment = await deploy({ approval: null, smoke, phases: exposing });
    await deployment.until('observation');
    expect(writes(deployment)).toEqual([`0: ${SHOWN}`, '0', '10', '100']);
    await rolledBack(deployment);
  });

  it('exposes the same again after an error burst', async () => {
    const exposing = phases({ performance_validation: HEADER }, ['warmup', 'health_check']);
    const circuit_break = { error_rate: 5, pause_ms: 30_000, attempts: 3 };
    const deployment = await deploy({ approval: null, circuit_break, phases: exposing });
    let bursts = 1;
    deployment.script.judge = (input, now) => {
      if (input.circuit_break === null || bursts === 0) return null;
      bursts -= 1;
      return { verdict: 'tripped', reason: 'errors', evidence: emptyEvidence(now), state: watchState(now) };
    };
    await deployment.until('observation');
    const header = 'header X-Cutover: candidate';
    expect(writes(deployment)).toEqual([`10: ${header}`, '0', `10: ${header}`, '100']);
    await rolledBack(deployment);
  });
});

describe('what is exposed', () => {
  it('and taken away by somebody else before it is proven is drift', async () => {
    const world = createWorld();
    world.afterWrite = () => {
      world.afterWrite = null;
      delete world.router.exposed;
      foreignWrite(world, { blue: 100, green: 0 });
    };
    const deployment = await deploy({ phases: phases({ warmup: WHOLE }) }, world);
    expect(await deployment.result()).toMatchObject({ outcome: 'rolled_back' });
    expect((await deployment.status()).reason).toMatch(/somebody else (changed|wrote)/);
    expect(world.router.exposed).toBeUndefined();
  });

  it('and taken away by somebody else in the phase is drift, and says what is left', async () => {
    const deployment = await deploy({ phases: phases({ warmup: WHOLE }) });
    deployment.script.judge = (input, now) => {
      if (input.stage !== 'warmup' || now < input.started_at_ms + 60_000) return null;
      const { router } = deployment.world;
      const left = { ...router, revision: '77', exposed: { ...HEADER, colour: 'green' as const } };
      deployment.world.router = left;
      return { verdict: 'drift', router: left, evidence: emptyEvidence(now), state: watchState(now) };
    };
    const result = await deployment.result();
    expect(result.reason).toBe(
      'somebody else changed the router to blue 100 %, green 0 %; beside that header X-Cutover: candidate is left',
    );
    expect(deployment.world.router.exposed).toBeUndefined();
  });

  it('by a run that was terminated is taken away before the colour is touched', async () => {
    const world = createWorld();
    world.router = {
      ...world.router,
      exposed: { ...WHOLE, colour: 'green' },
      fence: { run: 'an earlier one', epoch: 1, step: 1 },
      fenced_revision: world.router.revision,
    };
    world.beforeWrite = async () => {
      world.beforeWrite = null;
      expect(world.colours.green.version).toBeNull();
    };
    const deployment = await deploy({ approval: null }, world);
    await deployment.until('warmup');
    expect(writes(deployment)).toEqual(['0']);
    expect(world.violations).toEqual([]);
    await rolledBack(deployment);
  });
});
