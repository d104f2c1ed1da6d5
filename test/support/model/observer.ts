/** Sees every workflow task and every write, and has the invariants checked. */
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import type { Checker, End, Seen } from './invariants.ts';
import type { ModelWorld } from './model-world.ts';
import type { Turn } from './workflow-run.ts';

export interface Observer {
  readonly problems: string[];
  /** The last status of every run of the chain. */
  readonly statuses: DeploymentStatus[];
  /** Null: no task has been done yet. */
  readonly status: DeploymentStatus | null;
  /** Tells whether a phase began. */
  tasked(turns: Turn[], after: DeploymentStatus, atMs: number): boolean;
  /** Has the writes checked that are new. */
  looked(): void;
  ended(end: Omit<End, 'status' | 'statuses'>): void;
}

export function createObserver(world: ModelWorld, checks: Checker[]): Observer {
  const problems: string[] = [];
  const statuses: DeploymentStatus[] = [];
  let status: DeploymentStatus | null = null;
  let seenWrites = 0;
  return {
    problems,
    statuses,
    get status() {
      return status;
    },
    tasked(turns, after, atMs) {
      const isSameRun = status?.run_id === after.run_id;
      if (isSameRun) statuses.pop();
      statuses.push(after);
      const seen: Seen = { atMs, before: isSameRun ? status : null, after, turns };
      for (const check of checks) problems.push(...(check.seen?.(seen) ?? []));
      const isNewPhase = status?.phase !== after.phase;
      status = after;
      return isNewPhase;
    },
    looked() {
      for (const write of world.writes.slice(seenWrites)) {
        for (const check of checks) problems.push(...(check.written?.(write, status) ?? []));
      }
      seenWrites = world.writes.length;
    },
    ended(end) {
      for (const check of checks) problems.push(...(check.end?.({ ...end, status, statuses }) ?? []));
    },
  };
}
