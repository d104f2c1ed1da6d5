/** Stages as people call them. */
import type { Stage } from './stages.ts';

const HOOK_TITLES = {
  before_switch: 'hooks before the switch',
  after_switch: 'hooks after the switch',
  before_cleanup: 'hooks before clean up',
} as const;

/** `switch, step 2 of 3`. */
export function titleOf({ phase, step, size_percent: size, hooks, scheduled_work: work }: Stage): string {
  if (hooks !== null) return HOOK_TITLES[hooks.point];
  const name = phase.replaceAll('_', ' ');
  if (phase !== 'switch') return name;
  if (work === 'moved') return `${name}: scheduled work`;
  if (step === null) return `${name}: size ${size} %`;
  return step.of === 1 ? name : `${name}, step ${step.number} of ${step.of}`;
}

/** The stages that are meant, runs of them as `health check to decision window`; empty: none is. */
export function span(stages: readonly Stage[], isMeant: (stage: Stage) => boolean): string {
  const runs: Stage[][] = [];
  let open: Stage[] = [];
  for (const stage of stages) {
    if (!isMeant(stage)) {
      open = [];
      continue;
    }
    if (open.length === 0) runs.push(open);
    open.push(stage);
  }
  return runs.map(runTitle).join(', ');
}

function runTitle(run: readonly Stage[]): string {
  const names = [...new Set(run.map(({ phase }) => phase.replaceAll('_', ' ')))];
  const [only] = run;
  if (run.length === 1 && only !== undefined) return titleOf(only);
  return names.length <= 2 ? names.join(' and ') : `${names[0]} to ${names.at(-1)}`;
}
