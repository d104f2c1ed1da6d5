/** Runs become deployments: a lease that is a run of its own belongs to the run that it continues from. */
import type { DeploymentSummary } from './summary.ts';

export interface ListedRun {
  summary: DeploymentSummary;
  isLease: boolean;
}

export interface Fold {
  /** Of leases whose first run has not been met yet: what is known of them. */
  unfinished: Map<string, DeploymentSummary>;
  deployments: DeploymentSummary[];
}

/** `runs` are newest first, and so are the deployments. A lease without its first run counts as a deployment. */
export function foldLeases(runs: readonly ListedRun[]): Fold {
  const unfinished = new Map<string, DeploymentSummary>();
  const deployments: DeploymentSummary[] = [];
  for (const { summary, isLease } of runs) {
    const lease = unfinished.get(summary.workflow_id);
    if (lease === undefined) {
      const shown = ended(summary);
      deployments.push(shown);
      if (isLease) unfinished.set(summary.workflow_id, shown);
    } else if (!isLease) {
      beginWith(lease, summary);
      unfinished.delete(summary.workflow_id);
    }
  }
  deployments.sort((one, other) => other.started_at.localeCompare(one.started_at));
  return { unfinished, deployments };
}

/** The lease's summary becomes the whole deployment's. */
export function beginWith(lease: DeploymentSummary, first: DeploymentSummary): void {
  lease.started_at = first.started_at;
  lease.version ??= first.version;
  lease.started_by ??= first.started_by;
  lease.outcome ??= first.outcome;
}

/** What continued as anything but a lease, which would have been met before, has been taken over. */
function ended(summary: DeploymentSummary): DeploymentSummary {
  if (summary.execution !== 'continued_as_new') return { ...summary };
  return { ...summary, execution: 'taken_over', phase: 'closed' };
}
