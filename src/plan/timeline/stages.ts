/** What a deployment goes through, in order, each with how long it takes and what is judged in it. */
import { sameExposure } from '../exposure.ts';
import type { Criterion, Exposure, Plan } from '../types.ts';
import { hookOf, type TimelineHook } from './calls.ts';
import { draftsOf, guardOf, type TimelinePhase, type Watched } from './drafts.ts';

export interface Stage {
  phase: TimelinePhase;
  /** Of the switch: which step of how many; null elsewhere. */
  step: { number: number; of: number } | null;
  /** The candidate's share of the traffic, percent. */
  share: number;
  /** What reaches the candidate beside its share; null: nothing does. */
  exposed: Exposure | null;
  /** The write at the router that the stage begins with; null: none. */
  shift: { from: number; to: number; deadline_ms: number } | null;
  /** From the deployment's start, when neither people nor machines are waited for. */
  starts_after_ms: number;
  /** Without waiting for people, machines or data. */
  least_ms: number;
  /** With every limit of the plan used up. */
  most_ms: number;
  success_criteria: string[];
  /** Judged every tick of it. */
  rollback_triggers: string[];
  /** Requests of the smoke suite that it begins with. */
  smoke: string[];
  /** Size of the candidate that it begins with, percent of the active colour's; null: as before. */
  size_percent: number | null;
  /** What is run in it, one after the other; null: it is no stage of hooks. */
  hooks: { point: 'before_switch' | 'after_switch' | 'before_cleanup'; run: TimelineHook[] } | null;
  /** Of what only one colour may run: it is `suspended` on the candidate, or `moved` to it; null: stays as it is. */
  scheduled_work: 'suspended' | 'moved' | null;
}

/** The phases that the plan has; `skippedPhases` names the others. */
export function stagesOf(plan: Plan): Stage[] {
  const stages: Stage[] = [];
  let share = 0;
  let exposed: Exposure | null = null;
  let startsAfterMs = 0;
  for (const draft of draftsOf(plan)) {
    const asked = draft.share ?? share;
    const isReached = draft.step !== undefined && draft.share !== undefined && asked <= share;
    // A step that the candidate has reached already is skipped, or held where it stands.
    if (isReached && draft.stays !== true) continue;
    const to = isReached ? share : asked;
    const expose = draft.expose ?? null;
    const shift =
      to === share && sameExposure(exposed, expose) ? null : { from: share, to, deadline_ms: plan.switch.deadline_ms };
    stages.push({
      phase: draft.phase,
      step: draft.step ?? null,
      share: to,
      exposed: expose,
      shift,
      starts_after_ms: startsAfterMs,
      least_ms: draft.least_ms,
      most_ms: draft.most_ms + (shift?.deadline_ms ?? 0),
      success_criteria: sources(draft.success_criteria ?? []),
      rollback_triggers: to === 0 ? [] : triggersOf(plan, draft.watched),
      smoke: draft.smoke ?? [],
      size_percent: draft.size_percent ?? null,
      hooks: draft.hooks === undefined ? null : { point: draft.hooks.point, run: draft.hooks.hooks.map(hookOf) },
      scheduled_work: draft.work ?? null,
    });
    share = to;
    exposed = expose;
    startsAfterMs += draft.least_ms;
  }
  return stages;
}

export function skippedPhases(plan: Plan): TimelinePhase[] {
  const has = new Set(stagesOf(plan).map(({ phase }) => phase));
  const all: TimelinePhase[] = ['warmup', 'health_check', 'performance_validation', 'approval', 'observation', 'lease'];
  return all.filter((phase) => !has.has(phase));
}

function triggersOf(plan: Plan, { guard, own }: Watched): string[] {
  return sources([...own, ...(guard ? guardOf(plan) : [])]);
}

function sources(criteria: readonly Criterion[]): string[] {
  return [...new Set(criteria.map(({ source }) => source))];
}
