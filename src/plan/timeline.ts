/**
 * What will happen in a deployment of a plan, told before it happens: stages with their times, what the router is asked
 * to do, what puts the traffic back, and who is asked for what. Pure; durations in milliseconds, shares in percent.
 */
import { findDescriptor } from './adapters.ts';
import { callsOf, isJudgedAtFull, type RollbackCause, rollbackCauses } from './timeline/causes.ts';
import type { TimelinePhase } from './timeline/drafts.ts';
import { type Stage, skippedPhases, stagesOf } from './timeline/stages.ts';
import { titleOf } from './timeline/titles.ts';
import type { ApprovalPlan, Plan } from './types.ts';

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
  approval: (ApprovalPlan & { starts_after_ms: number; share: number }) | null;
  /** A person is called when. */
  calls: string[];
  lease: Plan['lease'];
  after_rollback: { drain_ms: number; keep_failed_ms: number };
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
    approval: approvalOf(plan, stages),
    calls: callsOf(plan, stages),
    lease,
    after_rollback: { drain_ms: plan.switch.drain_ms, keep_failed_ms: plan.keep_failed_ms },
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
      return [{ stage: titleOf(stage), from_percent: from, to_percent: to, starts_after_ms, deadline_ms }];
    }),
    conditional_writes: descriptor?.conditional_writes ?? false,
    convergence_floor_ms: descriptor?.convergence_floor_ms({ ...plan.router }) ?? null,
  };
}

function approvalOf({ approval }: Plan, stages: readonly Stage[]): Timeline['approval'] {
  const stage = stages.find(({ phase }) => phase === 'approval');
  if (approval === null || stage === undefined) return null;
  return { ...approval, starts_after_ms: stage.starts_after_ms, share: stage.share };
}
