/** What the schema accepts and this version cannot run: `validate` warns of it, `start` refuses it. */
import { findDescriptor } from '../adapters.ts';
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';

export function findNotBuilt(plan: Plan): Finding[] {
  return [...adapters(plan), ...features(plan)];
}

function adapters(plan: Plan): Finding[] {
  const named = [
    { role: 'platform', kind: plan.platform.kind, instead: 'local' },
    { role: 'router', kind: plan.router.kind, instead: 'local' },
    { role: 'metrics', kind: plan.metrics.kind, instead: 'scrape' },
  ] as const;
  return named
    .filter(({ role, kind }) => findDescriptor(role, kind)?.built === false)
    .map(({ role, kind, instead }) => ({
      code: 'CUTOVER_ADAPTER_NOT_BUILT',
      path: [role, kind],
      message: `\`${role}: ${kind}\` is valid, but this version does not have that adapter.`,
      hint: `Use \`${role}: ${instead}\`.`,
    }));
}

function features(plan: Plan): Finding[] {
  const used = [
    { used: plan.require_parity, path: ['require_parity'], what: 'comparing the colours' },
    { used: plan.lease.shrink_to_percent !== null, path: ['lease', 'shrink_to'], what: 'shrinking the kept colour' },
    { used: plan.switch.strategy === 'validation', path: ['switch', 'strategy'], what: 'the strategy `validation`' },
  ];
  return used
    .filter((feature) => feature.used)
    .map(({ path, what }) => ({
      code: 'CUTOVER_FEATURE_NOT_BUILT',
      path,
      message: `\`${path.join('.')}\` is valid, but this version does not have ${what}.`,
      hint: 'Leave it out.',
    }));
}
