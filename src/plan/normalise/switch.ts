/** The switch with its defaults. */
import type { Finding } from '../finding.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { Criterion, Plan, SwitchPlan, SwitchStep } from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds, percentage, readCriteria } from './values.ts';

type WrittenSwitch = NonNullable<WrittenPlan['switch']>;
type WrittenStep = NonNullable<WrittenSwitch['steps']>[number];

/** Steps are read even where the strategy does not use them, so that nothing wrong hides in them. */
export function normaliseSwitch(
  written: WrittenSwitch,
  { phases, smoke }: Pick<Plan, 'phases' | 'smoke'>,
  findings: Finding[],
): SwitchPlan {
  const strategy = written.strategy ?? 'instant';
  const stepMs = milliseconds(written.step_duration, DEFAULTS.step_duration_ms);
  const writtenSteps = written.steps?.map((step, index) => normaliseStep(step, index, stepMs, findings));
  if (written.strategy === undefined) findings.push(...unusedSteps(written));
  if (strategy === 'gradual' && written.steps !== undefined) findings.push(...watchedLastStep(written.steps));
  return {
    strategy,
    steps: lastUnwatched(
      strategy === 'validation'
        ? validationSteps(phases, smoke !== null, stepMs)
        : stepsOf(strategy, writtenSteps, stepMs),
    ),
    deadline_ms: milliseconds(written.deadline, DEFAULTS.deadline_ms),
    drain_ms: milliseconds(written.drain, DEFAULTS.drain_ms),
  };
}

function stepsOf(
  strategy: Exclude<SwitchPlan['strategy'], 'validation'>,
  written: SwitchStep[] | undefined,
  stepMs: number,
): SwitchStep[] {
  const plain = (shares: readonly number[]) =>
    shares.map((share) => ({ share, duration_ms: stepMs, success_criteria: [] }));
  switch (strategy) {
    case 'instant':
      return plain([100]);
    case 'gradual':
      return written ?? plain(DEFAULTS.gradual_steps);
  }
}

/** A trickle that has to meet everything the phases asked for, the smoke suite included, and then all traffic. */
function validationSteps(phases: Plan['phases'], smoke: boolean, stepMs: number): SwitchStep[] {
  const asked = Object.values(phases).flatMap((phase) => phase?.success_criteria ?? []);
  const once = new Map(asked.map((criterion): [string, Criterion] => [criterion.source, criterion]));
  const step = { share: DEFAULTS.validation_share, duration_ms: stepMs, success_criteria: [...once.values()] };
  return [smoke ? { ...step, smoke } : step, { share: 100, duration_ms: 0, success_criteria: [] }];
}

function normaliseStep(step: WrittenStep, index: number, stepMs: number, findings: Finding[]): SwitchStep {
  if (typeof step !== 'object') return { share: percentage(step, 0), duration_ms: stepMs, success_criteria: [] };
  const path = ['switch', 'steps', index, 'success_criteria'];
  return {
    share: percentage(step.share, 0),
    duration_ms: milliseconds(step.duration, stepMs),
    success_criteria: readCriteria(step.success_criteria ?? [], path, findings),
  };
}

/** 100 % is watched by the decision window. */
function lastUnwatched(steps: SwitchStep[]): SwitchStep[] {
  return steps.map((step, index) =>
    index === steps.length - 1 && step.share === 100 ? { ...step, duration_ms: 0 } : step,
  );
}

function unusedSteps(written: WrittenSwitch): Finding[] {
  const key = written.steps !== undefined ? 'steps' : 'step_duration';
  if (written[key] === undefined) return [];
  return [
    {
      code: 'CUTOVER_PLAN_VALUE',
      path: ['switch', key],
      message: `\`switch.${key}\` is given, but the strategy is instant when none is named.`,
      hint: 'Add `strategy: gradual`.',
    },
  ];
}

function watchedLastStep(steps: readonly WrittenStep[]): Finding[] {
  const index = steps.length - 1;
  const last = steps[index];
  if (typeof last !== 'object' || (last.duration === undefined && last.success_criteria === undefined)) return [];
  if (percentage(last.share, 0) !== 100) return [];
  const key = last.duration !== undefined ? 'duration' : 'success_criteria';
  return [
    {
      code: 'CUTOVER_PLAN_VALUE',
      path: ['switch', 'steps', index, key],
      message: `The last step has its own \`${key}\`, but 100 % is watched by the decision window.`,
      hint: `Give \`blue_green_switch.validation_phases.full_switch.${key}\` instead.`,
    },
  ];
}
