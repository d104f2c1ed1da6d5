import { describe, expect, it } from 'vitest';
import { type Answers, STRATEGIES } from '../../../src/client/init/answers.ts';
import { answersFor, type Interview, listOf, stepsOf } from '../../../src/client/init/questions.ts';
import { writePlan } from '../../../src/client/init/write-plan.ts';
import { adapterKinds } from '../../../src/plan/adapters.ts';
import { loadPlan } from '../../../src/plan/load.ts';

const ANSWERS: Answers = {
  service: 'checkout',
  version: '1.10',
  platform: 'local',
  strategy: 'gradual',
  steps: [5, 12.5, 100],
  approvers: ['ana@example.com', 'ben: "the" boss, #1'],
  observation: '2h',
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
