/** Valid plans that probably do not mean what they say. */

import { DNS_PROPAGATION_MS, findDescriptor } from '../adapters.ts';
import { isUnitMissing } from '../criteria.ts';
import { formatDuration } from '../duration.ts';
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import { BUILT_IN_CHECKS, BUILT_IN_METRICS, builtInMetric } from '../metrics.ts';
import { nearestName } from '../nearest.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { Plan } from '../types.ts';
import { type PlacedCriterion, placedCriteria, queryKey } from './criteria.ts';
import { doubtsOfCalls } from './doubts-of-calls.ts';
import { validationShares } from './shares.ts';

export function findDoubts(plan: Plan, written: WrittenPlan): Finding[] {
  return [
    ...placedCriteria(plan).flatMap((placed) => doubtsOf(plan, placed)),
    ...shortPhases(plan),
    ...unusedSteps(plan, written),
    ...unwatchedSwitch(plan),
    ...tightDeadline(plan),
    ...doubtsOfCalls(plan, written),
  ];
}

function doubtsOf(plan: Plan, { criterion, path, role, share, exposed = false }: PlacedCriterion): Finding[] {
  if (criterion.kind === 'check') return misspeltCheck(plan, criterion.check, path);
  const { metric, source, expr } = criterion;
  const known = builtInMetric(metric);
  if (isUnitMissing(criterion)) {
    return [doubt(path, `\`${source}\` has no unit and is read as milliseconds.`, 'Write ms or s.')];
  }
  const fraction =
    (metric === 'http_success_rate' || metric === 'availability') && expr.kind === 'constant' && expr.value <= 1;
  if (fraction)
    return [doubt(path, `\`${source}\` is in percent: 1 is one request of a hundred.`, 'Write 99.5 for 0.995.')];
  const query = known?.needs_query ?? null;
  if (query !== null && !Object.hasOwn(plan.metrics.queries, query)) {
    return [doubt(path, undefinedQuery(plan, metric, query), `Define \`${queryKey(plan, query)}\`, per request.`)];
  }
  if (role === 'success' && share === 0 && !exposed && known?.needs_traffic === true) {
    const message = `\`${metric}\` has no data in a phase at 0 % of the traffic. ${noData(plan)}`;
    return [doubt(path, message, 'Give the phase a share, a `header` or a mirror, or use a named check.')];
  }
  return [];
}

function undefinedQuery(plan: Plan, metric: string, query: string): string {
  const undefinedHere = `The plan does not define \`${query}\`, which \`${metric}\` needs.`;
  // The provider's convention for a counter of that name.
  const read = `The instances' counter \`${query}_total\` is read; without it there is no data.`;
  return `${undefinedHere} ${['scrape', 'prometheus'].includes(plan.metrics.kind) ? read : noData(plan)}`;
}

function noData({ metrics }: Plan): string {
  switch (metrics.on_no_data) {
    case 'hold':
      return `The deployment will wait for it for ${formatDuration(metrics.no_data_limit_ms)}, and not pass.`;
    case 'rollback':
      return 'The deployment will be rolled back.';
    case 'ignore':
      return 'It will be ignored.';
  }
}

function misspeltCheck({ checks }: Plan, check: string, path: PlacedCriterion['path']): Finding[] {
  const known = [...Object.keys(checks), ...Object.keys(BUILT_IN_CHECKS)];
  if (known.includes(check)) return [];
  const nearest = nearestName(check, [...known, ...Object.keys(BUILT_IN_METRICS)]);
  if (nearest === null) return [];
  const message = `\`${check}\` will be looked up in the health document under this very name.`;
  return [doubt(path, message, `Did you mean \`${nearest}\`?`)];
}

/** A trigger needs `consecutive` breaches, a tick apart, to fire. */
function shortPhases(plan: Plan): Finding[] {
  const neededMs = plan.metrics.consecutive * plan.metrics.resolution_ms;
  return PLANNED_PHASES.flatMap((name) => {
    const phase = plan.phases[name];
    const watched = phase !== null && phase.traffic_percentage > 0 && phase.rollback_triggers.length > 0;
    if (!watched || phase.duration_ms >= neededMs) return [];
    const message = `In ${formatDuration(phase.duration_ms)} no trigger can fire: it takes ${formatDuration(neededMs)}.`;
    return [doubt([...phasePath(name), 'duration'], message, 'Lengthen the phase, or lower `metrics.consecutive`.')];
  });
}

function unusedSteps(plan: Plan, written: WrittenPlan): Finding[] {
  const { strategy, steps } = plan.switch;
  if (strategy !== 'gradual') {
    if (written.switch?.steps === undefined || written.switch.strategy === undefined) return [];
    return [
      doubt(['switch', 'steps'], `The strategy \`${strategy}\` does not use \`switch.steps\`.`, 'Leave them out.'),
    ];
  }
  const before = validationShares(plan).at(-1)?.share ?? 0;
  if (steps[0]?.share !== before || before === 0) return [];
  const message = `The candidate has ${before} % already; the first step changes nothing and is skipped.`;
  return [doubt(['switch', 'steps', 0], message, 'Begin above it.')];
}

function unwatchedSwitch(plan: Plan): Finding[] {
  if (plan.phases.decision_window.rollback_triggers.length > 0) return [];
  const path = [...phasePath('decision_window'), 'rollback_triggers'];
  return [doubt(path, 'Nothing will roll the switch back by itself.', 'Name a trigger, or leave the key out.')];
}

/** Name servers are told before times to live begin to run out, and not at once. */
function tightDeadline({ router, switch: { deadline_ms: deadlineMs } }: Plan): Finding[] {
  if (router.kind !== 'route53') return [];
  const ttlMs = findDescriptor('router', router.kind)?.convergence_floor_ms({ ...router }) ?? 0;
  const neededMs = ttlMs + DNS_PROPAGATION_MS;
  if (deadlineMs >= neededMs) return [];
  const [deadline, ttl, needed] = [deadlineMs, ttlMs, neededMs].map(formatDuration);
  const message = `In ${deadline} a shift may not be proven: Route 53 takes up to a minute, and answers live another ${ttl}.`;
  return [doubt(['switch', 'deadline'], message, `Write ${needed} or more.`)];
}

function doubt(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_DOUBTFUL', path, message, hint };
}
