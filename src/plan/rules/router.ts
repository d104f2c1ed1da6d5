/** What the router cannot do is refused when the plan is read. */
import { findDescriptor, type RouterDescriptor } from '../adapters.ts';
import { formatDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';
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

function sharesBeyond(plan: Plan, { kind, partial_traffic, smallest_share: least }: RouterDescriptor): Finding[] {
  const partial = sharesOf(plan).filter(({ share }) => share > 0 && share < 100);
  if (!partial_traffic) {
    return partial.map(({ share, path }) =>
      finding(
        path,
        `\`${kind}\` knows 0 % and 100 % only, not ${share} %.`,
        'Write 0 or 100, or use a weighted router.',
      ),
    );
  }
  const tooSmall = partial.filter(({ share }) => Math.min(share, 100 - share) < least);
  return tooSmall.map(({ share, path }) =>
    finding(path, `\`${kind}\` gives no colour less than ${least} %: not ${share} %.`, `Write ${least} or more.`),
  );
}

function sharesOf(plan: Plan): { share: number; path: Finding['path'] }[] {
  const own = plan.switch.strategy === 'validation';
  const steps = plan.switch.steps.map(({ share }, index) => ({
    share,
    path: own ? ['switch', 'strategy'] : ['switch', 'steps', index, 'share'],
  }));
  return [...validationShares(plan), ...steps];
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_ROUTER', path, message, hint };
}
