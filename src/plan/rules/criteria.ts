/** Every metric that a criterion names must have a source; triggers are metrics. */
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import { BUILT_IN_CHECKS, BUILT_IN_METRICS, builtInMetric } from '../metrics.ts';
import { nearestName } from '../nearest.ts';
import type { Criterion, Plan } from '../types.ts';

export interface PlacedCriterion {
  criterion: Criterion;
  path: (string | number)[];
  role: 'success' | 'trigger';
  /** The candidate's share while it is judged, percent. */
  share: number;
  /** Requests reach the candidate beside its share. */
  exposed?: boolean;
}

export function checkCriteria(plan: Plan): Finding[] {
  return placedCriteria(plan).flatMap((placed) => checkOne(plan, placed));
}

/** Every criterion of a plan with where it was written; triggers taken over from the decision window appear once. */
export function placedCriteria(plan: Plan): PlacedCriterion[] {
  const decision = plan.phases.decision_window.rollback_triggers;
  const phases = PLANNED_PHASES.flatMap((name) => {
    const phase = plan.phases[name];
    if (phase === null) return [];
    const inherited = name !== 'decision_window' && same(phase.rollback_triggers, decision);
    const triggers = inherited ? [] : phase.rollback_triggers;
    return [
      ...place(
        phase.success_criteria,
        'success',
        [...phasePath(name), 'success_criteria'],
        phase.traffic_percentage,
      ).map((placed) => ({ ...placed, exposed: phase.expose !== undefined })),
      ...place(triggers, 'trigger', [...phasePath(name), 'rollback_triggers'], phase.traffic_percentage),
    ];
  });
  const sources = new Set(phases.map(({ criterion, role }) => (role === 'success' ? criterion.source : '')));
  const steps = plan.switch.steps.flatMap((step, index) => {
    // The strategy `validation` takes the phases' over; they were written there.
    const own = step.success_criteria.filter(
      ({ source }) => plan.switch.strategy !== 'validation' || !sources.has(source),
    );
    return place(own, 'success', ['switch', 'steps', index, 'success_criteria'], step.share);
  });
  const own = same(plan.observation.rollback_triggers, decision) ? [] : plan.observation.rollback_triggers;
  return [...phases, ...steps, ...place(own, 'trigger', ['observation', 'rollback_triggers'], 100), ...inChecks(plan)];
}

/** A check that is a metric's comparison; where it is judged is up to the criteria that name it. */
function inChecks({ checks }: Plan): PlacedCriterion[] {
  return Object.entries(checks).flatMap(([name, { call }]): PlacedCriterion[] =>
    call.kind === 'metric'
      ? [{ criterion: call.criterion, path: ['checks', name, 'metric'], role: 'success', share: 100 }]
      : [],
  );
}

function place(
  criteria: Criterion[],
  role: PlacedCriterion['role'],
  path: (string | number)[],
  share: number,
): PlacedCriterion[] {
  return criteria.map((criterion, index) => ({ criterion, path: [...path, index], role, share }));
}

function checkOne(plan: Plan, { criterion, path, role }: PlacedCriterion): Finding[] {
  if (criterion.kind === 'check') {
    if (role === 'success') return [];
    const message = `\`${criterion.check}\` is a named check, and a rollback trigger compares a metric.`;
    return [{ code: 'CUTOVER_PLAN_CRITERION', path, message, hint: 'Write for example `error_rate > 1`.' }];
  }
  const { metric } = criterion;
  if (builtInMetric(metric) !== null || Object.hasOwn(plan.metrics.queries, metric)) return [];
  if (Object.hasOwn(plan.checks, metric)) {
    const message = `\`${metric}\` is a named check of this plan, not a number.`;
    return [{ code: 'CUTOVER_PLAN_CRITERION', path, message, hint: `Write \`${metric}\` alone.` }];
  }
  const names = [
    ...Object.keys(BUILT_IN_METRICS),
    ...Object.keys(plan.metrics.queries),
    ...Object.keys(BUILT_IN_CHECKS),
  ];
  const nearest = nearestName(metric, names);
  const define = `define it at \`${queryKey(plan, metric)}\``;
  const hint =
    nearest === null ? `Use a built-in metric, or ${define}.` : `Did you mean \`${nearest}\`? If not, ${define}.`;
  return [
    { code: 'CUTOVER_PLAN_UNKNOWN_METRIC', path, message: `\`${metric}\` is no metric that this plan has.`, hint },
  ];
}

/** Where a plan defines a metric of its own. */
export function queryKey(plan: Plan, metric: string): string {
  return `metrics.${plan.metrics.kind === '' ? 'PROVIDER' : plan.metrics.kind}.queries.${metric}`;
}

function same(one: Criterion[], other: Criterion[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
