/**
 * What will happen in a deployment of a plan, told before it happens: stages with their times, what the router is asked
 * to do, what puts the traffic back, and who is asked for what. Pure; durations in milliseconds, shares in percent.
 */
import { findDescriptor } from './adapters.ts';
import { formatDuration } from './duration.ts';
import { movesScheduledWork } from './scheduled-work.ts';
import { checkTexts, hookOf, notifierText, type TimelineHook } from './timeline/calls.ts';
import { callsOf, isJudgedAtFull, type RollbackCause, rollbackCauses } from './timeline/causes.ts';
import type { TimelinePhase } from './timeline/drafts.ts';
import { type Stage, skippedPhases, stagesOf } from './timeline/stages.ts';
import { titleOf } from './timeline/titles.ts';
import type { ApprovalPlan, Exposure, NotifierPlan, Plan } from './types.ts';

export interface Duration {
  /** Without waiting for people, machines or data. */
  least_ms: number;
  /** With every limit of the plan used up; `Timeline.can_take_longer` says what no limit bounds. */
  most_ms: number;
}

export interface RouterRequest {
  /** The stage that it begins. */
  stage: string;
  from_percent: number;
  to_percent: number;
  /** What reaches the candidate beside its share from then on; null: nothing does. */
  exposed: Exposure | null;
  starts_after_ms: number;
  deadline_ms: number;
}

export interface Timeline {
  timeline_version: 1;
  service: string;
  environment: string;
  target: string | null;
  version: string;
  adapters: { platform: string; router: string; metrics: string };
  stages: Stage[];
  skipped: TimelinePhase[];
  /** To the end of the observation: the outcome is known. */
  to_outcome: Duration;
  /** Until the old colour is removed. */
  to_end: Duration;
  can_take_longer: string[];
  router: {
    requests: RouterRequest[];
    /** False: a write cannot be refused atomically, so it is checked before and read back after. */
    conditional_writes: boolean;
    /** The soonest that requests follow a write everywhere; null: not known from the plan. */
    convergence_floor_ms: number | null;
  };
  /** How a trigger is judged. */
  judging: Pick<Plan['metrics'], 'resolution_ms' | 'window_ms' | 'consecutive' | 'min_observations'> &
    Pick<Plan['metrics'], 'on_no_data' | 'no_data_limit_ms'>;
  rollback: RollbackCause[];
  /** Null: nobody is asked. */
  /** Named checks of the plan's own → what each looks at. */
  checks: Record<string, string>;
  /** True: the deployment stops when the colours differ; false: the differences are listed. */
  require_parity: boolean;
  /** From when a rollback needs `force`; null: never. */
  rollback_safe_until: { starts_after_ms: number; text: string } | null;
  /** Who is told, beside the worker's log. */
  notifiers: { to: string; events: NotifierPlan['events']; signed: boolean }[];
  approval: (ApprovalPlan & { starts_after_ms: number; share: number }) | null;
  /** A person is called when. */
  calls: string[];
  lease: Plan['lease'];
  after_rollback: { drain_ms: number; keep_failed_ms: number; hooks: TimelineHook[]; scheduled_work: boolean };
}

export function timelineOf(plan: Plan): Timeline {
  const { service, environment, target, version, metrics, lease } = plan;
  const stages = stagesOf(plan);
  const { resolution_ms, window_ms, consecutive, min_observations, on_no_data, no_data_limit_ms } = metrics;
  return {
    timeline_version: 1,
    service,
    environment,
    target,
    version,
    adapters: { platform: plan.platform.kind, router: plan.router.kind, metrics: metrics.kind },
    stages,
    skipped: skippedPhases(plan),
    to_outcome: total(stages.filter(({ phase }) => phase !== 'lease' && phase !== 'clean_up')),
    to_end: total(stages),
    can_take_longer: longer(plan, stages),
    router: routerOf(plan, stages),
    judging: { resolution_ms, window_ms, consecutive, min_observations, on_no_data, no_data_limit_ms },
    rollback: rollbackCauses(plan, stages),
    checks: checkTexts(plan.checks),
    require_parity: plan.require_parity,
    rollback_safe_until: safetyOf(plan, stages),
    notifiers: plan.notifiers.map((notifier) => ({
      to: notifierText(notifier),
      events: notifier.events,
      signed: notifier.secret !== null,
    })),
    approval: approvalOf(plan, stages),
    calls: callsOf(plan, stages),
    lease,
    after_rollback: {
      drain_ms: plan.switch.drain_ms,
      keep_failed_ms: plan.keep_failed_ms,
      hooks: plan.hooks.on_rollback.map(hookOf),
      scheduled_work: movesScheduledWork(plan),
    },
  };
}

function total(stages: readonly Stage[]): Duration {
  const sum = (read: (stage: Stage) => number) => stages.reduce((all, stage) => all + read(stage), 0);
  return { least_ms: sum((stage) => stage.least_ms), most_ms: sum((stage) => stage.most_ms) };
}

function longer(plan: Plan, stages: readonly Stage[]): string[] {
  const has = (phase: TimelinePhase) => stages.some((stage) => stage.phase === phase);
  return [
    'time in which nobody watched is watched again',
    ...(plan.metrics.on_no_data === 'hold' && stages.some(isJudgedAtFull)
      ? ['at 100 %, missing data is waited for without end']
      : []),
    ...(has('observation') ? ['`cutover extend` moves the end of the observation'] : []),
    ...(plan.smoke === null ? [] : ['the smoke suite takes what its requests take']),
    ...(plan.circuit_break === null ? [] : ['after an error burst the candidate pauses and tries again']),
    ...(movesScheduledWork(plan) ? ['scheduled work that cannot be moved holds the switch at 100 %'] : []),
    ...(stages.some(({ hooks }) => hooks !== null) ? ['a hook pauses between its attempts, and may be held'] : []),
    'baselines are measured before a shift above 50 %, and the old colour is removed once nothing reaches it',
  ];
}

function routerOf(plan: Plan, stages: readonly Stage[]): Timeline['router'] {
  const descriptor = findDescriptor('router', plan.router.kind);
  return {
    requests: stages.flatMap((stage) => {
      if (stage.shift === null) return [];
      const { from, to, deadline_ms } = stage.shift;
      const { starts_after_ms } = stage;
      const exposed = stage.exposed;
      return [{ stage: titleOf(stage), from_percent: from, to_percent: to, exposed, starts_after_ms, deadline_ms }];
    }),
    conditional_writes: descriptor?.conditional_writes ?? false,
    convergence_floor_ms: descriptor?.convergence_floor_ms({ ...plan.router }) ?? null,
  };
}

/** The first stage of the phase, or so long after the decision window's begin. */
function safetyOf({ rollback_safe_until: safety }: Plan, stages: readonly Stage[]): Timeline['rollback_safe_until'] {
  if (safety === null) return null;
  const name = safety.kind === 'phase' ? safety.phase : 'decision_window';
  const startsMs = stages.find(({ phase }) => phase === name)?.starts_after_ms ?? 0;
  if (safety.kind === 'phase') return { starts_after_ms: startsMs, text: `the ${name.replaceAll('_', ' ')} begins` };
  const text = `${formatDuration(safety.duration_ms)} have gone by since all traffic moved`;
  return { starts_after_ms: startsMs + safety.duration_ms, text };
}

function approvalOf({ approval }: Plan, stages: readonly Stage[]): Timeline['approval'] {
  const stage = stages.find(({ phase }) => phase === 'approval');
  if (approval === null || stage === undefined) return null;
  return { ...approval, starts_after_ms: stage.starts_after_ms, share: stage.share };
}
