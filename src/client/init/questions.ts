/** The answers that a first plan needs: from flags, and at a terminal from the person for what they leave open. */
import { CutoverError } from '../../errors.ts';
import { adapterKinds, findDescriptor } from '../../plan/adapters.ts';
import type { Answers, Live, Strategy } from './answers.ts';

export interface InitFlags {
  service?: string;
  planVersion?: string;
  platform?: string;
  strategy?: Strategy;
  steps?: number[];
  approvers?: string[];
  observation?: string;
}

/** The questions of a terminal. Each throws when the person leaves. */
export interface Interview {
  text(message: string, preset: string | null): Promise<string>;
  choice<T extends string>(message: string, choices: readonly { value: T; note: string }[]): Promise<T>;
}

const DEFAULT_STEPS = [5, 25, 100];
const DEFAULTS = { version: '1.0.0', platform: 'local', strategy: 'instant', observation: '1h' } as const;
const STRATEGY_NOTES: readonly { value: Strategy; note: string }[] = [
  { value: 'instant', note: 'all traffic at once' },
  { value: 'gradual', note: 'step by step, each proven and watched' },
  { value: 'validation', note: '1 %, validated in full, then all' },
];

/** What was found is not asked for: a selector moves all traffic at once, and the version that runs is a start. */
export function flagsFor(flags: InitFlags, live: Live): InitFlags {
  const known =
    live.source === 'aws' ? { platform: live.platform.kind } : { service: live.service, platform: 'kubernetes' };
  const planVersion = flags.planVersion ?? live.version ?? DEFAULTS.version;
  if (hasShares(live)) return { ...flags, ...known, planVersion };
  const strategy = flags.strategy ?? (flags.steps === undefined ? DEFAULTS.strategy : 'gradual');
  return { ...flags, ...known, planVersion, strategy };
}

/** Whether its router can give a colour a share of traffic. */
export function hasShares(live: Live): boolean {
  return live.source === 'aws' && live.router.kind !== 'nlb';
}

/** `interview` null: there is nobody to ask. CUTOVER_USAGE, naming the flag, when an answer without default is missing. */
export async function answersFor(flags: InitFlags, interview: Interview | null): Promise<Omit<Answers, 'live'>> {
  if (interview === null) return withDefaults(flags);
  const service = flags.service ?? (await interview.text('What is deployed (service)?', null));
  const version = flags.planVersion ?? (await interview.text('Its new version?', DEFAULTS.version));
  const platform = flags.platform ?? (await interview.choice('What runs it?', platformChoices()));
  const strategy = flags.strategy ?? (await interview.choice('How does traffic move?', STRATEGY_NOTES));
  const steps = flags.steps ?? (strategy === 'gradual' ? await askSteps(interview) : DEFAULT_STEPS);
  const approvers = flags.approvers ?? listOf(await interview.text('Who approves (a, b; nobody: leave empty)?', ''));
  const observation =
    flags.observation ?? (await interview.text('How long is it observed afterwards?', DEFAULTS.observation));
  return { service, version, platform, strategy, steps, approvers, observation };
}

function withDefaults(flags: InitFlags): Omit<Answers, 'live'> {
  if (flags.service === undefined) {
    throw new CutoverError(
      'CUTOVER_USAGE',
      '--service is missing, and there is no terminal to ask at: write --service NAME.',
    );
  }
  return {
    service: flags.service,
    version: flags.planVersion ?? DEFAULTS.version,
    platform: flags.platform ?? DEFAULTS.platform,
    strategy: flags.strategy ?? (flags.steps === undefined ? DEFAULTS.strategy : 'gradual'),
    steps: flags.steps ?? DEFAULT_STEPS,
    approvers: flags.approvers ?? [],
    observation: flags.observation ?? DEFAULTS.observation,
  };
}

async function askSteps(interview: Interview): Promise<number[]> {
  return stepsOf(await interview.text('Its steps, percent?', DEFAULT_STEPS.join(', ')));
}

function platformChoices(): { value: string; note: string }[] {
  return adapterKinds('platform').map((value) => ({
    value,
    note: findDescriptor('platform', value)?.built === true ? '' : 'not in this version: can be checked, not started',
  }));
}

/** `a, b` as a list; empty parts are left out. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `5, 25, 100`, percent signs allowed. CUTOVER_USAGE for what is no number. */
export function stepsOf(text: string): number[] {
  return listOf(text).map((part) => {
    const share = Number(part.replace(/\s*%$/, ''));
    if (Number.isFinite(share)) return share;
    throw new CutoverError('CUTOVER_USAGE', `\`${part}\` is no share: write --steps 5,25,100.`);
  });
}
