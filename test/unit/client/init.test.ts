import { describe, expect, it } from 'vitest';
import { type Answers, STRATEGIES } from '../../../src/client/init/answers.ts';
import { answersFor, flagsFor, type Interview, listOf, stepsOf } from '../../../src/client/init/questions.ts';
import { writePlan } from '../../../src/client/init/write-plan.ts';
import type { LiveService } from '../../../src/direct/kubernetes/live-service.ts';
import { adapterKinds } from '../../../src/plan/adapters.ts';
import { loadPlan } from '../../../src/plan/load.ts';
import type { Plan } from '../../../src/plan/types.ts';

const ANSWERS: Answers = {
  service: 'checkout',
  version: '1.10',
  platform: 'local',
  strategy: 'gradual',
  steps: [5, 12.5, 100],
  approvers: ['ana@example.com', 'ben: "the" boss, #1'],
  observation: '2h',
  live: null,
};

function read(answers: Partial<Answers>) {
  return loadPlan([{ name: 'cutover.yaml', text: writePlan({ ...ANSWERS, ...answers }) }]);
}

describe('the plan that is written', () => {
  it.each(STRATEGIES)('is one that `validate` accepts, and says what was answered: %s', (strategy) => {
    const { plan } = read({ strategy });
    expect(plan).toMatchObject({
      service: 'checkout',
      environment: 'production',
      version: '1.10',
      platform: { kind: 'local' },
      switch: { strategy },
      observation: { duration_ms: 7_200_000 },
      approval: { approvers: ANSWERS.approvers, required: 1 },
    });
    if (strategy === 'gradual') expect(plan.switch.steps.map(({ share }) => share)).toEqual([5, 12.5, 100]);
  });

  it.each(adapterKinds('platform'))('is a valid one on the platform %s', (platform) => {
    expect(read({ platform }).plan.platform.kind).toBe(platform);
  });

  it('asks nobody when nobody is named, and says how it would', () => {
    const text = writePlan({ ...ANSWERS, approvers: [] });
    expect(text).toContain('# Nobody is asked.');
    expect(read({ approvers: [] }).plan.approval).toBeNull();
  });

  it.each(['1.0', 'yes', '0x10', 'null', '1e3', '2026-01-01'])('keeps the version %s a text', (version) => {
    expect(read({ version }).plan.version).toBe(version);
  });

  it('is refused by the plan’s own reader when an answer is none', () => {
    expect(() => read({ observation: 'long' })).toThrow();
    expect(() => read({ service: 'a b' })).toThrow();
    expect(() => read({ platform: 'mainframe' })).toThrow();
  });
});

const LIVE: LiveService = {
  source: 'kubernetes',
  ...{
    context: null,
    namespace: 'shop',
    service: 'checkout',
    label: 'colour',
    active: 'green',
    workload: 'Deployment',
  },
  names: { blue: 'checkout-blue', green: 'checkout-green' },
  container: null,
  image: 'registry.example.com/checkout',
  version: '1.9',
  replicas: { blue: 0, green: 3 },
  autoscalers: { blue: null, green: { name: 'scaler', min: 3, max: 9 } },
};

describe('the plan of a live Service', () => {
  const adapters = (live: Partial<LiveService>) =>
    read({ strategy: 'instant', live: { ...LIVE, ...live } }).plan as Pick<Plan, 'platform' | 'router' | 'phases'>;

  it('names what was found, and nothing that goes without saying', () => {
    expect(adapters({})).toMatchObject({
      platform: {
        kind: 'kubernetes',
        namespace: 'shop',
        deployments: LIVE.names,
        image: 'registry.example.com/checkout',
      },
      router: { kind: 'service_selector', service: 'checkout' },
      phases: { health_check: null, performance_validation: null },
    });
    expect(adapters({}).platform).not.toHaveProperty('context');
    expect(adapters({}).router).not.toHaveProperty('label');
    const found = { context: 'eu', workload: 'StatefulSet', container: 'app', label: 'side' } as const;
    expect(adapters(found)).toMatchObject({
      platform: { context: 'eu', workload: 'StatefulSet', container: 'app' },
      router: { label: 'side' },
    });
  });

  it('says what ran when it was written', () => {
    const text = (live: Partial<LiveService>) => writePlan({ ...ANSWERS, live: { ...LIVE, ...live } });
    expect(text({})).toContain('selected colour: green when this was written, with 3 replicas of 1.9.\n');
    expect(text({})).toContain('\n# HorizontalPodAutoscaler scaler keeps green at 3 to 9 replicas.\n');
    expect(text({ version: null })).toContain('with 3 replicas of an image without version.');
  });

  it('has the version that runs, and moves all at once, unless flags say otherwise', () => {
    expect(flagsFor({}, LIVE)).toEqual({
      service: 'checkout',
      platform: 'kubernetes',
      planVersion: '1.9',
      strategy: 'instant',
    });
    expect(flagsFor({ planVersion: '2' }, LIVE).planVersion).toBe('2');
    expect(flagsFor({}, { ...LIVE, version: null }).planVersion).toBe('1.0.0');
    expect(flagsFor({ steps: [5, 100] }, LIVE).strategy).toBe('gradual');
    expect(flagsFor({ strategy: 'validation' }, LIVE).strategy).toBe('validation');
  });
});

/** Answers in order; the questions asked are kept. */
function scripted(...given: string[]): Interview & { asked: string[] } {
  const asked: string[] = [];
  const next = (message: string) => {
    asked.push(message);
    return given.shift() ?? '';
  };
  return {
    asked,
    text: async (message, preset) => next(message) || (preset ?? ''),
    choice: async (message, choices) => {
      const wanted = next(message);
      const chosen = choices.find(({ value }) => value === wanted);
      if (chosen === undefined) throw new Error(`no such choice: ${message}`);
      return chosen.value;
    },
  };
}

describe('the answers', () => {
  it('are asked for where no flag gives them', async () => {
    const interview = scripted('shop', '', 'local', 'gradual', '10%, 50, 100', 'ana@example.com, ben', '30m');
    expect(await answersFor({}, interview)).toEqual({
      service: 'shop',
      version: '1.0.0',
      platform: 'local',
      strategy: 'gradual',
      steps: [10, 50, 100],
      approvers: ['ana@example.com', 'ben'],
      observation: '30m',
    });
    expect(interview.asked).toHaveLength(7);
  });

  it('are not asked for again where a flag gives them', async () => {
    const interview = scripted('', '');
    const flags = {
      service: 'shop',
      planVersion: '2',
      platform: 'local',
      strategy: 'instant',
      observation: '1h',
    } as const;
    expect(await answersFor(flags, interview)).toMatchObject({ approvers: [], strategy: 'instant' });
    expect(interview.asked).toEqual([expect.stringContaining('approves')]);
  });

  it('have defaults where there is nobody to ask, apart from the service', async () => {
    await expect(answersFor({}, null)).rejects.toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringContaining('--service'),
    });
    expect(await answersFor({ service: 'shop' }, null)).toMatchObject({ strategy: 'instant', approvers: [] });
    expect(await answersFor({ service: 'shop', steps: [5, 100] }, null)).toMatchObject({ strategy: 'gradual' });
  });

  it('are read as lists', () => {
    expect(listOf(' a, ,b ')).toEqual(['a', 'b']);
    expect(stepsOf('5, 25 %,100%')).toEqual([5, 25, 100]);
    expect(() => stepsOf('5,many')).toThrow(/`many` is no share/);
  });
});
