/** The stages that a plan asks for, each by itself. */
import { PLANNED_PHASES, type PlannedPhase } from '../finding.ts';
import { movesScheduledWork } from '../scheduled-work.ts';
import type { Criterion, Exposure, HookPlan, HookPoint, Plan } from '../types.ts';
import { mostMsOf } from './calls.ts';

export type TimelinePhase =
  | PlannedPhase
  | 'parity'
  | 'provision'
  | 'approval'
  | 'switch'
  | 'observation'
  | 'lease'
  | 'clean_up';

/** Which triggers are judged: the stage's own, and with the guard those of the decision window too. */
export interface Watched {
  guard: boolean;
  own: Criterion[];
}

/** A stage before it is known when it begins, and at which share. */
export interface Draft {
  phase: TimelinePhase;
  step?: { number: number; of: number };
  /** The candidate's share, percent; absent: as before. */
  share?: number;
  /** What reaches the candidate beside its share in this stage. */
  expose?: Exposure;
  /** Run, too, when the candidate has that share already. */
  stays?: boolean;
  least_ms: number;
  /** Beyond the shift's deadline. */
  most_ms: number;
  success_criteria?: Criterion[];
  watched: Watched;
  smoke?: string[];
  size_percent?: number;
  hooks?: Hooks;
  work?: 'suspended' | 'moved';
}

/** What is run at one point of the story, one after the other. */
interface Hooks {
  point: Exclude<HookPoint, 'on_rollback'>;
  hooks: HookPlan[];
}

const GUARDED: Watched = { guard: true, own: [] };
const UNWATCHED: Watched = { guard: false, own: [] };
const WORK_MOVED: Draft = { phase: 'switch', least_ms: 0, most_ms: 0, watched: GUARDED, work: 'moved' };

/** In the order of the story; steps that the candidate has reached already included. */
export function draftsOf(plan: Plan): Draft[] {
  const { approval, observation, lease, phases } = plan;
  return [
    { phase: 'parity', least_ms: 0, most_ms: 0, watched: UNWATCHED },
    {
      phase: 'provision',
      least_ms: 0,
      most_ms: plan.provision_timeout_ms,
      watched: UNWATCHED,
      size_percent: plan.capacity.validation_percent,
      ...(movesScheduledWork(plan) && { work: 'suspended' as const }),
    },
    ...PLANNED_PHASES.filter((name) => name !== 'decision_window').flatMap((name) => validation(plan, name)),
    ...(approval === null
      ? []
      : [{ phase: 'approval' as const, least_ms: 0, most_ms: approval.timeout_ms, watched: GUARDED }]),
    ...switchDrafts(plan),
    ...(movesScheduledWork(plan) ? [WORK_MOVED] : []),
    ...hooked(plan, 'switch', 'after_switch', GUARDED),
    window(plan, 'decision_window', phases.decision_window),
    ...(observation.duration_ms === 0 ? [] : [observed(plan)]),
    ...(lease.duration_ms === 0
      ? []
      : [{ phase: 'lease' as const, least_ms: lease.duration_ms, most_ms: lease.duration_ms, watched: UNWATCHED }]),
    ...hooked(plan, 'clean_up', 'before_cleanup', UNWATCHED),
    { phase: 'clean_up', least_ms: 0, most_ms: 0, watched: UNWATCHED },
  ];
}

function validation(plan: Plan, name: PlannedPhase): Draft[] {
  const phase = plan.phases[name];
  const smoke = name === 'health_check' ? smokeChecks(plan) : [];
  if (phase !== null) {
    const { traffic_percentage: share, expose } = phase;
    return [{ ...window(plan, name, phase), share, smoke, ...(expose === undefined ? {} : { expose }) }];
  }
  return smoke.length === 0 ? [] : [{ phase: name, least_ms: 0, most_ms: 0, watched: GUARDED, smoke }];
}

function window(plan: Plan, name: PlannedPhase, phase: NonNullable<Plan['phases'][PlannedPhase]>): Draft {
  const { duration_ms, success_criteria, rollback_triggers } = phase;
  return {
    phase: name,
    least_ms: duration_ms,
    most_ms: duration_ms + waitForDataMs(plan, [...success_criteria, ...rollback_triggers]),
    success_criteria,
    watched: { guard: true, own: rollback_triggers },
  };
}

function observed(plan: Plan): Draft {
  const { duration_ms, rollback_triggers } = plan.observation;
  return {
    phase: 'observation',
    least_ms: duration_ms,
    most_ms: duration_ms + waitForDataMs(plan, rollback_triggers),
    watched: { guard: false, own: rollback_triggers },
  };
}

function hooked(plan: Plan, phase: TimelinePhase, point: Hooks['point'], watched: Watched): Draft[] {
  const hooks = plan.hooks[point];
  return hooks.length === 0 ? [] : [{ phase, least_ms: 0, most_ms: mostMsOf(hooks), watched, hooks: { point, hooks } }];
}

function switchDrafts(plan: Plan): Draft[] {
  const { steps, strategy } = plan.switch;
  const { validation_percent, switch_percent } = plan.capacity;
  const grows = switch_percent > validation_percent;
  const growth: Draft[] = grows
    ? [
        {
          phase: 'switch',
          least_ms: 0,
          most_ms: plan.provision_timeout_ms,
          watched: GUARDED,
          size_percent: switch_percent,
        },
      ]
    : [];
  const shifts = steps.map((step, index): Draft => {
    const isLast = step.share === 100;
    const waitMs = isLast ? 0 : waitForDataMs(plan, [...step.success_criteria, ...guardOf(plan)]);
    return {
      phase: 'switch',
      step: { number: index + 1, of: steps.length },
      share: step.share,
      least_ms: isLast ? 0 : step.duration_ms,
      most_ms: isLast ? 0 : step.duration_ms + waitMs,
      success_criteria: step.success_criteria,
      watched: GUARDED,
      smoke: step.smoke === true ? smokeChecks(plan) : [],
      stays: strategy === 'validation' && !isLast,
    };
  });
  return [...growth, ...hooked(plan, 'switch', 'before_switch', GUARDED), ...shifts];
}

/** A window stays open for missing data so long at its end. */
function waitForDataMs({ metrics }: Plan, judged: readonly Criterion[]): number {
  return judged.length === 0 || metrics.on_no_data === 'ignore' ? 0 : metrics.no_data_limit_ms;
}

export function guardOf(plan: Plan): Criterion[] {
  return plan.phases.decision_window.rollback_triggers;
}

function smokeChecks({ smoke }: Plan): string[] {
  if (smoke === null) return [];
  const { health, endpoints, database, dependencies, flows, security_headers: headers } = smoke;
  return [
    health.path,
    ...endpoints.map(({ method, path, status }) => `${method} ${path} → ${status}`),
    ...(database === null ? [] : [`database ${database.path}`]),
    ...(dependencies === null ? [] : [`dependencies ${dependencies.path}`]),
    ...flows.map(({ name, steps }) => `flow ${name} in ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`),
    ...Object.keys(headers).map((name) => `header ${name}`),
  ];
}
