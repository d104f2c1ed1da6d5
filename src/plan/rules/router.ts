/** What the router cannot do is refused when the plan is read. */
import { findDescriptor } from '../adapters.ts';
import { formatDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import type { Plan, Weights } from '../types.ts';
import { nearestShares, smallestPair } from '../weight-pair.ts';
import { validationShares } from './shares.ts';

export function checkRouter(plan: Plan): Finding[] {
  const descriptor = findDescriptor('router', plan.router.kind);
  if (descriptor === null) return [];
  const config: Record<string, unknown> = { ...plan.router };
  const floorMs = descriptor.convergence_floor_ms(config);
  const found = descriptor.partial_traffic ? unequalShares(plan, descriptor.highest_weight) : partialShares(plan);
  if (floorMs === null || plan.switch.deadline_ms >= floorMs) return found;
  const deadline = formatDuration(plan.switch.deadline_ms);
  const floor = formatDuration(floorMs);
  const message = `The deadline of ${deadline} cannot hold: \`${plan.router.kind}\` takes at least ${floor} to converge.`;
  return [...found, finding(['switch', 'deadline'], message, `Write ${floor} or more, or make the router faster.`)];
}

/** Between 0 % and 100 %, with where each was written. */
function sharesBetween(plan: Plan): { share: number; path: Finding['path'] }[] {
  const own = plan.switch.strategy === 'validation';
  const steps = plan.switch.steps.map(({ share }, index) => ({
    share,
    path: own ? ['switch', 'strategy'] : ['switch', 'steps', index, 'share'],
  }));
  return [...validationShares(plan), ...steps].filter(({ share }) => share > 0 && share < 100);
}

/** As for one record per colour; with several of them, the router itself refuses what it cannot give. */
function unequalShares(plan: Plan, highestWeight: number | null): Finding[] {
  if (highestWeight === null) return [];
  return sharesBetween(plan)
    .filter(({ share }) => smallestPair(weightsOf(share), highestWeight) === null)
    .map(({ share, path }) =>
      finding(
        path,
        `No weights from 0 to ${highestWeight} of \`${plan.router.kind}\` give ${share} %.`,
        `Write ${nearestShares(share, highestWeight).join(' or ')}.`,
      ),
    );
}

function weightsOf(share: number): Weights {
  return { blue: Number((100 - share).toFixed(2)), green: share };
}

function partialShares(plan: Plan): Finding[] {
  return sharesBetween(plan).map(({ share, path }) =>
    finding(
      path,
      `\`${plan.router.kind}\` knows 0 % and 100 % only, not ${share} %.`,
      'Write 0 or 100, or use a weighted router.',
    ),
  );
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_ROUTER', path, message, hint };
}
