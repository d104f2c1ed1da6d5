/** What the router cannot do is refused when the plan is read. */
import { findDescriptor, type RouterDescriptor } from '../adapters.ts';
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
  const found = sharesBeyond(plan, descriptor);
  if (floorMs === null || plan.switch.deadline_ms >= floorMs) return found;
  const deadline = formatDuration(plan.switch.deadline_ms);
  const floor = formatDuration(floorMs);
  const message = `The deadline of ${deadline} cannot hold: \`${plan.router.kind}\` takes at least ${floor} to converge.`;
  return [...found, finding(['switch', 'deadline'], message, `Write ${floor} or more, or make the router faster.`)];
}

function sharesBeyond(plan: Plan, descriptor: RouterDescriptor): Finding[] {
  const { kind, partial_traffic, smallest_share: least, highest_weight: highest } = descriptor;
  const partial = sharesBetween(plan);
  if (!partial_traffic) {
    return partial.map(({ share, path }) =>
      finding(
        path,
        `\`${kind}\` knows 0 % and 100 % only, not ${share} %.`,
        'Write 0 or 100, or use a weighted router.',
      ),
    );
  }
  if (highest !== null) return partial.flatMap((one) => unequalShare(kind, one, highest));
  const tooSmall = partial.filter(({ share }) => Math.min(share, 100 - share) < least);
  return tooSmall.map(({ share, path }) =>
    finding(path, `\`${kind}\` gives no colour less than ${least} %: not ${share} %.`, `Write ${least} or more.`),
  );
}

interface WrittenShare {
  share: number;
  path: Finding['path'];
}

/** As for one record per colour; with several of them, the router itself refuses what it cannot give. */
function unequalShare(kind: string, { share, path }: WrittenShare, highest: number): Finding[] {
  if (smallestPair(weightsOf(share), highest) !== null) return [];
  const message = `No weights from 0 to ${highest} of \`${kind}\` give ${share} %.`;
  return [finding(path, message, `Write ${nearestShares(share, highest).join(' or ')}.`)];
}

function weightsOf(share: number): Weights {
  return { blue: Number((100 - share).toFixed(2)), green: share };
}

/** Between 0 % and 100 %, with where each was written. */
function sharesBetween(plan: Plan): WrittenShare[] {
  const own = plan.switch.strategy === 'validation';
  const steps = plan.switch.steps.map(({ share }, index) => ({
    share,
    path: own ? ['switch', 'strategy'] : ['switch', 'steps', index, 'share'],
  }));
  return [...validationShares(plan), ...steps].filter(({ share }) => share > 0 && share < 100);
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_ROUTER', path, message, hint };
}
