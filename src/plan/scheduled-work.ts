import type { Plan } from './types.ts';

/** Whether the plan names work that only the active colour may run. */
export function movesScheduledWork({ platform }: Pick<Plan, 'platform'>): boolean {
  return platform.kind === 'kubernetes' && 'active_only' in platform && platform.active_only !== undefined;
}
