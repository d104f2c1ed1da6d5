/** What the schema accepts and this version cannot run: `validate` warns of it, `start` refuses it. */
import { findDescriptor } from '../adapters.ts';
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';

export function findNotBuilt(plan: Plan): Finding[] {
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
