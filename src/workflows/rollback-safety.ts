/** When data makes a rollback unsafe: the plan's `rollback_safe_until`. */
import { sleep } from '@temporalio/workflow';
import { formatDuration } from '../plan/duration.ts';
import { tell } from './journal.ts';
import type { Run } from './run.ts';

/** A timer that people see, at whose end they are told that going back needs force from now on. */
export function announceUnsafety(run: Run): void {
  const safety = run.plan.rollback_safe_until;
  if (safety?.kind !== 'after_switch') return;
  sleep(safety.duration_ms, { summary: 'until here a rollback is safe' })
    .then(() => tell(run, 'Rollback needs force', unsafeSince(safety.duration_ms)))
    .catch(() => undefined);
}

/** Why a rollback needs `force` now, for people; null: it does not. */
export function unsafeRollback(run: Run): string | null {
  const safety = run.plan.rollback_safe_until;
  if (safety === null) return null;
  if (safety.kind === 'phase') {
    const begun = run.phases[safety.phase].startedAtMs !== null;
    return begun ? `data makes a rollback unsafe since ${safety.phase.replaceAll('_', ' ')} began` : null;
  }
  if (run.fullAtMs === null || Date.now() < run.fullAtMs + safety.duration_ms) return null;
  return unsafeSince(safety.duration_ms);
}

function unsafeSince(afterMs: number): string {
  return `data makes a rollback unsafe ${formatDuration(afterMs)} after all traffic had moved`;
}
