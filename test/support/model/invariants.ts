/** The ten invariants of a deployment, and that it ends, as checks of what a run was seen to do. */
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import { endingChecks } from './invariants/ending.ts';
import { rollbackChecks } from './invariants/rollback.ts';
import { safetyChecks } from './invariants/safety.ts';
import { workChecks } from './invariants/scheduled-work.ts';
import { watchingChecks } from './invariants/watching.ts';
import type { ModelWorld, Write } from './model-world.ts';
import type { Closed, UpdateState } from './server.ts';
import type { Turn } from './workflow-run.ts';

/** One workflow task. */
export interface Seen {
  atMs: number;
  /** The status before it; null: the run began with it. */
  before: DeploymentStatus | null;
  after: DeploymentStatus;
  turns: Turn[];
}

export interface End {
  closed: Closed | null;
  status: DeploymentStatus | null;
  /** The last status of every run of the chain. */
  statuses: DeploymentStatus[];
  updates: UpdateState[];
}

/** Each answers with what does not hold, by the invariant's name. */
export interface Checker {
  seen?(seen: Seen): string[];
  /** `status`: as of the last task. */
  written?(write: Write, status: DeploymentStatus | null): string[];
  end?(end: End): string[];
}

export function checkers(world: ModelWorld): Checker[] {
  return [
    ...safetyChecks(world),
    ...rollbackChecks(world),
    ...workChecks(world),
    ...watchingChecks(),
    ...endingChecks(world),
  ];
}
